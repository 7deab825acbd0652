//! A reply, as Messages tells it.

use super::error;
use crate::{
    delta::{Delta, Draft},
    failure::Failure,
    sse,
    translate::{Caller, Calls, HELD_BYTES_MAX, Ready, object_of, unreadable},
};
use exchange::{FinishReason, ServiceTier, Usage};
use serde::Serialize;
use serde_json::{Value, json};

/// A whole message.
pub(crate) fn whole(draft: &Draft, caller: &Caller) -> Value {
    let texts = [&draft.text, &draft.refusal].into_iter().filter(|text| !text.is_empty());
    let mut content: Vec<Value> = texts.map(|text| json!({"type": "text", "text": text})).collect();
    for (at, call) in (0..).zip(draft.named_calls()) {
        let input = input(&call.arguments);
        let id = caller.call_id(call.id.as_deref(), "toolu_", at);
        content.push(json!({"type": "tool_use", "id": id, "name": call.name, "input": input}));
    }
    json!({
        "id": caller.id(draft.id.as_deref(), "msg_"),
        "type": "message",
        "role": "assistant",
        "model": draft.model.as_deref().unwrap_or(&caller.model),
        "content": content,
        "stop_reason": draft.finish_reason.map(|it| stop_reason(it, !draft.refusal.is_empty())),
        "stop_sequence": null,
        "usage": usage(draft.usage.as_ref()),
    })
}

/// Arguments as an object. None at all are one without members; what is no object is put into one, because
/// the form has no other place for it.
fn input(arguments: &str) -> Value {
    let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
    object_of(arguments).map_or_else(|| json!({"arguments": arguments}), Value::Object)
}

fn stop_reason(reason: FinishReason, refused: bool) -> &'static str {
    match reason {
        FinishReason::ContentFilter => "refusal",
        FinishReason::Stop if refused => "refusal",
        FinishReason::Stop | FinishReason::Other => "end_turn",
        FinishReason::Length => "max_tokens",
        FinishReason::ToolCalls => "tool_use",
    }
}

/// Usage as a message tells it: with the lifetimes of what was written to a cache, and the tariff.
fn usage(usage: Option<&Usage>) -> Value {
    let mut told = counters(usage);
    told["cache_creation"] = lifetimes(usage);
    told["service_tier"] = usage.map_or(ServiceTier::Standard, |usage| usage.tier).name().into();
    told
}

/// Usage as the end of a stream tells it. What its beginning said too early, before anybody had counted,
/// is told there where it matters.
fn usage_at_end(usage: Option<&Usage>) -> Value {
    let mut told = counters(usage);
    if usage.is_some_and(|usage| usage.cache_write_1h_tokens > 0) {
        told["cache_creation"] = lifetimes(usage);
    }
    if let Some(tier) = usage.map(|usage| usage.tier).filter(|tier| *tier != ServiceTier::Standard)
    {
        told["service_tier"] = tier.name().into();
    }
    told
}

fn lifetimes(usage: Option<&Usage>) -> Value {
    let count = |of: fn(&Usage) -> u64| usage.map_or(0, of);
    json!({
        "ephemeral_5m_input_tokens":
            count(|it| it.cache_write_tokens.saturating_sub(it.cache_write_1h_tokens)),
        "ephemeral_1h_input_tokens": count(|it| it.cache_write_1h_tokens),
    })
}

/// `input_tokens` leaves out what was read from and written to the cache; ours includes both. The form
/// demands its counters: where nobody counted, they are zero.
fn counters(usage: Option<&Usage>) -> Value {
    let count = |of: fn(&Usage) -> u64| usage.map_or(0, of);
    json!({
        "input_tokens": count(|it| {
            it.input_tokens.saturating_sub(it.cached_tokens).saturating_sub(it.cache_write_tokens)
        }),
        "cache_creation_input_tokens": count(|it| it.cache_write_tokens),
        "cache_read_input_tokens": count(|it| it.cached_tokens),
        "output_tokens": count(|it| it.output_tokens),
    })
}

/// Events of a message, in the order that the form demands: one block after the other.
#[derive(Debug)]
pub(crate) struct Writer {
    caller: Caller,
    began: bool,
    ended: bool,
    /// The next block's index; the block before it may be open.
    next: u64,
    open: Open,
    calls: Calls,
    /// Words that came in the middle of a call's arguments: told behind the calls.
    later: String,
    refused: bool,
    finish_reason: Option<FinishReason>,
    usage: Option<Usage>,
}

/// More of a block, as it is written.
#[derive(Serialize)]
struct Grown<'g> {
    r#type: &'static str,
    index: u64,
    delta: Growth<'g>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Growth<'g> {
    TextDelta { text: &'g str },
    InputJsonDelta { partial_json: &'g str },
}

/// The block that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    None,
    Text,
    Call(Input),
}

/// What was told of a call's arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Nothing,
    /// They began as an object.
    Object,
    /// They did not: the text of them is in one, which is open.
    InObject,
}

/// The object into which arguments are put that are none.
const OBJECT_BEGINS: &str = "{\"arguments\":\"";
const OBJECT_ENDS: &str = "\"}";

impl Writer {
    pub(crate) fn new(caller: Caller) -> Self {
        Self {
            caller,
            began: false,
            ended: false,
            next: 0,
            open: Open::None,
            calls: Calls::default(),
            later: String::new(),
            refused: false,
            finish_reason: None,
            usage: None,
        }
    }

    pub(crate) fn tell(&mut self, delta: Delta, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        match delta {
            Delta::Begin { id, model } => self.begin(id.as_deref(), model.as_deref(), out),
            Delta::Thinks => {}
            Delta::Text(text) => self.text(&text, out),
            Delta::Refusal(text) => {
                self.refused = true;
                self.text(&text, out);
            }
            delta @ (Delta::Call { .. } | Delta::Arguments { .. }) => {
                self.begin(None, None, out);
                let ready = self.calls.take(delta);
                self.ready(ready, out);
                if self.calls.broken {
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

    fn begin(&mut self, id: Option<&str>, model: Option<&str>, out: &mut Vec<u8>) {
        if self.began {
            return;
        }
        self.began = true;
        let message = json!({
            "id": self.caller.id(id, "msg_"),
            "type": "message",
            "role": "assistant",
            "model": model.unwrap_or(&self.caller.model),
            "content": [],
            "stop_reason": null,
            "stop_sequence": null,
            "usage": usage(self.usage.as_ref()),
        });
        event(out, "message_start", &json!({"type": "message_start", "message": message}));
    }

    fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        self.begin(None, None, out);
        match self.calls.give_way() {
            Some(ready) => {
                self.later.push_str(text);
                self.ready(ready, out);
            }
            None if self.later.len() > HELD_BYTES_MAX => return self.fail(&unreadable(), out),
            None => return self.later.push_str(text),
        }
        let text = std::mem::take(&mut self.later);
        self.block_of_text(&text, out);
    }

    fn block_of_text(&mut self, text: &str, out: &mut Vec<u8>) {
        if self.open != Open::Text {
            self.start(&json!({"type": "text", "text": ""}), Open::Text, out);
        }
        self.grow(Growth::TextDelta { text }, out);
    }

    fn ready(&mut self, ready: Vec<Ready>, out: &mut Vec<u8>) {
        for piece in ready {
            match piece {
                Ready::Begin { at, call } => {
                    let id = self.caller.call_id(call.id.as_deref(), "toolu_", at);
                    let block =
                        json!({"type": "tool_use", "id": id, "name": call.name, "input": {}});
                    self.start(&block, Open::Call(Input::Nothing), out);
                }
                Ready::Grow { text } => self.arguments(&text, out),
                Ready::End => self.stop(out),
            }
        }
    }

    /// More of a call's arguments: what they are is seen by how they begin.
    fn arguments(&mut self, text: &str, out: &mut Vec<u8>) {
        let Open::Call(told) = self.open else { return };
        let input = match told {
            Input::Nothing if text.trim().is_empty() => return,
            Input::Nothing if text.trim_start().starts_with('{') => Input::Object,
            Input::Nothing => {
                self.input(OBJECT_BEGINS, out);
                Input::InObject
            }
            Input::Object | Input::InObject => told,
        };
        self.open = Open::Call(input);
        if input == Input::InObject {
            let quoted = Value::from(text).to_string();
            self.input(&quoted[1..quoted.len() - 1], out);
        } else {
            self.input(text, out);
        }
    }

    fn input(&self, partial_json: &str, out: &mut Vec<u8>) {
        self.grow(Growth::InputJsonDelta { partial_json }, out);
    }

    fn start(&mut self, block: &Value, open: Open, out: &mut Vec<u8>) {
        self.stop(out);
        let start =
            json!({"type": "content_block_start", "index": self.next, "content_block": block});
        event(out, "content_block_start", &start);
        // The provider of the form gives a sign of life by then.
        if self.next == 0 {
            event(out, "ping", &json!({"type": "ping"}));
        }
        self.next += 1;
        self.open = open;
    }

    fn grow(&self, delta: Growth<'_>, out: &mut Vec<u8>) {
        let (name, index) = ("content_block_delta", self.next.saturating_sub(1));
        sse::write_json(out, name, &Grown { r#type: name, index, delta });
    }

    fn stop(&mut self, out: &mut Vec<u8>) {
        if self.open == Open::Call(Input::InObject) {
            self.input(OBJECT_ENDS, out);
        }
        if self.open != Open::None {
            let index = self.next.saturating_sub(1);
            event(
                out,
                "content_block_stop",
                &json!({"type": "content_block_stop", "index": index}),
            );
            self.open = Open::None;
        }
    }

    fn fail(&mut self, failure: &Failure, out: &mut Vec<u8>) {
        self.ended = true;
        let mut error = error::event(failure.class, &failure.message);
        error["request_id"] = Value::from(format!("req_{}", self.caller.id));
        event(out, "error", &error);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.begin(None, None, out);
        let ready = self.calls.finish();
        self.ready(ready, out);
        if !self.later.is_empty() {
            let later = std::mem::take(&mut self.later);
            self.block_of_text(&later, out);
        }
        self.stop(out);
        let reason = self.finish_reason.map(|it| stop_reason(it, self.refused));
        let delta = json!({"stop_reason": reason, "stop_sequence": null});
        let usage = usage_at_end(self.usage.as_ref());
        let last = json!({"type": "message_delta", "delta": delta, "usage": usage});
        event(out, "message_delta", &last);
        event(out, "message_stop", &json!({"type": "message_stop"}));
        self.ended = true;
    }
}

fn event(out: &mut Vec<u8>, name: &str, data: &Value) {
    sse::write(out, name, data.to_string().as_bytes());
}
