//! The reply's text is neither shorter nor longer than it may be.
//!
//! ```toml
//! scorers = [{ kind = "length", unit = "words", min = 20, max = 150 }]
//! ```

mod config;

pub use config::Config;

use super::{Absolute, text_of};
use crate::score::Word;
use exchange::{Call, Reply};

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;

pub(crate) struct Scorer(Config);

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    match (config.min, config.max) {
        (0, None) => Err("every text is that long: set `min` or `max`".to_owned()),
        (min, Some(max)) if min > max => {
            Err(format!("no text has at least {min} and at most {max}: swap `min` and `max`"))
        }
        (_, _) => Ok(Scorer(config.clone())),
    }
}

impl Absolute for Scorer {
    fn score(&self, _call: &Call, reply: &Reply) -> Word {
        let Self(Config { unit, min, max }) = self;
        let (length, unit) = (unit.of(text_of(reply)), unit.name());
        if length < *min {
            return Word::fail(format!("{length} {unit} where at least {min} are wanted"));
        }
        let most = max.unwrap_or(usize::MAX);
        Word::when(length <= most, || format!("{length} {unit} where at most {most} are wanted"))
    }
}
