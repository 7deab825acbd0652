//! How much of two lists is common and in the same order: of the items of the reply and of the
//! reference, twice the longest common sequence of all (F1).
//!
//! ```toml
//! scorers = [{ kind = "list_f1" }]
//! scorers = [{ kind = "list_f1", separator = " > ", pass_at = 1.0 }]
//! ```
//!
//! Items are those of `set_f1`; here their order and number count. It abstains where the
//! reference's text is empty.

mod config;

pub use config::Config;

use super::{Agreement, check_pass_at, text_of};
use crate::{
    items::{self, ITEMS_MAX},
    score::Word,
    sequence::Pair,
};
use exchange::Reply;

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 3;

pub(crate) struct Scorer(Config);

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    check_pass_at(config.pass_at)?;
    items::check_separator(config.separator.as_deref())?;
    Ok(Scorer(config.clone()))
}

impl Agreement for Scorer {
    fn score(&self, reply: &Reply, reference: &Reply) -> Word {
        let items = |reply| items::of(text_of(reply), self.0.separator.as_deref());
        let Some(theirs) = items(reference) else {
            return Word::abstain("the reference's text has no items");
        };
        let ours = items(reply).unwrap_or_default();
        if ours.len().max(theirs.len()) > ITEMS_MAX {
            return Word::abstain(format!("more than {ITEMS_MAX} items"));
        }
        let Ok(pair) = Pair::new(ours.iter(), theirs.iter()) else {
            return Word::abstain(format!("more than {ITEMS_MAX} items"));
        };
        let common = pair.common();
        let value = items::f1(common, ours.len(), theirs.len());
        Word::graded(value, self.0.pass_at, || {
            format!("{common} items of {} and {} are in order", ours.len(), theirs.len())
        })
    }
}
