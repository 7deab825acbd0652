//! How little must be edited to make the reference's text of the reply's: 1 less the edits
//! (Levenshtein's: put in, leave out, replace) as a share of the longer text.
//!
//! ```toml
//! scorers = [{ kind = "edit_similarity" }]
//! scorers = [{ kind = "edit_similarity", unit = "chars", pass_at = 0.9 }]
//! ```
//!
//! Words are what stands between white space. Characters cost far more time than words: the work
//! grows with the square of the length. It abstains where the reference has no text, and beyond
//! 20,000 words or characters.

mod config;

pub use config::{Config, Edited};

use super::{Agreement, check_pass_at, text_of};
use crate::{
    score::Word,
    sequence::{Pair, SEQUENCE_MAX},
};
use exchange::Reply;

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;

pub(crate) struct Scorer(Config);

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    check_pass_at(config.pass_at)?;
    Ok(Scorer(config.clone()))
}

impl Agreement for Scorer {
    fn score(&self, reply: &Reply, reference: &Reply) -> Word {
        let (ours, theirs) = (text_of(reply), text_of(reference));
        let (pair, unit) = match self.0.unit {
            Edited::Words => {
                (Pair::new(ours.split_whitespace(), theirs.split_whitespace()), "words")
            }
            Edited::Chars => (Pair::new(ours.chars(), theirs.chars()), "characters"),
        };
        let Ok(pair) = pair else {
            return Word::abstain(format!("more than {SEQUENCE_MAX} {unit}"));
        };
        let (ours, theirs) = pair.lengths();
        if theirs == 0 {
            return Word::abstain("the reference has no text");
        }
        let edits = pair.edits();
        let value = 1.0 - edits as f64 / ours.max(theirs) as f64;
        Word::graded(value, self.0.pass_at, || format!("{edits} of {theirs} {unit} are edited"))
    }
}
