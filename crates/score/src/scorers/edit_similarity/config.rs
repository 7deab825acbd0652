use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is edited: `words` or `chars`.
    #[serde(default)]
    pub unit: Edited,
    /// From which value on it passes; the value itself counts if it is not set.
    #[serde(default)]
    pub pass_at: Option<f64>,
}

/// What is edited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edited {
    /// Words: what stands between white space.
    #[default]
    Words,
    /// Unicode characters.
    Chars,
}
