//! Phrases that the reply's text must or must not contain.
//!
//! ```toml
//! scorers = [{ kind = "contains", all = ["refund"], none = ["lawsuit"], case = "ignored" }]
//! ```

mod config;

pub use config::{Case, Config};

use super::{Absolute, text_of};
use crate::{score::Word, text::quoted};
use exchange::{Call, Reply};
use std::borrow::Cow;

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;

pub(crate) struct Scorer(Config);

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    let lists = [&config.all, &config.any, &config.none];
    if lists.iter().all(|list| list.is_empty()) {
        return Err("nothing to look for: set `all`, `any` or `none`".to_owned());
    }
    if lists.into_iter().flatten().any(String::is_empty) {
        return Err("every text contains an empty phrase: remove it".to_owned());
    }
    let fold = |phrases: &[String]| {
        phrases.iter().map(|phrase| folded(config.case, phrase).into_owned()).collect()
    };
    Ok(Scorer(Config {
        all: fold(&config.all),
        any: fold(&config.any),
        none: fold(&config.none),
        case: config.case,
    }))
}

impl Absolute for Scorer {
    fn score(&self, _call: &Call, reply: &Reply) -> Word {
        let Self(wanted) = self;
        let text = folded(wanted.case, text_of(reply));
        let found = |phrase: &&String| text.contains(phrase.as_str());
        if let Some(missing) = wanted.all.iter().find(|phrase| !found(phrase)) {
            return Word::fail(format!("{} is missing", quoted(missing)));
        }
        if let Some(unwanted) = wanted.none.iter().find(found) {
            return Word::fail(format!("{} is not wanted", quoted(unwanted)));
        }
        let holds = wanted.any.is_empty() || wanted.any.iter().any(|phrase| found(&phrase));
        Word::when(holds, || format!("none of {} phrases is there", wanted.any.len()))
    }
}

fn folded(case: Case, text: &str) -> Cow<'_, str> {
    match case {
        Case::Heeded => Cow::Borrowed(text),
        Case::Ignored => Cow::Owned(text.to_lowercase()),
    }
}
