//! The reply's text is about as long as the reference's.
//!
//! ```toml
//! scorers = [{ kind = "length_ratio", unit = "words", min = 0.5, max = 2.0 }]
//! ```
//!
//! It abstains where the reference has no text.

mod config;

pub use config::Config;

use super::{Agreement, text_of};
use crate::score::Word;
use exchange::Reply;

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;

pub(crate) struct Scorer(Config);

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    let Config { min, max, .. } = config;
    let is_sound = |ratio: f64| (0.0..f64::INFINITY).contains(&ratio);
    if !is_sound(*min) || !max.is_none_or(is_sound) {
        return Err("`min` and `max` are ratios: write numbers from 0".to_owned());
    }
    match max {
        None if *min == 0.0 => Err("every text is that long: set `min` or `max`".to_owned()),
        Some(max) if min > max => {
            Err(format!("no ratio is at least {min} and at most {max}: swap `min` and `max`"))
        }
        None | Some(_) => Ok(Scorer(config.clone())),
    }
}

impl Agreement for Scorer {
    fn score(&self, reply: &Reply, reference: &Reply) -> Word {
        let Self(Config { unit, min, max }) = self;
        let (ours, theirs) = (unit.of(text_of(reply)), unit.of(text_of(reference)));
        if theirs == 0 {
            return Word::abstain("the reference has no text");
        }
        let ratio = ours as f64 / theirs as f64;
        let holds = ratio >= *min && max.is_none_or(|max| ratio <= max);
        Word::when(holds, || format!("{ours} {} where the reference has {theirs}", unit.name()))
    }
}
