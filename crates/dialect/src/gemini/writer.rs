//! A reply, as `generateContent` tells it: chunks have the form of a whole reply.

use super::{error, request::NO_THOUGHT};
use crate::{
    delta::{Called, Delta, Draft},
    failure::{Class, Failure},
    sse,
    translate::{Caller, Calls, Framing, HELD_BYTES_MAX, Ready, Thoughts, object_of, unreadable},
};
use exchange::{FinishReason, Usage};
use serde::Serialize;
use serde_json::{Value, json};

/// A whole reply.
pub(crate) fn whole(draft: &Draft, caller: &Caller) -> Value {
    let texts = [&draft.text, &draft.refusal].into_iter().filter(|text| !text.is_empty());
    let mut parts: Vec<Value> = texts.map(|text| json!({ "text": text })).collect();
    let (mut calls, broken) = calls(draft.named_calls());
    if let Some(first) = calls.first_mut() {
        sign(first, caller);
    }
    parts.extend(calls);
    let candidate = candidate(&parts, draft.finish_reason.map(|it| finish_reason(it, broken)));
    let mut root = json!({
        "candidates": [candidate],
        "modelVersion": draft.model.as_deref().unwrap_or(&caller.model),
        "responseId": draft.id.as_deref().unwrap_or(&caller.id),
    });
    if let Some(usage) = &draft.usage {
        root["usageMetadata"] = self::usage(usage);
    }
    root
}

fn candidate(parts: &[Value], finish_reason: Option<&str>) -> Value {
    let mut candidate = json!({"content": {"role": "model", "parts": parts}, "index": 0});
    if let Some(reason) = finish_reason {
        candidate["finishReason"] = Value::from(reason);
    }
    candidate
}

/// Whether all calls have arguments that the form can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arguments {
    Whole,
    Broken,
}

fn calls<'c>(all: impl Iterator<Item = &'c Called>) -> (Vec<Value>, Arguments) {
    let (mut parts, mut arguments) = (Vec::new(), Arguments::Whole);
    for call in all {
        match part(call) {
            Some(part) => parts.push(part),
            None => arguments = Arguments::Broken,
        }
    }
    (parts, arguments)
}

/// A call whose arguments are an object; others cannot be told.
fn part(call: &Called) -> Option<Value> {
    let text = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
    let args = object_of(text)?;
    Some(json!({"functionCall": {"name": call.name, "args": args}}))
}

/// The first call of a reply stands for a thought that nobody had, where the caller's own model will ask
/// for it.
fn sign(first: &mut Value, caller: &Caller) {
    match caller.thoughts {
        Thoughts::Demanded => first["thoughtSignature"] = Value::from(NO_THOUGHT),
        Thoughts::Free => {}
    }
}

fn finish_reason(reason: FinishReason, arguments: Arguments) -> &'static str {
    match (reason, arguments) {
        (FinishReason::Stop | FinishReason::ToolCalls, Arguments::Broken) => {
            "MALFORMED_FUNCTION_CALL"
        }
        (FinishReason::Stop | FinishReason::ToolCalls, Arguments::Whole) => "STOP",
        (FinishReason::Length, _) => "MAX_TOKENS",
        (FinishReason::ContentFilter, _) => "SAFETY",
        (FinishReason::Other, _) => "OTHER",
    }
}

/// Thoughts are counted beside the answer; ours are part of it.
fn usage(usage: &Usage) -> Value {
    let mut told = json!({
        "promptTokenCount": usage.input_tokens,
        "totalTokenCount": usage.input_tokens.saturating_add(usage.output_tokens),
    });
    // What is zero is left out, as Gemini does it.
    let counts = [
        ("cachedContentTokenCount", usage.cached_tokens),
        ("candidatesTokenCount", usage.output_tokens.saturating_sub(usage.reasoning_tokens)),
        ("thoughtsTokenCount", usage.reasoning_tokens),
    ];
    for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        told[name] = Value::from(count);
    }
    told
}

/// A chunk, as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'c, T> {
    candidates: [T; 1],
    model_version: &'c str,
    response_id: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_metadata: Option<Value>,
}

/// The candidate of a chunk that says more of the text.
#[derive(Serialize)]
struct Saying<'c> {
    content: Content<'c>,
    index: u8,
}

#[derive(Serialize)]
struct Content<'c> {
    role: &'static str,
    parts: [Text<'c>; 1],
}

#[derive(Serialize)]
struct Text<'c> {
    text: &'c str,
}

/// Chunks of a reply, as events or as items of a list. A tool call is told whole, as soon as another
/// follows it or words do: until then, and no longer, its arguments are held.
#[derive(Debug)]
pub(crate) struct Writer {
    caller: Caller,
    id: Option<String>,
    model: Option<String>,
    calls: Calls,
    /// The call that grows.
    open: Called,
    arguments: Arguments,
    /// Whether a call was told.
    called: bool,
    finish_reason: Option<FinishReason>,
    usage: Option<Usage>,
    began: bool,
    ended: bool,
}

impl Writer {
    pub(crate) fn new(caller: Caller) -> Self {
        Self {
            caller,
            id: None,
            model: None,
            calls: Calls::default(),
            open: Called::default(),
            arguments: Arguments::Whole,
            called: false,
            finish_reason: None,
            usage: None,
            began: false,
            ended: false,
        }
    }

    pub(crate) fn tell(&mut self, delta: Delta, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        match delta {
            Delta::Begin { id, model } => {
                self.id = self.id.take().or(id);
                self.model = self.model.take().or(model);
            }
            Delta::Thinks => {}
            Delta::Text(text) | Delta::Refusal(text) => {
                let ended = self.calls.give_way().unwrap_or_default();
                self.tell_calls(ended, out);
                let content = Content { role: "model", parts: [Text { text: &text }] };
                self.chunk(Saying { content, index: 0 }, out);
            }
            delta @ (Delta::Call { .. } | Delta::Arguments { .. }) => {
                let ready = self.calls.take(delta);
                self.tell_calls(ready, out);
                if self.calls.broken || self.open.arguments.len() > HELD_BYTES_MAX {
                    self.fail(&unreadable(), out);
                }
            }
            Delta::Usage(usage) => self.usage = Some(usage),
            Delta::Finish(reason) => self.finish_reason = Some(reason),
            Delta::Error(failure) => self.fail(&failure, out),
            Delta::Hole | Delta::Lost => self.fail(&unreadable(), out),
            Delta::End => self.end(out),
        }
    }

    /// Each call that has ended, in a chunk of its own.
    fn tell_calls(&mut self, ready: Vec<Ready>, out: &mut Vec<u8>) {
        for part in self.parts(ready) {
            self.chunk(candidate(&[part], None), out);
        }
    }

    /// The calls that have ended.
    fn parts(&mut self, ready: Vec<Ready>) -> Vec<Value> {
        let mut parts = Vec::new();
        for piece in ready {
            match piece {
                Ready::Begin { call, at: _ } => self.open = call,
                Ready::Grow { text } => self.open.arguments.push_str(&text),
                Ready::End => match part(&std::mem::take(&mut self.open)) {
                    Some(mut part) => {
                        if !std::mem::replace(&mut self.called, true) {
                            sign(&mut part, &self.caller);
                        }
                        parts.push(part);
                    }
                    None => self.arguments = Arguments::Broken,
                },
            }
        }
        parts
    }

    fn chunk(&mut self, candidate: impl Serialize, out: &mut Vec<u8>) {
        let chunk = Chunk {
            candidates: [candidate],
            model_version: self.model.as_deref().unwrap_or(&self.caller.model),
            response_id: self.id.as_deref().unwrap_or(&self.caller.id),
            usage_metadata: self.usage.as_ref().map(usage),
        };
        self.write(&chunk, out);
        self.began = true;
    }

    fn write(&self, chunk: &impl Serialize, out: &mut Vec<u8>) {
        match self.caller.framing {
            Framing::List | Framing::Whole => {
                out.extend_from_slice(if self.began { b",\r\n" } else { b"[" });
                out.extend_from_slice(&serde_json::to_vec(chunk).unwrap_or_default());
            }
            Framing::Events | Framing::EventsWithUsage => sse::write_json(out, "", chunk),
        }
    }

    /// The class's own status stands in the error, because the reply's was 200 long ago.
    fn fail(&mut self, failure: &Failure, out: &mut Vec<u8>) {
        let status = match failure.class {
            Class::Invalid | Class::TooLarge | Class::Blocked => 400,
            Class::Authentication => 401,
            Class::Permission => 403,
            Class::NotFound => 404,
            Class::RateLimit => 429,
            Class::Server => 500,
            Class::Overloaded => 503,
            Class::Timeout => 504,
        };
        self.write(&error::written(status, failure.class, &failure.message), out);
        self.close(out);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let ready = self.calls.finish();
        let mut parts = self.parts(ready);
        if parts.is_empty() {
            // Callers join the texts of all chunks: a chunk without a part has none to join.
            parts.push(json!({"text": ""}));
        }
        let reason = self.finish_reason.map(|it| finish_reason(it, self.arguments));
        self.chunk(candidate(&parts, reason), out);
        self.close(out);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        self.ended = true;
        match self.caller.framing {
            Framing::List | Framing::Whole => out.extend_from_slice(b"]"),
            Framing::Events | Framing::EventsWithUsage => {}
        }
    }
}
