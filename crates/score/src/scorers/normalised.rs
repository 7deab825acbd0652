//! The same text as the reference's but for case, spacing and the marks around it, and the same
//! tool calls but for the spelling of their JSON.
//!
//! ```toml
//! scorers = [{ kind = "normalised" }]
//! ```

mod config;

pub use config::Config;

use super::{
    Agreement, text_of,
    tool_calls_equal::{self, Order},
};
use crate::{
    score::Word,
    text::{normalised, quoted},
};
use exchange::Reply;

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;

pub(crate) struct Scorer;

pub(crate) fn compile(_config: &Config) -> Result<Scorer, String> {
    Ok(Scorer)
}

impl Agreement for Scorer {
    fn score(&self, reply: &Reply, reference: &Reply) -> Word {
        let (ours, theirs) = (text_of(reply), text_of(reference));
        if normalised(ours) != normalised(theirs) {
            return Word::fail(format!("{} instead of {}", quoted(ours), quoted(theirs)));
        }
        tool_calls_equal::compare(Order::Same, reply, reference)
    }
}
