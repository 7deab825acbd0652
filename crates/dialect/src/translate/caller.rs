//! Who is to be answered, and how.

use crate::{Form, fields::Fields, gemini, responses};
use exchange::{Call, Headers, SECOND_US, Timestamp};
use serde_json::{Map, Value};

/// The longest id of a tool call that is told.
pub(crate) const CALL_ID_BYTES_MAX: usize = 40;

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
    /// What its replies repeat of the call: see [`repeated`].
    pub repeated: Map<String, Value>,
    /// What its own model will want of the reply in a history.
    pub thoughts: Thoughts,
}

/// What a model wants of the calls of tools in a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoughts {
    /// They may stand alone.
    Free,
    /// What it thought comes back with them, or what its provider takes for the thoughts of another.
    Demanded,
}

impl Thoughts {
    /// What the model wants that a call asks for.
    #[must_use]
    pub fn of(call: &Call) -> Self {
        let asks_gemini = Form::of(call) == Some(Form::GenerateContent);
        let thinks = call.model.as_deref().is_some_and(gemini::request::thinks);
        if asks_gemini && thinks { Self::Demanded } else { Self::Free }
    }
}

/// What replies in a form repeat of the call that had this body, without content coding.
#[must_use]
pub fn repeated(form: Form, body: &[u8]) -> Map<String, Value> {
    match form {
        Form::Responses => {
            let fields = Fields::read(&Headers::default(), body);
            fields.map(|fields| responses::item::repeated(&fields)).unwrap_or_default()
        }
        Form::ChatCompletions | Form::Messages | Form::GenerateContent => Map::new(),
    }
}

impl Caller {
    /// The reply's id, with what ids of the form begin with.
    pub(crate) fn id(&self, given: Option<&str>, prefix: &str) -> String {
        let id = given.unwrap_or(&self.id);
        if id.starts_with(prefix) { id.to_owned() } else { format!("{prefix}{id}") }
    }

    /// The id of a tool call, with what such ids of the form begin with: the provider's, or one of its
    /// place where the caller's own provider would take that in no history.
    pub(crate) fn call_id(&self, given: Option<&str>, prefix: &str, at: u64) -> String {
        let of_place = || format!("{}_{at}", self.id.replace('-', ""));
        let told = |given: &str| self.id(Some(given), prefix);
        given.map(told).filter(|id| is_taken(id)).unwrap_or_else(|| told(&of_place()))
    }

    pub(crate) fn wants_usage(&self) -> bool {
        match self.framing {
            Framing::EventsWithUsage => true,
            Framing::Whole | Framing::Events | Framing::List => false,
        }
    }

    pub(crate) fn at_s(&self) -> i64 {
        self.at.0.div_euclid(SECOND_US)
    }
}

/// Claude takes no other characters in an id, and `OpenAI` no longer ones.
fn is_taken(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    id.len() <= CALL_ID_BYTES_MAX && id.bytes().all(is_plain)
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
