use exchange::{Arm, NanoUsd};
use serde::Serialize;

/// One scorer's word on one reply: an element of `shadows.scores`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoreRow {
    /// Whose reply was scored.
    pub arm: Arm,
    /// The model on trial; null for another arm's reply.
    pub candidate: Option<String>,
    /// The scorer's name.
    pub scorer: String,
    /// Digest of its definition.
    pub scorer_digest: String,
    /// Which order or repeat, where there are several.
    pub trial: Option<String>,
    /// Schema, rule or judge.
    pub kind: &'static str,
    /// The score in [0, 1]; null where it abstained.
    pub value: Option<f64>,
    /// Whether it had nothing to say.
    pub abstained: bool,
    /// Why it said so.
    pub reason: Option<String>,
    /// What asking it cost; null where it was free or no price is known.
    pub cost_usd: Option<NanoUsd>,
}
