//! A question that a provider has understood, what a model makes of it, and what that costs.

use super::{
    answers::{Said, Turn},
    price::Used,
};
use crate::chance;
use serde_json::Value;

/// A message costs so many tokens beside what is in it.
pub(crate) const MESSAGE_TOKENS: u64 = 4;
/// An image costs so many, however large.
pub(crate) const IMAGE_TOKENS: u64 = 258;

/// Tokens of a text: four bytes each. A provider's count need not be anybody's tokenizer's.
pub(crate) fn tokens(text: &str) -> u64 {
    text.len().div_ceil(4) as u64
}

/// A question, read from a dialect.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) model: String,
    pub(crate) body: Value,
    /// The fields of the body that make up the question.
    pub(crate) identity: &'static [&'static str],
    pub(crate) turns: Vec<Turn>,
    /// Tokens of what is offered beside the turns: tools and schemas.
    pub(crate) offered: u64,
    pub(crate) cached: Cached,
    pub(crate) limits: Limits,
    pub(crate) thinking: Thinking,
    pub(crate) billing: Billing,
    pub(crate) format: &'static Format,
}

/// Prompt tokens that are read from a cache, or written to one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cached {
    pub(crate) read: u64,
    pub(crate) written_5m: u64,
    pub(crate) written_1h: u64,
}

/// Where an answer ends at the latest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) tokens: Option<u64>,
    pub(crate) stops: Vec<String>,
}

/// Whether the model thinks before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thinking {
    No,
    /// The caller pays for it and does not see it.
    Hidden,
    Shown,
}

/// What is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Billing {
    Answer,
    Prompt,
    Nothing,
}

/// How an answer is written.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) content_type: &'static str,
    /// Piece by piece; one piece where it is not a stream.
    pub(crate) write: fn(&Told<'_>) -> Vec<String>,
    /// An error (the whole body of one) after the stream has begun.
    pub(crate) error: fn(&Value) -> String,
}

pub(crate) const JSON: &str = "application/json";

/// What an unstreamed format never has to write.
pub(crate) fn no_stream(error: &Value) -> String {
    error.to_string()
}

/// What a reply is written from.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    /// What tells this reply from others, in 29 hexadecimal digits.
    pub(crate) digest: &'a str,
    pub(crate) question: &'a Question,
    pub(crate) said: Said,
    pub(crate) ending: Ending,
    /// What the model thought before.
    pub(crate) thought: Option<String>,
    pub(crate) used: Used,
}

/// Why an answer ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Done,
    /// A text that the caller named would have come next.
    Stopped(String),
    /// No more tokens were wanted.
    Cut,
    /// The provider's policy forbids it.
    Blocked,
}

impl<'a> Told<'a> {
    /// What becomes of `said`, the model's whole answer.
    pub(crate) fn new(question: &'a Question, digest: &'a str, said: Said) -> Self {
        let (said, ending) = question.limits.apply(said);
        let thought = match question.thinking {
            Thinking::No => None,
            Thinking::Hidden | Thinking::Shown => Some(format!(
                "{} turns, of which the last has {} bytes: what is asked is clear.",
                question.turns.len(),
                question.turns.last().map_or(0, |turn| turn.text.len()),
            )),
        };
        let used = question.used(&said, thought.as_deref());
        Self { digest, question, said, ending, thought, used }
    }

    /// Nothing is answered, because the provider's policy forbids it.
    pub(crate) fn blocked(question: &'a Question, digest: &'a str) -> Self {
        let said = Said::Text(String::new());
        let used = question.used(&said, None);
        Self { digest, question, said, ending: Ending::Blocked, thought: None, used }
    }

    /// What a provider signs a text with, so that it knows it again.
    pub(crate) fn signature(text: &str) -> String {
        chance::hex(0, &["signature", text])
    }

    /// What a provider seals a thought with that only the model which had it reads again.
    pub(crate) fn sealed(model: &str, id: &str) -> String {
        chance::hex(0, &["sealed", model, id])
    }
}

impl Question {
    /// Prompt tokens, cached ones included.
    pub(crate) fn input_tokens(&self) -> u64 {
        self.turns.iter().map(|turn| turn.tokens).sum::<u64>() + self.offered
    }

    fn used(&self, said: &Said, thought: Option<&str>) -> Used {
        let said = match said {
            Said::Text(text) => tokens(text),
            Said::Tools(calls) => {
                calls.iter().map(|call| tokens(&call.name) + tokens(&call.arguments)).sum()
            }
        };
        let thought = thought.map_or(0, tokens);
        Used {
            input: self.input_tokens(),
            cached: self.cached.read,
            written_5m: self.cached.written_5m,
            written_1h: self.cached.written_1h,
            output: said + thought,
            thought,
        }
    }
}

impl Limits {
    fn apply(&self, said: Said) -> (Said, Ending) {
        let Said::Text(mut text) = said else { return (said, Ending::Done) };
        let mut ending = Ending::Done;
        let stops = self.stops.iter().filter(|stop| !stop.is_empty());
        let first = stops.filter_map(|stop| Some((text.find(stop.as_str())?, stop))).min();
        if let Some((place, stop)) = first {
            ending = Ending::Stopped(stop.clone());
            text.truncate(place);
        }
        if let Some(most) = self.tokens.filter(|most| tokens(&text) > *most) {
            ending = Ending::Cut;
            text.truncate(
                text.floor_char_boundary(usize::try_from(most * 4).unwrap_or(text.len())),
            );
        }
        (Said::Text(text), ending)
    }
}

/// Everything before the last turn, where the call carries a history: as it would be on the second
/// turn of a conversation at a provider that caches by itself.
pub(crate) fn cached_by_itself(turns: &[Turn]) -> Cached {
    let history = turns.iter().any(|turn| turn.role == "assistant");
    let earlier = turns.split_last().map_or(&[][..], |(_, earlier)| earlier);
    let read = if history { earlier.iter().map(|turn| turn.tokens).sum() } else { 0 };
    Cached { read, ..Cached::default() }
}

/// Tokens of the fields at which something is offered, as they stand there.
pub(crate) fn offered(body: &Value, fields: &[&str]) -> u64 {
    fields.iter().filter_map(|field| body.get(field)).map(|offer| tokens(&offer.to_string())).sum()
}

/// A streamed piece is about so long.
const PIECE_BYTES: usize = 24;

/// A text in the pieces that it is streamed in.
pub(crate) fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, tail) = rest.split_at(rest.ceil_char_boundary(PIECE_BYTES.min(rest.len())));
        rest = tail;
        Some(piece)
    })
}
