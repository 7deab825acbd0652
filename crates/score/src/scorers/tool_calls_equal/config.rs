use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether the calls must come in the reference's order.
    #[serde(default)]
    pub order: Order,
}

/// Whether calls must come in the reference's order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// In any: calls of one reply are made side by side.
    #[default]
    Any,
    /// In the same.
    Same,
}
