//! What was not said to a candidate as its callers said it.
//!
//! A candidate of another dialect is put translated calls, live as in shadow: what a translation
//! loses is in its evidence like everything else, and its quality was reached without it. So losses
//! are allowed unless a pipeline refuses them; a field of which no scorer sees the effect (an end
//! user's name, a seed, a setting of safety) is the reason to. Where they are refused, that is call by
//! call: one that would lose something is ineligible for the candidate, live the reference serves it,
//! and its share of the traffic is a blind spot. The evidence then speaks of the others alone.

use serde::Serialize;

/// No more of what was lost is told of one cell than this, the most frequent first.
pub const LOST_MAX: usize = 8;

/// What a translation that loses a part of the call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossyTranslation {
    /// The candidate may serve such calls: what was lost is in its evidence.
    Allowed,
    /// No candidate is asked them, in shadow or live; the gate holds a cell that has any nevertheless.
    Refused,
}

impl LossyTranslation {
    /// Every meaning.
    pub const ALL: [Self; 2] = [Self::Allowed, Self::Refused];

    /// The word in pipelines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allow",
            Self::Refused => "refuse",
        }
    }
}

/// How the calls of a cell were said to its candidate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Translations {
    /// Calls that were put to it, answered or not.
    pub asked: u64,
    /// Those of them whose translation lost something.
    pub lossy: u64,
    /// What was lost, the most frequent first: at most [`LOST_MAX`].
    pub lost: Vec<Lost>,
}

/// A part of calls that a candidate did not get as it was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// What became of it and its name, as in `shadows.translation`: `dropped seed`.
    pub what: String,
    /// Calls that lost it.
    pub calls: u64,
}

impl Translations {
    /// The share of the calls that lost something; `None` where none was put to the candidate.
    #[must_use]
    pub fn lossy_share(&self) -> Option<f64> {
        (self.asked > 0).then(|| self.lossy as f64 / self.asked as f64)
    }

    /// What was lost, in words: `dropped seed (12), approximated developer (3)`.
    #[must_use]
    pub fn lost_in_words(&self) -> String {
        let words = |lost: &Lost| format!("{} ({})", lost.what, lost.calls);
        self.lost.iter().map(words).collect::<Vec<_>>().join(", ")
    }
}
