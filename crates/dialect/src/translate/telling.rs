//! A model's reply, told in the caller's form.

use super::{Caller, Framing};
use crate::{
    Dialect, Form, anthropic, content,
    delta::{Called, Delta, Draft},
    failure::{self, Class, Failure},
    gemini, openai, responses, stream,
};
use bytes::Bytes;
use exchange::Headers;
use serde_json::Value;
use std::collections::BTreeMap;

/// No more of a stream is held back than this: what a form can only tell at once, or at the end.
pub const HELD_BYTES_MAX: usize = 16 << 20;

/// A reply as its caller gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The status: some errors have another one elsewhere.
    pub status: u16,
    /// The content type.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
}

/// Tells a reply that came whole from a provider of dialect `from`, or the error that it was.
#[must_use]
pub fn reply(from: Dialect, caller: &Caller, status: u16, headers: &Headers, body: &[u8]) -> Told {
    let (body, _) = content::decode_prefix(headers, body, content::DECODED_BYTES_MAX);
    let mut draft = Draft::default();
    if let Ok(root) = serde_json::from_slice::<Value>(&body) {
        from.whole(&root, &mut |delta| draft.take(delta));
    }
    if status >= 400 && draft.error.is_none() {
        let message = failure::foreign(status, &body);
        draft.error = Some(Failure { class: Class::of_status(status), code: None, message });
    }
    if draft.finish_reason.is_none() && draft.error.is_none() {
        return error(caller, 502, &unreadable());
    }
    if let Some(failure) = &draft.error {
        return error(caller, if status >= 400 { status } else { 500 }, failure);
    }
    let written = match caller.form {
        Form::ChatCompletions => openai::writer::whole(&draft, caller),
        Form::Responses => responses::writer::whole(&draft, caller),
        Form::Messages => anthropic::writer::whole(&draft, caller),
        Form::GenerateContent => gemini::writer::whole(&draft, caller),
    };
    Told { status, content_type: "application/json", body: Bytes::from(written.to_string()) }
}

/// An overloaded provider has a status of its own in one dialect.
fn error(caller: &Caller, status: u16, failure: &Failure) -> Told {
    let dialect = caller.form.dialect();
    let status = match (dialect, status) {
        (Dialect::Anthropic, 503) => 529,
        (Dialect::OpenAi | Dialect::Gemini, 529) => 503,
        (_, status) => status,
    };
    let kind = openai::error::name(Class::of_status(status));
    let body = dialect.error_body(status, &failure::bounded(&failure.message), kind);
    Told { status, content_type: "application/json", body }
}

/// Tells a streamed reply piece by piece; fed at any byte boundary, it says the same.
#[derive(Debug)]
pub struct Stream {
    deltas: stream::Deltas,
    writer: Writer,
    /// It was said why the model stopped.
    finished: bool,
}

#[derive(Debug)]
enum Writer {
    Chat(openai::writer::Writer),
    Responses(responses::writer::Writer),
    Messages(anthropic::writer::Writer),
    Generate(gemini::writer::Writer),
}

/// What a caller is told where its provider's stream cannot be read.
pub(crate) fn unreadable() -> Failure {
    let message = "a part of the model's reply could not be read".to_owned();
    Failure { class: Class::Server, code: None, message }
}

impl Stream {
    /// A stream from a provider of dialect `from` to `caller`, which reads events or a list.
    #[must_use]
    pub fn new(from: Dialect, caller: Caller) -> Self {
        let writer = match caller.form {
            Form::ChatCompletions => Writer::Chat(openai::writer::Writer::new(caller)),
            Form::Responses => Writer::Responses(responses::writer::Writer::new(caller)),
            Form::Messages => Writer::Messages(anthropic::writer::Writer::new(caller)),
            Form::GenerateContent => Writer::Generate(gemini::writer::Writer::new(caller)),
        };
        Self { deltas: stream::Deltas::new(from), writer, finished: false }
    }

    /// What the caller gets of the next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Bytes {
        let mut out = Vec::new();
        let Self { deltas, writer, finished } = self;
        deltas.push(bytes, &mut |delta| writer.tell(ended(delta, finished), &mut out));
        Bytes::from(out)
    }

    /// What the caller gets when the provider's stream has ended. A stream that was cut has no end of
    /// its own here either: its caller's connection is to be cut as well.
    pub fn finish(mut self) -> Bytes {
        let mut out = Vec::new();
        let Self { deltas, writer, finished } = &mut self;
        deltas.finish(&mut |delta| writer.tell(ended(delta, finished), &mut out));
        Bytes::from(out)
    }
}

/// An end without a reason is none: it would look like a whole reply in some forms.
fn ended(delta: Delta, finished: &mut bool) -> Delta {
    *finished |= matches!(delta, Delta::Finish(_));
    if delta == Delta::End && !*finished { Delta::Hole } else { delta }
}

impl Writer {
    fn tell(&mut self, delta: Delta, out: &mut Vec<u8>) {
        match self {
            Self::Chat(writer) => writer.tell(delta, out),
            Self::Responses(writer) => writer.tell(delta, out),
            Self::Messages(writer) => writer.tell(delta, out),
            Self::Generate(writer) => writer.tell(delta, out),
        }
    }
}

/// Tool calls that a form tells one after the other: the first that has not ended is told as it
/// grows, and those behind it are held back.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    held: BTreeMap<u64, Growing>,
    held_bytes: usize,
}

#[derive(Debug, Default)]
struct Growing {
    call: Called,
    /// Whether it was told that it begins.
    began: bool,
    json: Json,
}

/// What may be told of a call now.
pub(crate) enum Ready {
    /// It begins.
    Begin { at: u64, call: Called },
    /// Its arguments grow.
    Grow { text: String },
    /// It has ended.
    End,
}

impl Calls {
    /// Whether a call is being told.
    pub(crate) fn is_open(&self) -> bool {
        self.held.values().any(|call| call.began)
    }

    /// Takes a piece of a call and gives what may be told by now.
    pub(crate) fn take(&mut self, delta: Delta) -> Vec<Ready> {
        match delta {
            Delta::Call { at, id, name } => self.held.entry(at).or_default().call.name(id, name),
            Delta::Arguments { at, text } if self.held_bytes + text.len() <= HELD_BYTES_MAX => {
                let growing = self.held.entry(at).or_default();
                growing.json.take(&text);
                growing.call.arguments.push_str(&text);
                self.held_bytes += text.len();
            }
            _ => {}
        }
        let mut ready = Vec::new();
        // A call that has ended gives way only when another waits: more may still come.
        while let Some((at, true)) = self.grow(&mut ready) {
            if self.held.len() == 1 {
                break;
            }
            self.held.remove(&at);
            ready.push(Ready::End);
        }
        ready
    }

    /// Tells what there is of the call that is open, or of the first; whether it has ended.
    fn grow(&mut self, ready: &mut Vec<Ready>) -> Option<(u64, bool)> {
        let open = self.held.iter().find(|(_, growing)| growing.began);
        let at = *open.or_else(|| self.held.iter().next())?.0;
        let growing = self.held.get_mut(&at)?;
        if growing.call.name.is_empty() {
            return Some((at, false));
        }
        let text = std::mem::take(&mut growing.call.arguments);
        self.held_bytes = self.held_bytes.saturating_sub(text.len());
        if !growing.began {
            growing.began = true;
            ready.push(Ready::Begin { at, call: growing.call.clone() });
        }
        if !text.is_empty() {
            ready.push(Ready::Grow { text });
        }
        Some((at, growing.json.is_whole()))
    }

    /// All that is left, ended or not; calls without a name cannot be told.
    pub(crate) fn finish(&mut self) -> Vec<Ready> {
        let mut ready = Vec::new();
        while let Some((at, _)) = self.grow(&mut ready) {
            if self.held.remove(&at).is_some_and(|growing| growing.began) {
                ready.push(Ready::End);
            }
        }
        self.held_bytes = 0;
        ready
    }
}

/// Whether a JSON object that comes in pieces has come to its end.
#[derive(Clone, Copy, Debug, Default)]
struct Json {
    depth: usize,
    began: bool,
    in_string: bool,
    after_backslash: bool,
}

impl Json {
    fn take(&mut self, text: &str) {
        for byte in text.bytes() {
            let escaped = std::mem::take(&mut self.after_backslash);
            match byte {
                b'\\' if self.in_string && !escaped => self.after_backslash = true,
                b'"' if !escaped => self.in_string = !self.in_string,
                b'{' | b'[' if !self.in_string => {
                    self.depth += 1;
                    self.began = true;
                }
                b'}' | b']' if !self.in_string => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn is_whole(self) -> bool {
        self.began && self.depth == 0 && !self.in_string
    }
}

impl Caller {
    /// The reply's id, with what ids of the form begin with.
    pub(crate) fn id(&self, given: Option<&str>, prefix: &str) -> String {
        let id = given.unwrap_or(&self.id);
        if id.starts_with(prefix) { id.to_owned() } else { format!("{prefix}{id}") }
    }

    /// The id of a tool call: the provider's, or one of its place.
    pub(crate) fn call_id(&self, given: Option<&str>, prefix: &str, at: u64) -> String {
        given.map_or_else(|| format!("{prefix}{}_{at}", self.id.replace('-', "")), str::to_owned)
    }

    pub(crate) fn wants_usage(&self) -> bool {
        match self.framing {
            Framing::EventsWithUsage => true,
            Framing::Whole | Framing::Events | Framing::List => false,
        }
    }

    pub(crate) fn at_s(&self) -> i64 {
        self.at.0.div_euclid(exchange::SECOND_US)
    }
}
