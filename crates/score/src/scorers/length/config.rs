use crate::text::Unit;
use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is counted: `chars`, `words` or `lines`.
    #[serde(default)]
    pub unit: Unit,
    /// At least so many.
    #[serde(default)]
    pub min: usize,
    /// At most so many.
    #[serde(default)]
    pub max: Option<usize>,
}
