//! A pattern matches the reply's text, or does not.
//!
//! ```toml
//! scorers = [{ kind = "regex", pattern = '^(yes|no)$' }]
//! scorers = [{ kind = "regex", pattern = '(?i)as an ai', want = "no_match" }]
//! ```

mod config;

pub use config::{Config, Want};

use super::{Absolute, pattern, text_of};
use crate::{score::Word, text::quoted};
use ::regex::Regex;
use exchange::{Call, Reply};

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;

pub(crate) struct Scorer {
    pattern: Regex,
    want: Want,
}

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    Ok(Scorer { pattern: pattern(&config.pattern)?, want: config.want })
}

impl Absolute for Scorer {
    fn score(&self, _call: &Call, reply: &Reply) -> Word {
        match (self.want, self.pattern.find(text_of(reply))) {
            (Want::Match, Some(_)) | (Want::NoMatch, None) => Word::pass(),
            (Want::Match, None) => {
                Word::fail(format!("nothing matches {}", quoted(self.pattern.as_str())))
            }
            (Want::NoMatch, Some(found)) => {
                Word::fail(format!("{} is not wanted", quoted(found.as_str())))
            }
        }
    }
}
