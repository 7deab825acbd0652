//! A model's reply, told in the caller's form.

use super::{Caller, Framing, caller::CALL_ID_BYTES_MAX, printed};
use crate::{
    Dialect, Form, anthropic, content,
    delta::{CALLS_MAX, Delta, Draft},
    failure::{self, Class, Failure},
    gemini, openai, responses, stream,
};
use bytes::Bytes;
use exchange::{FinishReason, Headers};
use serde_json::Value;
use std::collections::BTreeMap;

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
    let (mut draft, mut ids) = (Draft::default(), Ids::default());
    if let Ok(root) = serde_json::from_slice::<Value>(&body) {
        from.whole(&root, &mut |delta| draft.take(ids.own(delta)));
    }
    if status >= 400 && draft.error.is_none() {
        let message = failure::foreign(status, &body);
        draft.error = Some(Failure { class: Class::of_status(status), code: None, message });
    }
    if draft.finish_reason.is_none() && draft.error.is_none() {
        return error(caller, 502, &unreadable());
    }
    if draft.is_blocked() {
        draft.error = None;
        return whole(&draft, caller, 200);
    }
    if let Some(failure) = &draft.error {
        return error(caller, if status >= 400 { status } else { 500 }, failure);
    }
    whole(&draft, caller, status)
}

fn whole(draft: &Draft, caller: &Caller, status: u16) -> Told {
    let written = match caller.form {
        Form::ChatCompletions => openai::writer::whole(draft, caller),
        Form::Responses => responses::writer::whole(draft, caller),
        Form::Messages => anthropic::writer::whole(draft, caller),
        Form::GenerateContent => gemini::writer::whole(draft, caller),
    };
    Told { status, content_type: "application/json", body: printed(&written) }
}

/// Tells that a content policy stopped the reply before anything of it was said, in the way in which the
/// caller reads replies: no error in any form, though some providers say it by one.
#[must_use]
pub fn block(caller: &Caller) -> Bytes {
    if caller.framing == Framing::Whole {
        let mut draft = Draft::default();
        draft.take(Delta::Finish(FinishReason::ContentFilter));
        return whole(&draft, caller, 200).body;
    }
    let mut writer = Writer::new(caller.clone());
    let mut out = Vec::new();
    writer.tell(Delta::Finish(FinishReason::ContentFilter), &mut out);
    writer.tell(Delta::End, &mut out);
    Bytes::from(out)
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
    ids: Ids,
    /// It was said why the model stopped.
    finished: bool,
    /// The caller has got something.
    told: bool,
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
        let (deltas, writer) = (stream::Deltas::new(from), Writer::new(caller));
        Self { deltas, writer, ids: Ids::default(), finished: false, told: false }
    }

    /// What the caller gets of the next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Bytes {
        let mut out = Vec::new();
        let Self { deltas, writer, ids, finished, told } = self;
        deltas.push(bytes, &mut |delta| writer.take(ids.own(delta), finished, &mut out));
        *told |= !out.is_empty();
        Bytes::from(out)
    }

    /// What the caller gets when the provider's stream has ended, as its sender says. One that stopped
    /// short of its end in between is an error: the caller would take it for whole. Where nothing was
    /// told, nothing is: another may be asked.
    pub fn finish(mut self) -> Bytes {
        let mut out = Vec::new();
        let Self { deltas, writer, ids, finished, told } = &mut self;
        deltas.finish(&mut |delta| writer.take(ids.own(delta), finished, &mut out));
        if *told || !out.is_empty() {
            writer.tell(Delta::Error(Failure::cut()), &mut out);
        }
        Bytes::from(out)
    }
}

/// Ids of tool calls as they were given, each once: some servers name all calls of a tool alike, and an
/// id that two have is taken back by nobody.
#[derive(Debug, Default)]
struct Ids {
    places: BTreeMap<String, u64>,
}

impl Ids {
    fn own(&mut self, delta: Delta) -> Delta {
        match delta {
            Delta::Call { at, id, name } => Delta::Call { at, id: self.of(at, id), name },
            delta => delta,
        }
    }

    fn of(&mut self, at: u64, id: Option<String>) -> Option<String> {
        let id = id.filter(|id| id.len() <= CALL_ID_BYTES_MAX)?;
        if self.places.len() == CALLS_MAX && !self.places.contains_key(&id) {
            return None;
        }
        let first = *self.places.entry(id.clone()).or_insert(at);
        (first == at).then_some(id)
    }
}

impl Writer {
    fn new(caller: Caller) -> Self {
        match caller.form {
            Form::ChatCompletions => Self::Chat(openai::writer::Writer::new(caller)),
            Form::Responses => Self::Responses(responses::writer::Writer::new(caller)),
            Form::Messages => Self::Messages(anthropic::writer::Writer::new(caller)),
            Form::GenerateContent => Self::Generate(gemini::writer::Writer::new(caller)),
        }
    }

    /// An end without a reason is none: it would look like a whole reply in some forms. An error that is
    /// a content policy's word is no error in any.
    fn take(&mut self, delta: Delta, finished: &mut bool, out: &mut Vec<u8>) {
        match delta {
            Delta::Error(failure) if failure.class == Class::Blocked => {
                self.tell(Delta::Finish(FinishReason::ContentFilter), out);
                self.tell(Delta::End, out);
            }
            Delta::End if !*finished => self.tell(Delta::Hole, out),
            delta => {
                *finished |= matches!(delta, Delta::Finish(_));
                self.tell(delta, out);
            }
        }
    }

    fn tell(&mut self, delta: Delta, out: &mut Vec<u8>) {
        match self {
            Self::Chat(writer) => writer.tell(delta, out),
            Self::Responses(writer) => writer.tell(delta, out),
            Self::Messages(writer) => writer.tell(delta, out),
            Self::Generate(writer) => writer.tell(delta, out),
        }
    }
}
