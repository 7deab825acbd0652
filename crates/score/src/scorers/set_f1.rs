//! How much of two sets is common: of the items of the reply and of the reference, whatever their
//! order and however often each stands there, twice the common ones of all (F1).
//!
//! ```toml
//! scorers = [{ kind = "set_f1" }]
//! scorers = [{ kind = "set_f1", separator = ";", pass_at = 0.8 }]
//! ```
//!
//! Items are the elements of a JSON array, in a code fence or not, or else what stands between
//! separators: line breaks, and in a text of one line commas. Marks of a list, case, spacing and
//! the spelling of numbers say nothing. It abstains where the reference's text is empty.

mod config;

pub use config::Config;

use super::{Agreement, check_pass_at, text_of};
use crate::{
    items::{self, ITEMS_MAX},
    score::Word,
    text::quoted,
};
use exchange::Reply;
use foldhash::fast::RandomState;
use std::collections::HashSet;

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
        let (ours, theirs) = (set(&ours), set(&theirs));
        let common = ours.intersection(&theirs).count();
        let value = items::f1(common, ours.len(), theirs.len());
        Word::graded(value, self.0.pass_at, || {
            let example = match (theirs.difference(&ours).min(), ours.difference(&theirs).min()) {
                (Some(missing), _) => format!("{} is missing", quoted(missing)),
                (None, Some(more)) => format!("{} is too much", quoted(more)),
                (None, None) => String::new(),
            };
            format!("{common} items of {} and {} are common; {example}", ours.len(), theirs.len())
        })
    }
}

fn set(items: &[String]) -> HashSet<&str, RandomState> {
    items.iter().map(String::as_str).collect()
}
