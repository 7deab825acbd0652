use crate::Usage;
use serde::{Deserialize, Serialize};

/// A candidate that was asked for a live call, and whose reply the client did not get: it may have to be
/// paid all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unused {
    /// The candidate.
    pub candidate: String,
    /// Why its reply was of no use.
    pub why: Disuse,
    /// Its status; 0 where none arrived.
    pub status: u16,
    /// What it took. `None` where nobody knows: nothing of a reply arrived, or it was a refusal.
    pub usage: Option<Usage>,
    /// From when it was asked until it was given up, in microseconds.
    pub latency_us: u64,
}

impl Unused {
    /// Whether the provider refused the call, which it then does not charge for.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.status >= 300
    }
}

/// Why a client did not get a candidate's reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Disuse {
    /// It failed, came too late, or could not be told in the client's dialect: the reference answered.
    Failed,
    /// A content policy stopped it, and the reference answered.
    Blocked,
    /// The client hung up while the candidate was asked, so the reference never was.
    Abandoned,
}

impl Disuse {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Abandoned => "abandoned",
        }
    }
}
