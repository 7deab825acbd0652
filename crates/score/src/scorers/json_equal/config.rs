use crate::document::Fence;
use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// JSON pointers to what may differ.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// Whether the JSON may come in a code fence.
    #[serde(default)]
    pub fence: Fence,
}
