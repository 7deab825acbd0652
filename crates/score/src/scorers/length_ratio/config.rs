use crate::text::Unit;
use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is counted: `chars`, `words` or `lines`.
    #[serde(default)]
    pub unit: Unit,
    /// At least so many times the reference's.
    #[serde(default)]
    pub min: f64,
    /// At most so many times the reference's.
    #[serde(default)]
    pub max: Option<f64>,
}
