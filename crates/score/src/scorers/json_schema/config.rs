use crate::{
    document::Fence,
    schema::{Draft, Formats, Strictness},
    spec::is_default,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a pipeline sets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The schema; without it, the one that the call asks for.
    #[serde(default)]
    pub schema: Option<Value>,
    /// Whether the JSON may come in a code fence: `allowed` or `refused`.
    #[serde(default)]
    pub fence: Fence,
    /// The version of JSON Schema, whatever `$schema` says: `4`, `6`, `7`, `2019-09`, `2020-12`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub draft: Option<Draft>,
    /// What a schema is held to: `as_sent`, or `strict` as providers' strict modes are.
    #[serde(default, skip_serializing_if = "is_default")]
    pub strictness: Strictness,
    /// Whether `format` is checked: `by_draft`, `checked`, `ignored`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub formats: Formats,
}
