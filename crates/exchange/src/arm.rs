use serde::{Deserialize, Serialize};

/// One side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arm {
    /// The model that the client asked for.
    Reference,
    /// A second, independent reply of the reference to the same call: it measures the noise floor.
    Control,
    /// A cheaper model on trial.
    Candidate,
}

impl Arm {
    /// The arm's name in tables and on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Control => "control",
            Self::Candidate => "candidate",
        }
    }
}
