//! What a response is made of, as it is written.

use crate::{delta::Called, translate::Caller};
use exchange::{FinishReason, Usage};
use serde_json::{Value, json};

pub(crate) fn head(caller: &Caller, id: Option<&str>, model: Option<&str>, status: &str) -> Value {
    json!({
        "id": caller.id(id, "resp_"),
        "object": "response",
        "created_at": caller.at_s(),
        "status": status,
        "error": null,
        "incomplete_details": null,
        "instructions": null,
        "metadata": {},
        "model": model.unwrap_or(&caller.model),
        "output": [],
        "parallel_tool_calls": true,
        "tool_choice": "auto",
        "tools": [],
        "store": false,
        "usage": null,
    })
}

/// The message of a response that has ended with `status`.
pub(crate) fn message(text: &str, refusal: &str, status: &str, caller: &Caller) -> Value {
    let mut content = Vec::new();
    if !text.is_empty() {
        content.push(output_text(text));
    }
    if !refusal.is_empty() {
        content.push(json!({"type": "refusal", "refusal": refusal}));
    }
    item(caller, status, content)
}

pub(crate) fn output_text(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

pub(crate) fn item(caller: &Caller, status: &str, content: Vec<Value>) -> Value {
    json!({
        "type": "message",
        "id": caller.id(None, "msg_"),
        "status": status,
        "role": "assistant",
        "content": content,
    })
}

pub(crate) fn function_call(call: &Called, at: u64, status: &str, caller: &Caller) -> Value {
    json!({
        "type": "function_call",
        "id": caller.call_id(None, "fc_", at),
        "call_id": caller.call_id(call.id.as_deref(), "call_", at),
        "name": call.name,
        "arguments": call.arguments,
        "status": status,
    })
}

/// The status of a response, and why it is incomplete.
pub(crate) fn ending(reason: Option<FinishReason>) -> (&'static str, Value) {
    match reason {
        Some(FinishReason::Length) => ("incomplete", json!({"reason": "max_output_tokens"})),
        Some(FinishReason::ContentFilter) => ("incomplete", json!({"reason": "content_filter"})),
        Some(FinishReason::Stop | FinishReason::ToolCalls | FinishReason::Other) | None => {
            ("completed", Value::Null)
        }
    }
}

/// `input_tokens` includes the cached ones, as ours does.
pub(crate) fn usage(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_tokens, "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens.saturating_add(usage.output_tokens),
    })
}
