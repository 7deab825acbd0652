//! The model did not refuse: neither in the place that the dialect has for it, nor by a content
//! filter, nor by a phrase with which its text begins.
//!
//! ```toml
//! scorers = [{ kind = "not_refusal" }]
//! scorers = [{ kind = "not_refusal", phrases = ["leider kann ich nicht"] }]
//! ```

mod config;

pub use config::Config;

use super::{Absolute, text_of};
use crate::{score::Word, text::quoted};
use exchange::{Call, FinishReason, Reply};

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;

pub(crate) struct Scorer {
    phrases: Vec<String>,
    /// The length of the longest phrase: how much of a text is looked at.
    longest: usize,
}

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    let phrases: Vec<String> =
        config.phrases.iter().map(|phrase| beginning(phrase, usize::MAX)).collect();
    if phrases.iter().any(String::is_empty) {
        return Err("every text begins with an empty phrase: remove it".to_owned());
    }
    let longest = phrases.iter().map(String::len).max().unwrap_or(0);
    Ok(Scorer { phrases, longest })
}

impl Absolute for Scorer {
    fn score(&self, _call: &Call, reply: &Reply) -> Word {
        if let Some(refusal) = &reply.refusal {
            return Word::fail(format!("refused: {}", quoted(refusal)));
        }
        if reply.finish_reason == Some(FinishReason::ContentFilter) {
            return Word::fail("a content filter cut the reply");
        }
        let text = beginning(text_of(reply), self.longest);
        let refuses = self.phrases.iter().any(|phrase| text.starts_with(phrase));
        Word::when(!refuses, || format!("refused: {}", quoted(text_of(reply))))
    }
}

/// The words with which a text begins, as far as `bytes`: lower case, plain apostrophes, single
/// spaces.
fn beginning(text: &str, bytes: usize) -> String {
    let mut plain = String::new();
    for word in text.split_whitespace() {
        if plain.len() >= bytes {
            break;
        }
        plain.push_str(if plain.is_empty() { "" } else { " " });
        plain.push_str(&word.replace('\u{2019}', "'").to_lowercase());
    }
    plain
}
