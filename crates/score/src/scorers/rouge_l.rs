//! How many words of the reply and of the reference are common, in the same order, gaps allowed:
//! ROUGE-L, as the harmonic mean of precision and recall (C.-Y. Lin, 2004), without stemming.
//!
//! ```toml
//! scorers = [{ kind = "rouge_l" }]
//! scorers = [{ kind = "rouge_l", pass_at = 0.6 }]
//! ```
//!
//! Words are runs of letters and digits, whatever their case; each kana and ideograph is one. It
//! abstains where the reference has no words, and on texts of more than 20,000.

mod config;

pub use config::Config;

use super::{Agreement, check_pass_at, text_of};
use crate::{
    items,
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
        let (ours, theirs) = (text_of(reply).to_lowercase(), text_of(reference).to_lowercase());
        let Ok(pair) = Pair::worded(&ours, &theirs) else {
            return Word::abstain(format!("more than {SEQUENCE_MAX} words"));
        };
        let (ours, theirs) = pair.lengths();
        if theirs == 0 {
            return Word::abstain("the reference has no words");
        }
        let common = pair.common();
        Word::graded(items::f1(common, ours, theirs), self.0.pass_at, || {
            format!("{common} words of {ours} and {theirs} are common, in order")
        })
    }
}
