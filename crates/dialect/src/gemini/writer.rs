//! A reply, as `generateContent` tells it: chunks have the form of a whole reply.

use super::error;
use crate::{
    delta::{Called, Delta, Draft},
    failure::{Class, Failure},
    sse,
    translate::{Caller, Framing, HELD_BYTES_MAX, object_of, unreadable},
};
use exchange::{FinishReason, Usage};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A whole reply.
pub(crate) fn whole(draft: &Draft, caller: &Caller) -> Value {
    let texts = [&draft.text, &draft.refusal].into_iter().filter(|text| !text.is_empty());
    let mut parts: Vec<Value> = texts.map(|text| json!({ "text": text })).collect();
    let (calls, broken) = calls(draft.named_calls());
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
        let text = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
        match object_of(text) {
            Some(args) => parts.push(json!({"functionCall": {"name": call.name, "args": args}})),
            None => arguments = Arguments::Broken,
        }
    }
    (parts, arguments)
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

/// Chunks of a reply, as events or as items of a list. Tool calls are told whole, with the last.
#[derive(Debug)]
pub(crate) struct Writer {
    caller: Caller,
    id: Option<String>,
    model: Option<String>,
    calls: BTreeMap<u64, Called>,
    held_bytes: usize,
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
            calls: BTreeMap::new(),
            held_bytes: 0,
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
            Delta::Text(text) | Delta::Refusal(text) => {
                let content = Content { role: "model", parts: [Text { text: &text }] };
                self.chunk(Saying { content, index: 0 }, out);
            }
            Delta::Call { at, id, name } => self.calls.entry(at).or_default().name(id, name),
            Delta::Arguments { at, text } => self.arguments(at, &text, out),
            Delta::Usage(usage) => self.usage = Some(usage),
            Delta::Finish(reason) => self.finish_reason = Some(reason),
            Delta::Error(failure) => self.fail(&failure, out),
            Delta::Hole | Delta::Lost => self.fail(&unreadable(), out),
            Delta::End => self.end(out),
        }
    }

    fn arguments(&mut self, at: u64, text: &str, out: &mut Vec<u8>) {
        self.held_bytes += text.len();
        if self.held_bytes > HELD_BYTES_MAX {
            return self.fail(&unreadable(), out);
        }
        self.calls.entry(at).or_default().arguments.push_str(text);
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
            Class::Invalid | Class::TooLarge => 400,
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
        let named = self.calls.values().filter(|call| !call.name.is_empty());
        let (mut parts, arguments) = calls(named);
        if parts.is_empty() {
            // Callers join the texts of all chunks: a chunk without a part has none to join.
            parts.push(json!({"text": ""}));
        }
        let reason = self.finish_reason.map(|it| finish_reason(it, arguments));
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
