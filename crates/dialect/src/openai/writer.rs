//! A reply, as Chat Completions tells it.

use super::error;
use crate::{
    delta::{Called, Delta, Draft},
    failure::Failure,
    sse,
    translate::{Caller, HELD_BYTES_MAX, unreadable},
};
use exchange::{FinishReason, Usage};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A whole completion.
pub(crate) fn whole(draft: &Draft, caller: &Caller) -> Value {
    let text = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
    let mut message =
        json!({"role": "assistant", "content": text(&draft.text), "refusal": text(&draft.refusal)});
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
    /// The places of tool calls, and what came of one before its name.
    calls: BTreeMap<u64, Place>,
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
            calls,
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
            Delta::Begin { id, model } => self.begin(id.as_deref(), model, out),
            Delta::Thinks => {}
            Delta::Text(text) => self.say(json!({ "content": text }), out),
            Delta::Refusal(text) => self.say(json!({ "refusal": text }), out),
            Delta::Call { at, id, name } => self.call(at, id, name, out),
            Delta::Arguments { at, text } => self.arguments(at, text, out),
            Delta::Usage(usage) => self.usage = Some(usage),
            Delta::Finish(reason) => self.finish_reason = Some(reason),
            Delta::Error(failure) => self.fail(&failure, out),
            Delta::Hole | Delta::Lost => self.fail(&unreadable(), out),
            Delta::End => self.end(out),
        }
    }

    fn begin(&mut self, id: Option<&str>, model: Option<String>, out: &mut Vec<u8>) {
        if self.named.is_none() {
            let model = model.unwrap_or_else(|| self.caller.model.clone());
            self.named = Some((self.caller.id(id, "chatcmpl-"), model));
            self.say(json!({"role": "assistant", "content": "", "refusal": null}), out);
        }
    }

    fn say(&mut self, delta: Value, out: &mut Vec<u8>) {
        self.begin(None, None, out);
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": null});
        self.chunk(json!([choice]), &Value::Null, out);
    }

    /// With an event about usage behind it, every other says that it has none.
    fn chunk(&self, choices: Value, usage: &Value, out: &mut Vec<u8>) {
        let (id, model) = self.named.clone().unwrap_or_default();
        let mut chunk = json!({
            "id": id,
            "object": "chat.completion.chunk",
            "created": self.caller.at_s(),
            "model": model,
            "choices": choices,
        });
        if self.caller.wants_usage() {
            chunk["usage"] = usage.clone();
        }
        sse::write(out, "", chunk.to_string().as_bytes());
    }

    fn call(&mut self, at: u64, id: Option<String>, name: Option<String>, out: &mut Vec<u8>) {
        let told = self.calls.values().filter(|place| matches!(place, Place::Told(_))).count();
        let place = self.calls.entry(at).or_insert_with(|| Place::Unnamed(Called::default()));
        let Place::Unnamed(call) = place else { return };
        call.name(id, name);
        if !call.name.is_empty() {
            let (index, call) = (told as u64, std::mem::take(call));
            self.held_bytes = self.held_bytes.saturating_sub(call.arguments.len());
            *place = Place::Told(index);
            let mut written = written(&call, index, &self.caller);
            written["index"] = Value::from(index);
            self.say(json!({"tool_calls": [written]}), out);
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
                self.say(json!({"tool_calls": [piece]}), out);
            }
        }
    }

    fn fail(&mut self, failure: &Failure, out: &mut Vec<u8>) {
        self.ended = true;
        let kind = error::name(failure.class);
        let error =
            json!({"message": failure.message, "type": kind, "param": null, "code": failure.code});
        sse::write(out, "", json!({ "error": error }).to_string().as_bytes());
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.begin(None, None, out);
        let reason = self.finish_reason.map(finish_reason);
        let choice = json!({"index": 0, "delta": {}, "logprobs": null, "finish_reason": reason});
        self.chunk(json!([choice]), &Value::Null, out);
        if let (true, Some(used)) = (self.caller.wants_usage(), &self.usage) {
            self.chunk(json!([]), &usage(used), out);
        }
        sse::write(out, "", b"[DONE]");
        self.ended = true;
    }
}
