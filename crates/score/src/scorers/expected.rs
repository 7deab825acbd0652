//! The reply says what the call's metadata says it should: the caller knew the answer beforehand.
//!
//! ```toml
//! scorers = [{ kind = "expected", key = "answer", how = "number" }]
//! scorers = [{ kind = "expected", how = { regex = '#### (-?[\d,]+)' } }]
//! scorers = [{ kind = "expected", how = { like = { kind = "set_f1", pass_at = 0.9 } } }]
//! ```
//!
//! `number` looks for the answer in the last number of the text, which is where a model that reasons
//! aloud puts it, and reads numbers as English and LaTeX write them: `-$1,234.50`, `.5`, `1.5e3`, `3/4`
//! (0.75), `2 1/2`, `1{,}234` and `\frac{3}{4}` are each one number, compared exactly; what stands beside
//! it (a currency, `%`, a unit, `**`, `\boxed{}`) says nothing. Where the answer is marked and more numbers
//! follow, a pattern finds it: its group is read as a number if it is one.
//! `'\d(?:[\d,]*\d)?'` is the last whole number without sign and places, by which some recorded
//! answers were marked; to it `$42.00` is 0.
//!
//! With `like`, any scorer that compares with the reference compares with the expected value
//! instead, in any mode; for tool calls that value is JSON: `[{"name": "f", "arguments": {}}]`.
//! It abstains where the call carries no such metadata.

mod config;

pub use config::{Config, How};

use super::{Absolute, Agreement, Check, pattern, text_of};
use crate::{
    number::Number,
    score::Word,
    text::{contains_words, normalised, quoted},
};
use ::regex::Regex;
use exchange::{Call, Reply};
use std::sync::Arc;

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 3;

pub(crate) struct Scorer {
    key: String,
    compare: Compare,
}

enum Compare {
    Exact,
    Normalised,
    Number,
    Contains,
    Regex(Regex),
    Like(Arc<dyn Agreement>),
}

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    if config.key.is_empty() {
        return Err("`key` is empty: name the metadata key that holds the answer".to_owned());
    }
    let compare = match &config.how {
        How::Exact => Compare::Exact,
        How::Normalised => Compare::Normalised,
        How::Number => Compare::Number,
        How::Contains => Compare::Contains,
        How::Regex(text) => Compare::Regex(pattern(text)?),
        How::Like(spec) => match spec.compile()? {
            Check::Agreement(scorer) => Compare::Like(scorer),
            Check::Absolute(_) | Check::Limit(_) => return Err(no_comparison(spec.name())),
        },
    };
    Ok(Scorer { key: config.key.clone(), compare })
}

fn no_comparison(name: &str) -> String {
    format!("`{name}` compares with nothing: write one that does, such as `set_f1`")
}

impl Absolute for Scorer {
    fn score(&self, call: &Call, reply: &Reply) -> Word {
        let Some(expected) = call.metadata.get(&self.key).filter(|text| !text.is_empty()) else {
            return Word::abstain(format!("the call's metadata has no `{}`", self.key));
        };
        let text = text_of(reply);
        let missed = || format!("expected {}, got {}", quoted(expected), quoted(text));
        match &self.compare {
            Compare::Exact => Word::when(text == expected, missed),
            Compare::Normalised => Word::when(normalised(text) == normalised(expected), missed),
            Compare::Contains => Word::when(contains_words(text, expected), missed),
            Compare::Number => number(text, expected),
            Compare::Regex(pattern) => extracted(pattern, text, expected),
            Compare::Like(scorer) => like(scorer.as_ref(), reply, expected),
        }
    }
}

fn like(scorer: &dyn Agreement, reply: &Reply, expected: &str) -> Word {
    let word = match scorer.reference_of(expected) {
        Ok(reference) => scorer.score(reply, &reference),
        Err(why) => Word::abstain(why),
    };
    word.of("beside the expected value")
}

fn number(text: &str, expected: &str) -> Word {
    let Some(wanted) = Number::last_in(expected) else {
        return Word::abstain(format!("the expected {} is no number", quoted(expected)));
    };
    match Number::last_in(text) {
        None => Word::fail(format!("expected {}, got no number", quoted(expected))),
        Some(found) => Word::when(found == wanted, || {
            format!("expected {}, got another number", quoted(expected))
        }),
    }
}

/// The last match in the text against the last in the expected value, or the whole of that where
/// the pattern finds nothing in it (it may look for a mark that only replies carry).
fn extracted(pattern: &Regex, text: &str, expected: &str) -> Word {
    let Some(found) = last_match(pattern, text) else {
        return Word::fail(format!("expected {}, found nothing", quoted(expected)));
    };
    let wanted = last_match(pattern, expected).unwrap_or(expected);
    Word::when(same(found, wanted), || {
        format!("expected {}, found {}", quoted(wanted), quoted(found))
    })
}

/// The first group of the last match; the whole match where there is no group.
fn last_match<'t>(pattern: &Regex, text: &'t str) -> Option<&'t str> {
    let captures = pattern.captures_iter(text).last()?;
    Some(captures.get(1).or_else(|| captures.get(0))?.as_str())
}

fn same(found: &str, wanted: &str) -> bool {
    match (Number::whole(found), Number::whole(wanted)) {
        (Some(found), Some(wanted)) => found == wanted,
        (_, _) => normalised(found) == normalised(wanted),
    }
}
