use crate::document::Fence;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a pipeline sets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The schema; without it, the one that the call asks for.
    #[serde(default)]
    pub schema: Option<Value>,
    /// Whether the JSON may come in a code fence.
    #[serde(default)]
    pub fence: Fence,
}
