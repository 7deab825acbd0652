//! How little must be edited to make the reference's text of the reply's: 1 less the edits
//! (Levenshtein's: put in, leave out, replace) as a share of the longer text.
//!
//! ```toml
//! scorers = [{ kind = "edit_similarity" }]
//! scorers = [{ kind = "edit_similarity", unit = "chars", pass_at = 0.9 }]
//! ```
//!
//! Words are what stands between white space. Characters cost up to ten times as much time as words:
//! the work grows with the length and with how much is edited. `pass_at` bounds it, because edits are
//! counted only as far as they can matter, and not at all where the words, or the pairs of neighbouring
//! characters, that only one text has already say that there are more. It abstains where the reference
//! has no text, and beyond 20,000 words or characters.

mod config;

pub use config::{Config, Edited};

use super::{Agreement, check_pass_at, text_of};
use crate::{
    score::Word,
    sequence::{Edits, Pair, SEQUENCE_MAX, character_edits},
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
        match self.0.unit {
            Edited::Words => {
                let Ok(pair) = Pair::spaced(ours, theirs) else { return too_long("words") };
                self.word("words", pair.lengths(), |most| pair.edits(most))
            }
            Edited::Chars => {
                let lengths = (ours.chars().count(), theirs.chars().count());
                if lengths.0.max(lengths.1) > SEQUENCE_MAX {
                    return too_long("characters");
                }
                self.word("characters", lengths, |most| character_edits(ours, theirs, most))
            }
        }
    }
}

impl Scorer {
    fn word(
        &self,
        unit: &str,
        (ours, theirs): (usize, usize),
        edits: impl FnOnce(usize) -> Edits,
    ) -> Word {
        if theirs == 0 {
            return Word::abstain("the reference has no text");
        }
        let longer = ours.max(theirs);
        match edits(self.edits_max(longer)) {
            Edits::Exactly(edits) => {
                let value = 1.0 - edits as f64 / longer as f64;
                Word::graded(value, self.0.pass_at, || {
                    format!("{edits} of {theirs} {unit} are edited")
                })
            }
            Edits::MoreThan(most) => {
                Word::fail(format!("more than {most} of {theirs} {unit} are edited"))
            }
        }
    }

    /// As many edits as matter: with more, no text passes that must pass at some value. One more than
    /// that, so that what floats lose decides nothing.
    fn edits_max(&self, longer: usize) -> usize {
        match self.0.pass_at {
            None => longer,
            Some(least) => longer.min(((1.0 - least) * longer as f64) as usize + 1),
        }
    }
}

fn too_long(unit: &str) -> Word {
    Word::abstain(format!("more than {SEQUENCE_MAX} {unit}"))
}
