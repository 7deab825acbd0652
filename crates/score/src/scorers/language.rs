//! The reply's text is in a language that it may be in: one of those set here, or else that of the
//! call's first user message.
//!
//! ```toml
//! scorers = [{ kind = "language" }]
//! scorers = [{ kind = "language", any_of = ["deu"], among = ["deu", "eng", "fra", "nld"] }]
//! ```
//!
//! Languages go by their three letters of ISO 639-3; 70 are known. They are told apart by the
//! frequency of letters and of three in a row, code in fences left out. Of a text of more than 256
//! characters four stretches of 64 are read, from its beginning and from each quarter on, so that neither
//! a greeting nor a quotation speaks for the rest. `among` leaves out languages that cannot come,
//! which makes the word on short texts surer, and several times as quick. It abstains where the
//! text is too short or too mixed to be sure, or the call has no user message.

mod config;

pub use config::Config;

use super::{Absolute, text_of};
use crate::{blocks, score::Word};
use exchange::{Call, Reply};
use std::borrow::Cow;
use whatlang::{Detector, Lang};

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 3;
/// Of a longer text, this many stretches are read. On 613 pieces of manual pages in eight languages, four
/// of 60 to 70 characters were wrong on 34 to 37 (which hold mostly English, left untranslated) and
/// unsure of 33 to 49; the first 500 characters were wrong on 46 and unsure of 18, the first 240 on 52 and 45.
const STRETCHES: usize = 4;
/// How long each of them is.
const STRETCH_CHARS: usize = 64;
/// How far a stretch looks for the end of the word that it begins in. Some scripts have no spaces.
const WORD_CHARS_MAX: usize = 24;

pub(crate) struct Scorer {
    any_of: Vec<Lang>,
    detector: Detector,
}

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    let (any_of, among) = (known(&config.any_of)?, known(&config.among)?);
    if let Some(lost) = any_of.iter().find(|wanted| !among.is_empty() && !among.contains(wanted)) {
        return Err(format!("`among` leaves out `{}`, which is wanted: add it", lost.code()));
    }
    let is_alone = among.len() == 1;
    if is_alone {
        return Err("`among` has one language, which every text would be in: add others".to_owned());
    }
    let detector = if among.is_empty() { Detector::new() } else { Detector::with_allowlist(among) };
    Ok(Scorer { any_of, detector })
}

fn known(codes: &[String]) -> Result<Vec<Lang>, String> {
    let known = |code: &String| {
        Lang::from_code(code.as_str()).ok_or_else(|| {
            format!("there is no language `{code}`: write three letters, like `deu`")
        })
    };
    codes.iter().map(known).collect()
}

impl Absolute for Scorer {
    fn score(&self, call: &Call, reply: &Reply) -> Word {
        let wanted = match (&self.any_of[..], &call.first_user) {
            ([], None) => return Word::abstain("the call has no user message"),
            ([], Some(prompt)) => match self.language_of(prompt) {
                Some(language) => vec![language],
                None => return Word::abstain("the language of the call is not sure"),
            },
            (any_of, _) => any_of.to_vec(),
        };
        let Some(found) = self.language_of(text_of(reply)) else {
            return Word::abstain("the text is too short or too mixed to be sure of its language");
        };
        Word::when(wanted.contains(&found), || {
            let wanted: Vec<&str> = wanted.iter().map(|language| language.eng_name()).collect();
            format!("{} instead of {}", found.eng_name(), wanted.join(" or "))
        })
    }
}

impl Scorer {
    /// The language of a text, where that is sure.
    fn language_of(&self, text: &str) -> Option<Lang> {
        let prose = match text.contains(blocks::FENCE) {
            true => Cow::Owned(blocks::without(text)),
            false => Cow::Borrowed(text),
        };
        let found = self.detector.detect(&sample(&prose))?;
        found.is_reliable().then(|| found.lang())
    }
}

/// What is read of a text: all of a short one.
fn sample(prose: &str) -> Cow<'_, str> {
    if prose.chars().nth(STRETCHES * STRETCH_CHARS).is_none() {
        return Cow::Borrowed(prose);
    }
    let starts = (0..STRETCHES).map(|part| prose.len() * part / STRETCHES);
    let stretch = |start| whole_words(&prose[prose.ceil_char_boundary(start)..]);
    let stretches: Vec<&str> = starts.map(stretch).collect();
    Cow::Owned(stretches.join(" "))
}

/// A stretch from the first beginning of a word on.
fn whole_words(rest: &str) -> &str {
    let mut head = rest.char_indices().take(WORD_CHARS_MAX);
    let start = head.find(|(_, mark)| mark.is_whitespace()).map_or(0, |(at, _)| at);
    let end = rest[start..].char_indices().nth(STRETCH_CHARS).map(|(at, _)| start + at);
    &rest[start..end.unwrap_or(rest.len())]
}
