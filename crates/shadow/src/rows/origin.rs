use serde::{Deserialize, Serialize};

/// What a row was made for, if not for a call as it passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// To score stored replies anew: evidence, in an epoch that pays for it.
    Rescore,
    /// To put stored calls to a candidate: for comparing, never before a gate.
    Replay,
    /// To put a case of the pipeline to a model: neither traffic nor evidence.
    Golden,
    /// To put a frozen pair to its judge again: neither traffic nor evidence.
    Anchor,
}

impl Origin {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rescore => "rescore",
            Self::Replay => "replay",
            Self::Golden => "golden",
            Self::Anchor => "anchor",
        }
    }
}
