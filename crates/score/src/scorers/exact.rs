//! The same text and the same tool calls as the reference's, byte for byte.
//!
//! ```toml
//! scorers = [{ kind = "exact" }]
//! ```

mod config;

pub use config::Config;

use super::{Agreement, text_of};
use crate::{score::Word, text::quoted};
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
        if ours != theirs {
            return Word::fail(format!("{} instead of {}", quoted(ours), quoted(theirs)));
        }
        Word::when(reply.tool_calls == reference.tool_calls, || "other tool calls".to_owned())
    }
}
