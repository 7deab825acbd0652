use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Phrases that must all be there.
    #[serde(default)]
    pub all: Vec<String>,
    /// Phrases of which one must be there.
    #[serde(default)]
    pub any: Vec<String>,
    /// Phrases that must not be there.
    #[serde(default)]
    pub none: Vec<String>,
    /// Whether upper and lower case differ.
    #[serde(default)]
    pub case: Case,
}

/// Whether upper and lower case differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Case {
    /// They do.
    #[default]
    Heeded,
    /// They do not.
    Ignored,
}
