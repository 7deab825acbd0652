use crate::document::inside_fence;
use serde::Deserialize;

/// A judge's word is not longer than this.
pub const WORD_BYTES_MAX: usize = 64 << 10;

/// What a judge said of a pair, in one order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeWord {
    /// Whether the reply that it read first is acceptable.
    pub first_acceptable: bool,
    /// Whether the other one is.
    pub second_acceptable: bool,
    /// Which one it likes better.
    pub preferred: Preferred,
    /// Why, in its own words.
    pub reason: String,
}

/// Which reply a judge likes better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preferred {
    /// The one that it read first.
    First,
    /// The other one.
    Second,
    /// Neither.
    Tie,
}

/// The judge's reply is not of the form that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the judge's reply is not the JSON that was asked for: {0}")]
pub struct Unparseable(String);

/// Reads a judge's reply: JSON of exactly the form asked for, bare or in one code fence.
///
/// # Errors
/// [`Unparseable`] for everything else, however near: a judge that adds prose or leaves a member
/// out has not followed the form, and what it meant is not ours to guess.
pub fn parse(text: &str) -> Result<JudgeWord, Unparseable> {
    if text.len() > WORD_BYTES_MAX {
        return Err(Unparseable(format!("longer than {WORD_BYTES_MAX} bytes")));
    }
    let text = text.trim();
    let json = inside_fence(text).unwrap_or(text);
    // A list of the right values in the right order would be read as the members, too.
    if !json.starts_with('{') {
        return Err(Unparseable("not an object".to_owned()));
    }
    serde_json::from_str(json).map_err(|error| Unparseable(error.to_string()))
}

/// The loss of each of two replies, A and B, from the word with A first and the word with B first:
/// `(loss of A, loss of B)`, each the share of orders in which it was not acceptable.
///
/// Both orders are needed; where one is missing, the judge has abstained.
#[must_use]
pub fn combine(a_first: &JudgeWord, b_first: &JudgeWord) -> (f64, f64) {
    let loss = |orders: [bool; 2]| {
        orders.into_iter().map(|acceptable| if acceptable { 0.0 } else { 0.5 }).sum()
    };
    (
        loss([a_first.first_acceptable, b_first.second_acceptable]),
        loss([a_first.second_acceptable, b_first.first_acceptable]),
    )
}
