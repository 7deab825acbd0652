//! What is written in Messages: a message, and the events of its making.

use crate::sim::{
    answers::Said,
    question::{Ending, Format, JSON, Thinking, Told, no_stream, split},
};
use serde_json::{Value, json};

const EVENTS: &str = "text/event-stream; charset=utf-8";

pub(crate) static WHOLE: Format = Format { content_type: JSON, write: whole, error: no_stream };
pub(crate) static STREAM: Format =
    Format { content_type: EVENTS, write: events, error: |error| event("error", error) };
pub(crate) static COUNT: Format = Format { content_type: JSON, write: count, error: no_stream };

fn count(told: &Told<'_>) -> Vec<String> {
    vec![json!({"input_tokens": told.question.input_tokens()}).to_string()]
}

fn whole(told: &Told<'_>) -> Vec<String> {
    let (reason, sequence) = stop(told);
    let mut message = message(told, usage(told, told.used.output));
    message["content"] = json!(content(told));
    message["stop_reason"] = json!(reason);
    message["stop_sequence"] = json!(sequence);
    vec![message.to_string()]
}

fn message(told: &Told<'_>, usage: Value) -> Value {
    json!({
        "id": format!("msg_{}", &told.digest[..24]), "type": "message", "role": "assistant",
        "model": told.question.model, "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": usage,
    })
}

/// What was used when so many tokens were put out. `input_tokens` leaves out what a cache had to do
/// with.
fn usage(told: &Told<'_>, output_tokens: u64) -> Value {
    let mut usage = counters(told, output_tokens);
    let used = &told.used;
    usage["cache_creation"] = json!({
        "ephemeral_5m_input_tokens": used.written_5m, "ephemeral_1h_input_tokens": used.written_1h,
    });
    usage["service_tier"] = json!("standard");
    usage
}

fn counters(told: &Told<'_>, output_tokens: u64) -> Value {
    let used = &told.used;
    json!({
        "input_tokens": used.uncached(), "cache_read_input_tokens": used.cached,
        "cache_creation_input_tokens": used.written_5m + used.written_1h,
        "output_tokens": output_tokens,
    })
}

fn content(told: &Told<'_>) -> Vec<Value> {
    let thought = told.thought.iter().map(|thought| match told.question.thinking {
        // The signature of what is not shown.
        Thinking::Hidden => {
            json!({"type": "thinking", "thinking": "", "signature": Told::signature(thought)})
        }
        Thinking::No | Thinking::Shown => {
            json!({"type": "thinking", "thinking": thought, "signature": Told::signature(thought)})
        }
    });
    match &told.said {
        // An answer that says nothing has no block.
        Said::Text(text) if text.is_empty() => thought.collect(),
        Said::Text(text) => thought.chain([json!({"type": "text", "text": text})]).collect(),
        Said::Tools(calls) => {
            let uses = calls.iter().enumerate().map(|(index, call)| {
                let input = serde_json::from_str::<Value>(&call.arguments);
                json!({
                    "type": "tool_use", "id": format!("toolu_{}{index}", &told.digest[..23]),
                    "name": call.name, "input": input.unwrap_or_else(|_| json!({})),
                })
            });
            thought.chain(uses).collect()
        }
    }
}

fn stop<'a>(told: &'a Told<'_>) -> (&'static str, Option<&'a str>) {
    match (&told.ending, &told.said) {
        (Ending::Blocked, _) => ("refusal", None),
        (Ending::Cut, _) => ("max_tokens", None),
        (Ending::Stopped(sequence), _) => ("stop_sequence", Some(sequence)),
        (Ending::Done, Said::Text(_)) => ("end_turn", None),
        (Ending::Done, Said::Tools(_)) => ("tool_use", None),
    }
}

fn event(kind: &str, data: &Value) -> String {
    format!("event: {kind}\ndata: {data}\n\n")
}

fn events(told: &Told<'_>) -> Vec<String> {
    let mut events = Vec::new();
    let mut tell = |kind: &str, mut data: Value| {
        data["type"] = json!(kind);
        events.push(event(kind, &data));
    };
    // One token is put out by then.
    tell("message_start", json!({"message": message(told, usage(told, 1))}));
    for (index, block) in content(told).iter().enumerate() {
        let (start, deltas) = parts(block);
        tell("content_block_start", json!({"index": index, "content_block": start}));
        // A sign of life may stand anywhere.
        tell("ping", json!({}));
        for delta in deltas {
            tell("content_block_delta", json!({"index": index, "delta": delta}));
        }
        tell("content_block_stop", json!({"index": index}));
    }
    let (reason, sequence) = stop(told);
    let delta = json!({"stop_reason": reason, "stop_sequence": sequence});
    // Not what came since: all that was used.
    let usage = counters(told, told.used.output);
    tell("message_delta", json!({"delta": delta, "usage": usage}));
    tell("message_stop", json!({}));
    events
}

/// A block as it begins, and what comes bit by bit.
fn parts(block: &Value) -> (Value, Vec<Value>) {
    let of = |field: &str| block[field].as_str().unwrap_or_default();
    let mut start = block.clone();
    let deltas = match block["type"].as_str() {
        Some("thinking") => {
            start["thinking"] = json!("");
            start["signature"] = json!("");
            let thought = split(of("thinking"))
                .map(|piece| json!({"type": "thinking_delta", "thinking": piece}));
            let signature = json!({"type": "signature_delta", "signature": of("signature")});
            thought.chain([signature]).collect()
        }
        Some("tool_use") => {
            start["input"] = json!({});
            // The first bit is empty.
            let input = block["input"].to_string();
            let pieces = [""].into_iter().chain(split(&input));
            pieces.map(|piece| json!({"type": "input_json_delta", "partial_json": piece})).collect()
        }
        Some(_) | None => {
            start["text"] = json!("");
            split(of("text")).map(|piece| json!({"type": "text_delta", "text": piece})).collect()
        }
    };
    (start, deltas)
}
