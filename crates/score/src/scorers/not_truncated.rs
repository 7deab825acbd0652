//! The reply is whole: it ended as the dialect says it must, and no token limit cut it.
//!
//! ```toml
//! scorers = [{ kind = "not_truncated" }]
//! ```

mod config;

pub use config::Config;

use super::Absolute;
use crate::{score::Word, text::quoted};
use exchange::{Call, FinishReason, Reply};

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;

pub(crate) struct Scorer;

pub(crate) fn compile(_config: &Config) -> Result<Scorer, String> {
    Ok(Scorer)
}

impl Absolute for Scorer {
    fn score(&self, _call: &Call, reply: &Reply) -> Word {
        if let Some(error) = &reply.error {
            return Word::fail(format!("ended in an error: {}", quoted(error)));
        }
        if reply.finish_reason == Some(FinishReason::Length) {
            return Word::fail("the token limit cut the reply");
        }
        Word::when(reply.complete, || "the reply did not end".to_owned())
    }
}
