//! A reply, as Chat Completions tells it.

use super::{error, reply};
use crate::{
    delta::{CALLS_MAX, Called, Delta, Draft},
    failure::Failure,
    sse,
    translate::{Caller, HELD_BYTES_MAX, unreadable},
};
use exchange::{FinishReason, Usage};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A whole completion.
pub(crate) fn whole(draft: &Draft, caller: &Caller) -> Value {
    let text = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
    let mut message =
        json!({"role": "assistant", "content": draft.text, "refusal": text(&draft.refusal)});
    if !draft.refusal.is_empty() || draft.named_calls().next().is_some() {
        message["content"] = text(&draft.text);
    }
    let calls = (0..).zip(draft.named_calls()).map(|(at, call)| written(call, at, caller));
    let calls: Vec<Value> = calls.collect();
    if !calls.is_empty() {
        message["tool_calls"] = Value::Array(calls);
    }
    let finish_reason = draft.finish_reason.map(finish_reason);
    let choice =
        json!({"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason});
    let mut root = json!({
        "id": caller.id(draft.id.as_deref(), "chatcmpl-"),
        "object": "chat.completion",
        "created": caller.at_s(),
        "model": draft.model.as_deref().unwrap_or(&caller.model),
        "choices": [choice],
        "service_tier": reply::tier_name(draft.usage.as_ref()),
    });
    if let Some(usage) = &draft.usage {
        root["usage"] = self::usage(usage);
    }
    root
}

fn written(call: &Called, at: u64, caller: &Caller) -> Value {
    json!({
        "id": caller.call_id(call.id.as_deref(), "call_", at),
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    })
}

fn finish_reason(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop | FinishReason::Other => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter => "content_filter",
    }
}

/// `prompt_tokens` includes the cached ones, as ours does.
fn usage(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens.saturating_add(usage.output_tokens),
        "prompt_tokens_details": from_caches(usage),
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    })
}

/// A chunk, as it is written.
#[derive(Serialize)]
struct Chunk<'c> {
    id: &'c str,
    object: &'static str,
    created: i64,
    model: &'c str,
    service_tier: &'static str,
    choices: &'c [Choice<'c>],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Value>,
}

#[derive(Serialize)]
struct Choice<'c> {
    index: u8,
    delta: Piece<'c>,
    logprobs: (),
    finish_reason: Option<&'static str>,
}

/// What a chunk adds to the message.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Piece<'c> {
    Content(&'c str),
    Refusal(&'c str),
    ToolCalls([Value; 1]),
    #[serde(untagged)]
    Other(Value),
}

/// What of a prompt was read from and written to caches; not every provider of the form writes.
pub(crate) fn from_caches(usage: &Usage) -> Value {
    let mut details = json!({ "cached_tokens": usage.cached_tokens });
    if usage.cache_write_tokens > 0 {
        details["cache_write_tokens"] = Value::from(usage.cache_write_tokens);
    }
    details
}

/// Chunks of a completion.
#[derive(Debug)]
pub(crate) struct Writer {
    caller: Caller,
    /// Id and model, once they were told.
    named: Option<(String, String)>,
    /// The first chunk, which says who speaks, is out.
    began: bool,
    /// The places of tool calls, and what came of one before its name.
    calls: BTreeMap<u64, Place>,
    /// How many of them were told.
    told: u64,
    /// What of calls without a name is held.
    held_bytes: usize,
    finish_reason: Option<FinishReason>,
    usage: Option<Usage>,
    ended: bool,
}

#[derive(Debug)]
enum Place {
    /// Nothing can be told before the name.
    Unnamed(Called),
    Told(u64),
}

impl Writer {
    pub(crate) fn new(caller: Caller) -> Self {
        let calls = BTreeMap::new();
        Self {
            caller,
            named: None,
            began: false,
            calls,
            told: 0,
            held_bytes: 0,
            finish_reason: None,
            usage: None,
            ended: false,
        }
    }

    pub(crate) fn tell(&mut self, delta: Delta, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        match delta {
            Delta::Begin { id, model } => self.name(id.as_deref(), model),
            Delta::Thinks => {}
            Delta::Text(text) => self.say(Piece::Content(&text), out),
            Delta::Refusal(text) => self.say(Piece::Refusal(&text), out),
            Delta::Call { at, id, name } => self.call(at, id, name, out),
            Delta::Arguments { at, text } => self.arguments(at, text, out),
            Delta::Usage(usage) => self.usage = Some(usage),
            Delta::Finish(reason) => self.finish_reason = Some(reason),
            Delta::Error(failure) => self.fail(&failure, out),
            Delta::Hole | Delta::Lost => self.fail(&unreadable(), out),
            Delta::End => self.end(out),
        }
    }

    fn name(&mut self, id: Option<&str>, model: Option<String>) {
        if self.named.is_none() {
            let model = model.unwrap_or_else(|| self.caller.model.clone());
            self.named = Some((self.caller.id(id, "chatcmpl-"), model));
        }
    }

    /// The first chunk waits for the second: a message has a text, or calls and none.
    fn begin(&mut self, content: Option<&str>, out: &mut Vec<u8>) {
        self.name(None, None);
        if !std::mem::replace(&mut self.began, true) {
            let role = json!({"role": "assistant", "content": content, "refusal": null});
            self.choose(Piece::Other(role), None, out);
        }
    }

    fn say(&mut self, piece: Piece<'_>, out: &mut Vec<u8>) {
        match piece {
            Piece::ToolCalls(_) => self.begin(None, out),
            Piece::Content(_) | Piece::Refusal(_) | Piece::Other(_) => self.begin(Some(""), out),
        }
        self.choose(piece, None, out);
    }

    fn choose(&self, delta: Piece<'_>, finish_reason: Option<&'static str>, out: &mut Vec<u8>) {
        let choice = Choice { index: 0, delta, logprobs: (), finish_reason };
        self.chunk(&[choice], Value::Null, out);
    }

    /// With an event about usage behind it, every other says that it has none.
    fn chunk(&self, choices: &[Choice<'_>], usage: Value, out: &mut Vec<u8>) {
        let (id, model) = self.named.as_ref().map_or(("", ""), |(id, model)| (id, model));
        let chunk = Chunk {
            id,
            object: "chat.completion.chunk",
            created: self.caller.at_s(),
            model,
            service_tier: reply::tier_name(self.usage.as_ref()),
            choices,
            usage: self.caller.wants_usage().then_some(usage),
        };
        sse::write_json(out, "", &chunk);
    }

    fn call(&mut self, at: u64, id: Option<String>, name: Option<String>, out: &mut Vec<u8>) {
        if self.calls.len() == CALLS_MAX && !self.calls.contains_key(&at) {
            return self.fail(&unreadable(), out);
        }
        let place = self.calls.entry(at).or_insert_with(|| Place::Unnamed(Called::default()));
        let Place::Unnamed(call) = place else { return };
        call.name(id, name);
        if !call.name.is_empty() {
            let (index, call) = (self.told, std::mem::take(call));
            self.held_bytes = self.held_bytes.saturating_sub(call.arguments.len());
            *place = Place::Told(index);
            self.told += 1;
            let mut written = written(&call, index, &self.caller);
            written["index"] = Value::from(index);
            self.say(Piece::ToolCalls([written]), out);
        }
    }

    fn arguments(&mut self, at: u64, text: String, out: &mut Vec<u8>) {
        let place = self.calls.entry(at).or_insert_with(|| Place::Unnamed(Called::default()));
        match place {
            Place::Unnamed(_) if self.held_bytes > HELD_BYTES_MAX => self.fail(&unreadable(), out),
            Place::Unnamed(call) => {
                self.held_bytes += text.len();
                call.arguments.push_str(&text);
            }
            Place::Told(index) => {
                let piece = json!({"index": index, "function": {"arguments": text}});
                self.say(Piece::ToolCalls([piece]), out);
            }
        }
    }

    fn fail(&mut self, failure: &Failure, out: &mut Vec<u8>) {
        self.ended = true;
        let kind = error::name(failure.class);
        // The code is another provider's word, which no caller of this one looks for.
        let error = json!({"message": failure.message, "type": kind, "param": null, "code": null});
        sse::write(out, "", json!({ "error": error }).to_string().as_bytes());
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.begin(Some(""), out);
        self.choose(Piece::Other(json!({})), self.finish_reason.map(finish_reason), out);
        if let (true, Some(used)) = (self.caller.wants_usage(), &self.usage) {
            self.chunk(&[], usage(used), out);
        }
        sse::write(out, "", b"[DONE]");
        self.ended = true;
    }
}
