//! Who is to be answered, and how.

use crate::{Form, fields::Fields};
use exchange::{Call, Headers, Timestamp};
use serde_json::Value;

/// Who is to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The form in which it asked.
    pub form: Form,
    /// How it reads the reply.
    pub framing: Framing,
    /// Names the reply where the model's provider did not.
    pub id: String,
    /// The model's name at its provider, told where the reply does not.
    pub model: String,
    /// When it is answered; some forms tell it.
    pub at: Timestamp,
}

/// How a reply travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// As one body.
    Whole,
    /// As server-sent events.
    Events,
    /// As server-sent events, with one about usage: Chat Completions tells it only who asks.
    EventsWithUsage,
    /// As a JSON list that grows, which is Gemini's way unless asked for events.
    List,
}

impl Framing {
    /// How the caller of a call reads its reply; `body` is without content coding.
    #[must_use]
    pub fn of(call: &Call, path: &str, body: &[u8]) -> Self {
        if !call.stream {
            return Self::Whole;
        }
        let is_list = Form::of(call) == Some(Form::GenerateContent)
            && !path.split(['?', '&']).skip(1).any(|parameter| parameter == "alt=sse");
        let asks_usage = || {
            let fields = Fields::read(&Headers::default(), body)?;
            fields.get("stream_options")?.get("include_usage").and_then(Value::as_bool)
        };
        match (is_list, asks_usage()) {
            (true, _) => Self::List,
            (false, Some(true)) => Self::EventsWithUsage,
            (false, Some(false) | None) => Self::Events,
        }
    }

    /// The content type of a reply that travels so.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Whole | Self::List => "application/json",
            Self::Events | Self::EventsWithUsage => "text/event-stream",
        }
    }
}
