use crate::{
    schema::{Draft, Formats, Strictness},
    spec::is_default,
};
use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether some tool must be called: `optional` or `required`.
    #[serde(default)]
    pub calls: Calls,
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

/// Whether some tool must be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calls {
    /// Not to call any is the model's choice.
    #[default]
    Optional,
    /// At least one must be.
    Required,
}
