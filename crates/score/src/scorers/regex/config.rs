use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The regular expression; it may match anywhere unless it is anchored.
    pub pattern: String,
    /// Whether it shall match.
    #[serde(default)]
    pub want: Want,
}

/// Whether a pattern shall match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// It shall.
    #[default]
    Match,
    /// It shall not.
    NoMatch,
}
