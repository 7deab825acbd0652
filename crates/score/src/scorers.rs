//! The scorers, each with the same parts: `NAME.rs` is its documentation, code and code version,
//! `NAME/config.rs` what a pipeline sets, `tests/score/golden/NAME.json` its cases.

pub mod code_parses;
pub mod contains;
pub mod cost;
pub mod edit_similarity;
pub mod exact;
pub mod expected;
pub mod forbidden;
pub mod json_equal;
pub mod json_fields;
pub mod json_schema;
pub mod language;
pub mod latency;
pub mod length;
pub mod length_ratio;
pub mod list_f1;
pub mod normalised;
pub mod not_refusal;
pub mod not_truncated;
pub mod number_equal;
pub mod regex;
pub mod rouge_l;
pub mod set_f1;
pub mod tool_arguments;
pub mod tool_calls_equal;
pub mod valid_json;

use crate::{
    Error, Score, ScorerSpec, Subject, digest,
    score::{Kind, Word},
};
use exchange::{Call, Reply};
use std::{collections::BTreeSet, fmt, sync::Arc};

/// A category has no more scorers than this.
pub const SCORERS_MAX: usize = 32;
/// A longer reply is not scored: scorers abstain, so that no reply can take all memory.
pub const SCORED_BYTES_MAX: usize = 4 << 20;
/// No pattern is longer than this.
pub const PATTERN_BYTES_MAX: usize = 4096;
/// What a compiled pattern may take of memory.
const PATTERN_SIZE_MAX: usize = 1 << 20;

/// A scorer that needs only the reply, and the call for its metadata and schema.
pub(crate) trait Absolute: Send + Sync {
    fn score(&self, call: &Call, reply: &Reply) -> Word;
}

/// A scorer that compares with the reference's reply.
pub(crate) trait Agreement: Send + Sync {
    fn score(&self, reply: &Reply, reference: &Reply) -> Word;

    /// The reference's reply that an expected value stands for: a text, unless the scorer says
    /// otherwise. The error says what is wrong with the value.
    fn reference_of(&self, expected: &str) -> Result<Reply, String> {
        let text = Some(expected.to_owned());
        Ok(Reply { text, complete: true, ..Reply::default() })
    }
}

/// A scorer of what the reply took, whatever it says.
pub(crate) trait Limit: Send + Sync {
    fn score(&self, subject: &Subject<'_>) -> Word;
}

/// A scorer that is ready.
#[derive(Clone)]
pub(crate) enum Check {
    Absolute(Arc<dyn Absolute>),
    Agreement(Arc<dyn Agreement>),
    Limit(Arc<dyn Limit>),
}

pub(crate) fn absolute(scorer: impl Absolute + 'static) -> Check {
    Check::Absolute(Arc::new(scorer))
}

pub(crate) fn agreement(scorer: impl Agreement + 'static) -> Check {
    Check::Agreement(Arc::new(scorer))
}

pub(crate) fn limit(scorer: impl Limit + 'static) -> Check {
    Check::Limit(Arc::new(scorer))
}

/// The scorers of a category, ready to score.
#[derive(Clone)]
pub struct Scorers {
    ready: Vec<Ready>,
    digest: String,
}

#[derive(Clone)]
struct Ready {
    name: &'static str,
    digest: String,
    kind: Kind,
    check: Check,
}

impl Scorers {
    /// Makes scorers ready: patterns and schemas are compiled here, once.
    ///
    /// # Errors
    /// [`Error`] names the first scorer that makes no sense, and why.
    pub fn compile(specs: &[ScorerSpec]) -> Result<Self, Error> {
        if specs.len() > SCORERS_MAX {
            return Err(Error::TooMany(specs.len()));
        }
        let (mut ready, mut digests) = (Vec::with_capacity(specs.len()), BTreeSet::new());
        for (index, spec) in specs.iter().enumerate() {
            let (name, digest) = (spec.name(), spec.digest());
            let refuse = |why| Error::Scorer { index, name, why };
            let check = spec.compile().map_err(refuse)?;
            if !digests.insert(digest.clone()) {
                return Err(refuse("is listed twice: remove one".to_owned()));
            }
            ready.push(Ready { name, digest, kind: spec.kind(), check });
        }
        let joined: Vec<String> = digests.into_iter().collect();
        Ok(Self { ready, digest: digest::of_text(&joined.join(" ")) })
    }

    /// Digest of all definitions; their order says nothing.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What the absolute scorers say of a reply, and of what it took where that is known.
    #[must_use]
    pub fn score_absolute<'a>(&self, call: &Call, subject: impl Into<Subject<'a>>) -> Vec<Score> {
        let subject = subject.into();
        let reply = subject.reply;
        self.score(|check| match check {
            Check::Absolute(scorer) => Some(guarded(&[reply], || scorer.score(call, reply))),
            Check::Limit(scorer) => Some(scorer.score(&subject)),
            Check::Agreement(_) => None,
        })
    }

    /// What the agreement scorers say of a reply beside the reference's.
    ///
    /// They abstain where the reference failed: there is nothing to agree with.
    #[must_use]
    pub fn score_agreement(&self, _call: &Call, reply: &Reply, reference: &Reply) -> Vec<Score> {
        let is_void = reference.error.is_some() || !reference.complete;
        self.score(|check| match check {
            Check::Absolute(_) | Check::Limit(_) => None,
            Check::Agreement(_) if is_void => {
                Some(Word::abstain("the reference gave no whole reply"))
            }
            Check::Agreement(scorer) => {
                Some(guarded(&[reply, reference], || scorer.score(reply, reference)))
            }
        })
    }

    fn score(&self, word: impl Fn(&Check) -> Option<Word>) -> Vec<Score> {
        let signed = |ready: &Ready| Some(ready.sign(word(&ready.check)?));
        self.ready.iter().filter_map(signed).collect()
    }
}

impl Ready {
    fn sign(&self, word: Word) -> Score {
        Score {
            scorer: self.name.to_owned(),
            scorer_digest: self.digest.clone(),
            trial: None,
            kind: self.kind,
            value: word.value,
            reason: word.reason,
        }
    }
}

impl fmt::Debug for Scorers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.ready.iter().map(|ready| ready.name)).finish()
    }
}

fn guarded(replies: &[&Reply], score: impl FnOnce() -> Word) -> Word {
    if replies.iter().any(|reply| length(reply) > SCORED_BYTES_MAX) {
        return Word::abstain(format!("a reply is longer than {SCORED_BYTES_MAX} bytes"));
    }
    score()
}

fn length(reply: &Reply) -> usize {
    let calls = reply.tool_calls.iter().map(|call| call.name.len() + call.arguments.len());
    reply.text.as_deref().map_or(0, str::len) + calls.sum::<usize>()
}

/// Refuses a value that every score reaches, or none.
fn check_pass_at(pass_at: Option<f64>) -> Result<(), String> {
    match pass_at {
        Some(least) if !(least > 0.0 && least <= 1.0) => {
            Err(format!("`pass_at` is {least}: write a number above 0, at most 1"))
        }
        Some(_) | None => Ok(()),
    }
}

/// The text of a reply; none is the empty text, on which most rules fail, as they should.
fn text_of(reply: &Reply) -> &str {
    reply.text.as_deref().unwrap_or_default()
}

/// Compiles a pattern within limits; the engine is linear in the text, whatever the pattern.
fn pattern(text: &str) -> Result<::regex::Regex, String> {
    if text.len() > PATTERN_BYTES_MAX {
        return Err(format!("pattern is longer than {PATTERN_BYTES_MAX} bytes"));
    }
    ::regex::RegexBuilder::new(text)
        .size_limit(PATTERN_SIZE_MAX)
        .dfa_size_limit(PATTERN_SIZE_MAX)
        .build()
        .map_err(|error| format!("pattern does not compile: {error}"))
}
