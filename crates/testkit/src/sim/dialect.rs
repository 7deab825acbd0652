//! What a provider's format decides, in one shape for all of them.

use super::{
    anthropic::Anthropic, gemini::Gemini, openai::OpenAi, price::ModelPrice, question::Question,
};
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

/// What a simulated provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Chat Completions and Responses.
    OpenAi,
    /// Messages, with the counting of their tokens.
    Anthropic,
    /// `generateContent`, whole or streamed, with the counting of tokens and embeddings.
    Gemini,
}

impl Dialect {
    pub(crate) fn wire(self) -> &'static dyn Wire {
        match self {
            Self::OpenAi => &OpenAi,
            Self::Anthropic => &Anthropic,
            Self::Gemini => &Gemini,
        }
    }
}

/// A provider's format.
pub(crate) trait Wire: Sync {
    /// A longer body is refused.
    fn body_bytes_max(&self) -> usize;

    /// The secret that the head of a call carries; empty where it carries none.
    fn secret<'a>(&self, heard: &'a Heard) -> Result<&'a str, Refusal>;

    /// What is asked, if it is asked as it must be.
    fn read(&self, heard: &Heard, models: &[ModelPrice]) -> Result<Wanted, Refusal>;

    /// How it says that something is not in order.
    fn failure(&self, failure: Failure) -> Refusal;

    /// The body that carries an error.
    fn error(&self, error: &Value, request: &str) -> Value;

    /// What else stands in the head of every reply.
    fn head(&self, request: &str, requests_remaining: u64) -> Vec<(&'static str, String)>;
}

/// A call as it arrived, below the provider's prefix.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Heard {
    /// The value of a header, if it is there and text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON, if it is.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// A field of the query.
    pub(crate) fn asked(&self, name: &str) -> Option<&str> {
        let mut fields = self.query.split('&').filter_map(|pair| pair.split_once('='));
        fields.find(|(of, _)| *of == name).map(|(_, value)| value)
    }
}

/// What a call wants.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// This, which no model has to be asked for.
    Listing(Value),
    /// A model's answer.
    Answer(Box<Question>),
}

/// What is not in order with a call that may be well made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure {
    /// Nobody has that key.
    UnknownKey,
    /// The body is longer than it may be.
    TooLong,
    /// Too many requests for now.
    RateLimited { retry_after_s: u32 },
    /// The money is spent.
    InsufficientQuota,
    /// Too many requests of everybody's.
    Overloaded,
    /// A content policy stopped it.
    Filtered,
    /// What the provider says with this status.
    Status(u16),
}

/// An error as a provider tells it.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// The error itself; what is around it is [`Wire::error`]'s.
    pub(crate) error: Value,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Refusal {
    pub(crate) fn new(status: u16, error: Value) -> Self {
        Self { status, error, headers: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}
