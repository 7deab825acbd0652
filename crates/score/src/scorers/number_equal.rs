//! The last number in the text is the reference's.
//!
//! ```toml
//! scorers = [{ kind = "number_equal", tolerance = 0.01 }]
//! ```
//!
//! It abstains where the reference's text has no number.

mod config;

pub use config::Config;

use super::{Agreement, text_of};
use crate::{number::Number, score::Word};
use exchange::Reply;

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;

pub(crate) struct Scorer {
    tolerance: f64,
}

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    let tolerance = config.tolerance;
    if !(0.0..1.0).contains(&tolerance) {
        return Err(format!("`tolerance` is {tolerance}: write a share from 0 to below 1"));
    }
    Ok(Scorer { tolerance })
}

impl Agreement for Scorer {
    fn score(&self, reply: &Reply, reference: &Reply) -> Word {
        let Some(wanted) = Number::last_in(text_of(reference)) else {
            return Word::abstain("the reference's text has no number");
        };
        match Number::last_in(text_of(reply)) {
            None => Word::fail("no number where the reference has one"),
            Some(found) => Word::when(found == wanted || self.is_near(&found, &wanted), || {
                "another number than the reference's".to_owned()
            }),
        }
    }
}

impl Scorer {
    fn is_near(&self, found: &Number, wanted: &Number) -> bool {
        let (found, wanted) = (found.approximate(), wanted.approximate());
        self.tolerance > 0.0 && (found - wanted).abs() <= self.tolerance * wanted.abs()
    }
}
