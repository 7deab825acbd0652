use crate::document::Fence;
use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is compared: tables of `at` (a JSON pointer), `tolerance`, `absolute`, `text`, `weight`.
    pub fields: Vec<Field>,
    /// Whether the JSON may come in a code fence: `allowed` or `refused`.
    #[serde(default)]
    pub fence: Fence,
    /// From which value on it passes; the value itself counts if it is not set.
    #[serde(default)]
    pub pass_at: Option<f64>,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// A JSON pointer to it; the empty one is the whole.
    pub at: String,
    /// How far apart two numbers may be, as a share of the reference's.
    #[serde(default)]
    pub tolerance: f64,
    /// How far apart two numbers may be, as a number.
    #[serde(default)]
    pub absolute: f64,
    /// How two texts are compared.
    #[serde(default)]
    pub text: Text,
    /// What it counts beside the others.
    #[serde(default = "default_weight")]
    pub weight: f64,
}

/// How two texts are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Text {
    /// Byte for byte.
    #[default]
    Exact,
    /// But for case, spacing and the marks around it.
    Normalised,
}

fn default_weight() -> f64 {
    1.0
}
