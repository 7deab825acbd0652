use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The metadata key that holds the answer.
    #[serde(default = "default_key")]
    pub key: String,
    /// How the reply's text is compared with it.
    pub how: How,
}

/// How a text is compared with the expected one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Byte for byte.
    Exact,
    /// But for case, spacing and the marks around it.
    Normalised,
    /// By the last number in the text: `1,234.0` is `1234`.
    Number,
    /// The text contains it, as whole words.
    Contains,
    /// By what the pattern's first group (or whole match) last found in each; numbers as numbers.
    Regex(String),
}

fn default_key() -> String {
    "expected".to_owned()
}
