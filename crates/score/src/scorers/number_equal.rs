//! The last number in the text is the reference's.
//!
//! ```toml
//! scorers = [{ kind = "number_equal" }]
//! scorers = [{ kind = "number_equal", tolerance = 0.01 }]
//! scorers = [{ kind = "number_equal", absolute = 0.5 }]
//! ```
//!
//! Numbers are read as `expected` reads them and compared digit by digit, however long; they may
//! differ by `tolerance` (a share of the reference's) or `absolute`, whichever allows more.
//!
//! It abstains where the reference's text has no number.

mod config;

pub use config::Config;

use super::{Agreement, text_of};
use crate::{
    number::{Number, Tolerance},
    score::Word,
};
use exchange::Reply;

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 4;

pub(crate) struct Scorer(Tolerance);

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    Tolerance::new(config.tolerance, config.absolute).map(Scorer)
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
        self.0.allows(found.approximate(), wanted.approximate())
    }
}
