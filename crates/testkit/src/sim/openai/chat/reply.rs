//! What is written in Chat Completions: completions and chunks.

use super::super::{CREATED_S, EVENTS};
use crate::sim::{
    answers::Said,
    question::{Ending, Format, JSON, Told, no_stream, split},
};
use exchange::ToolCall;
use serde_json::{Value, json};

pub(crate) static WHOLE: Format = Format { content_type: JSON, write: whole, error: no_stream };
pub(crate) static STREAM: Format =
    Format { content_type: EVENTS, write: |told| events(told, Usage::Untold), error: event };
pub(crate) static STREAM_WITH_USAGE: Format =
    Format { content_type: EVENTS, write: |told| events(told, Usage::Told), error: event };

/// Whether a stream tells what was used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Usage {
    Told,
    Untold,
}

fn whole(told: &Told<'_>) -> Vec<String> {
    let message = match &told.said {
        Said::Text(text) => json!({"role": "assistant", "content": text, "refusal": null}),
        Said::Tools(calls) => {
            let calls = calls.iter().enumerate().map(|(index, call)| tool(told, index, call));
            let calls = calls.collect::<Vec<_>>();
            json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": calls})
        }
    };
    let completion = json!({
        "id": id(told), "object": "chat.completion", "created": CREATED_S,
        "model": told.question.model,
        "choices": [{
            "index": 0, "message": message, "logprobs": null, "finish_reason": finish(told),
        }],
        "usage": usage(told),
        "service_tier": "default", "system_fingerprint": "fp_simulated",
    });
    vec![completion.to_string()]
}

fn events(told: &Told<'_>, tells: Usage) -> Vec<String> {
    let mut deltas = vec![json!({"role": "assistant", "content": "", "refusal": null})];
    match &told.said {
        Said::Text(text) => deltas.extend(split(text).map(|piece| json!({"content": piece}))),
        Said::Tools(calls) => {
            deltas[0]["content"] = Value::Null;
            for (index, call) in calls.iter().enumerate() {
                deltas.extend(fragments(told, index, call));
            }
        }
    }
    let end = json!([{"index": 0, "delta": {}, "logprobs": null, "finish_reason": finish(told)}]);
    let choices = deltas.into_iter().map(
        |delta| json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]),
    );
    let mut events = Vec::new();
    for choices in choices.chain([end]) {
        let mut chunk = chunk(told, choices);
        if tells == Usage::Told {
            chunk["usage"] = Value::Null;
        }
        events.push(event(&chunk));
    }
    if tells == Usage::Told {
        let mut chunk = chunk(told, json!([]));
        chunk["usage"] = usage(told);
        events.push(event(&chunk));
    }
    events.push("data: [DONE]\n\n".to_owned());
    events
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

fn chunk(told: &Told<'_>, choices: Value) -> Value {
    json!({
        "id": id(told), "object": "chat.completion.chunk", "created": CREATED_S,
        "model": told.question.model, "service_tier": "default",
        "system_fingerprint": "fp_simulated", "choices": choices,
    })
}

fn id(told: &Told<'_>) -> String {
    format!("chatcmpl-{}", told.digest)
}

fn tool(told: &Told<'_>, index: usize, call: &ToolCall) -> Value {
    json!({
        "id": format!("call_{}{index}", told.digest), "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    })
}

/// The call's name first, then its arguments bit by bit, as providers do.
fn fragments(told: &Told<'_>, index: usize, call: &ToolCall) -> Vec<Value> {
    let mut first = tool(told, index, &ToolCall { arguments: String::new(), ..call.clone() });
    first["index"] = json!(index);
    let rest = split(&call.arguments)
        .map(|piece| json!({"index": index, "function": {"arguments": piece}}));
    [first].into_iter().chain(rest).map(|part| json!({"tool_calls": [part]})).collect()
}

/// A function that the caller had named is called because of that, which is no reason to stop.
fn finish(told: &Told<'_>) -> &'static str {
    let is_named = told.question.body["tool_choice"]["type"] == "function";
    match (&told.ending, &told.said) {
        (Ending::Blocked, _) => "content_filter",
        (Ending::Cut, _) => "length",
        (Ending::Done | Ending::Stopped(_), Said::Text(_)) => "stop",
        (Ending::Done | Ending::Stopped(_), Said::Tools(_)) if is_named => "stop",
        (Ending::Done | Ending::Stopped(_), Said::Tools(_)) => "tool_calls",
    }
}

fn usage(told: &Told<'_>) -> Value {
    let used = &told.used;
    json!({
        "prompt_tokens": used.input,
        "completion_tokens": used.output,
        "total_tokens": used.input + used.output,
        "prompt_tokens_details": {"cached_tokens": used.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": used.thought},
    })
}
