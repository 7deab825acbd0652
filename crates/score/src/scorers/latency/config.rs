use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// At most so many milliseconds.
    pub max_ms: u64,
}
