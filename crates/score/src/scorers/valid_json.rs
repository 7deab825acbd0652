//! The reply's text is one JSON document.
//!
//! ```toml
//! scorers = [{ kind = "valid_json", fence = "refused" }]
//! ```

mod config;

pub use config::Config;

use super::{Absolute, text_of};
use crate::score::Word;
use exchange::{Call, Reply};
use serde::de::IgnoredAny;

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;

pub(crate) struct Scorer(Config);

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    Ok(Scorer(config.clone()))
}

impl Absolute for Scorer {
    fn score(&self, _call: &Call, reply: &Reply) -> Word {
        // Nothing is built from the text, so neither depth nor size of numbers matters.
        match serde_json::from_str::<IgnoredAny>(self.0.fence.strip(text_of(reply))) {
            Ok(_) => Word::pass(),
            Err(error) => Word::fail(format!("not JSON: {error}")),
        }
    }
}
