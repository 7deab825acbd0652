//! The reply's code is of the language that was asked for, as far as its grammar goes. It is never
//! run.
//!
//! ```toml
//! scorers = [{ kind = "code_parses", language = "python" }]
//! ```
//!
//! Code is what stands in the code fences that are labelled with the language or with nothing, or
//! the whole text where there is no fence; each block must parse. Python, JavaScript (with JSX) and
//! SQL (of several dialects) go by their tree-sitter grammars, which are made for editors: they take
//! some code that a compiler or a database would not. It abstains on more than 64 KiB.

mod config;
mod grammar;

pub use config::{Config, Language};

use super::{Absolute, text_of};
use crate::{
    blocks::{self, Block},
    score::Word,
};
use exchange::{Call, Reply};

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;
/// More code than this is not read.
const CODE_BYTES_MAX: usize = 64 << 10;

pub(crate) struct Scorer(Language);

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    Ok(Scorer(config.language))
}

impl Absolute for Scorer {
    fn score(&self, _call: &Call, reply: &Reply) -> Word {
        let (text, language) = (text_of(reply), self.0);
        if text.len() > CODE_BYTES_MAX {
            return Word::abstain(format!("more than {CODE_BYTES_MAX} bytes of code"));
        }
        let blocks = blocks::of(text);
        let code: Vec<&str> = match blocks.is_empty() {
            true => vec![text],
            false => blocks.iter().filter(|it| is_of(it, language)).map(|it| it.code).collect(),
        };
        if code.iter().all(|code| code.trim().is_empty()) {
            return Word::fail(format!("there is no {}", language.name()));
        }
        let words = code.into_iter().map(|code| grammar::check(language, code));
        words.into_iter().find(|word| word.value != Some(1.0)).unwrap_or_else(Word::pass)
    }
}

fn is_of(block: &Block<'_>, language: Language) -> bool {
    block.label.is_empty() || language.labels().contains(&block.label.as_str())
}
