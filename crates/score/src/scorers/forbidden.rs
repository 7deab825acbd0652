//! The reply's text holds nothing that it must not: no words of a list, no pattern, nothing of
//! some classes that are often leaked.
//!
//! ```toml
//! scorers = [{ kind = "forbidden", classes = ["secret", "card_number", "hidden"], words = ["guaranteed return"] }]
//! ```
//!
//! `words` are whole ones, whatever their case. Classes: `secret` (keys and tokens by the forms of
//! their providers, private keys), `email`, `phone` (international form), `card_number` (13 to 19
//! digits whose check digit is right), `iban` (whose check digits are right), `hidden` (control
//! characters other than tab and line breaks, and characters that turn or join text unseen).

mod class;
mod config;

pub use config::{Class, Config};

use super::{Absolute, pattern, text_of};
use crate::{score::Word, text::quoted};
use ::regex::Regex;
use class::Finder;
use exchange::{Call, Reply};

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;
/// No list is longer.
const ENTRIES_MAX: usize = 256;

pub(crate) struct Scorer {
    patterns: Vec<Regex>,
    finders: Vec<(Class, Finder)>,
}

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    let Config { words, patterns, classes } = config;
    if words.is_empty() && patterns.is_empty() && classes.is_empty() {
        return Err("nothing is forbidden: set `words`, `patterns` or `classes`".to_owned());
    }
    if words.len().max(patterns.len()) > ENTRIES_MAX {
        return Err(format!("a list has more than {ENTRIES_MAX} entries: name fewer"));
    }
    if words.iter().any(|word| word.trim().is_empty()) {
        return Err("every text holds an empty word: remove it".to_owned());
    }
    let given = patterns.iter().map(|text| pattern(text));
    let patterns = words.iter().map(|word| pattern(&whole(word))).chain(given);
    let finder = |class: &Class| Ok((*class, Finder::new(*class)?));
    Ok(Scorer {
        patterns: patterns.collect::<Result<_, String>>()?,
        finders: classes.iter().map(finder).collect::<Result<_, String>>()?,
    })
}

/// A pattern of the word as a whole, with any white space between its parts.
fn whole(word: &str) -> String {
    let parts: Vec<String> = word.split_whitespace().map(::regex::escape).collect();
    let edge =
        |mark: Option<char>| if mark.is_some_and(char::is_alphanumeric) { r"\b" } else { "" };
    let word = word.trim();
    let (first, last) = (edge(word.chars().next()), edge(word.chars().next_back()));
    format!("(?i){first}{}{last}", parts.join(r"\s+"))
}

impl Absolute for Scorer {
    fn score(&self, _call: &Call, reply: &Reply) -> Word {
        let text = text_of(reply);
        if let Some(found) = self.patterns.iter().find_map(|pattern| pattern.find(text)) {
            return Word::fail(format!("{} is forbidden", quoted(found.as_str())));
        }
        // What was found is not repeated: it may be a secret, and reasons are kept.
        let found = self.finders.iter().find(|(_, finder)| finder.finds(text));
        match found {
            Some((class, _)) => Word::fail(format!("{} is forbidden", class.name())),
            None => Word::pass(),
        }
    }
}
