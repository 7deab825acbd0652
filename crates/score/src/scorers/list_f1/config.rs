use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What stands between items; line breaks, or commas in a text of one line, if it is not set.
    #[serde(default)]
    pub separator: Option<String>,
    /// From which value on it passes; the value itself counts if it is not set.
    #[serde(default)]
    pub pass_at: Option<f64>,
}
