use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The languages that the reply may be in; that of the call if none is set.
    #[serde(default)]
    pub any_of: Vec<String>,
    /// The languages that are told apart; all that are known if none is set.
    #[serde(default)]
    pub among: Vec<String>,
}
