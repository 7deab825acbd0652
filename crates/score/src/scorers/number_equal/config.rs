use crate::spec::is_default;
use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How far apart the numbers may be, as a share of the reference's; 0 compares exactly.
    #[serde(default)]
    pub tolerance: f64,
    /// How far apart the numbers may be, as a number.
    #[serde(default, skip_serializing_if = "is_default")]
    pub absolute: f64,
}
