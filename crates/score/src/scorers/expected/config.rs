use crate::spec::ScorerSpec;
use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The metadata key that holds the answer.
    #[serde(default = "default_key")]
    pub key: String,
    /// How the reply is compared with it: `exact`, `normalised`, `number`, `contains`, `{ regex = … }`,
    /// `{ like = … }`.
    pub how: How,
}

/// How a text is compared with the expected one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Byte for byte.
    Exact,
    /// But for case, spacing and the marks around it.
    Normalised,
    /// By the last number in the text: `1,234.0` is `1234`, and `1/2` is `0.5`.
    Number,
    /// The text contains it, as whole words.
    Contains,
    /// By what the pattern's first group (or whole match) last found in each; numbers as numbers.
    Regex(String),
    /// As a scorer compares with a reference that had said it.
    Like(Box<ScorerSpec>),
}

fn default_key() -> String {
    "expected".to_owned()
}
