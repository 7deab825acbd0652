//! What a response is made of, as it is written.

use crate::{delta::Called, fields::Fields, openai, translate::Caller};
use exchange::{FinishReason, Usage};
use serde_json::{Map, Value, json};

/// What a response repeats of its call. `store` is not among them: nothing of it is kept.
const REPEATED: [&str; 15] = [
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "truncation",
    "user",
];

/// What replies to a call will repeat of it.
pub(crate) fn repeated(fields: &Fields) -> Map<String, Value> {
    let given = REPEATED.iter().filter_map(|name| Some((*name, fields.get(name)?)));
    given.map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

/// A response at a moment, before anything is said and used. What the call left open is as the form's
/// provider has it then.
pub(crate) fn head(caller: &Caller, id: Option<&str>, model: Option<&str>, status: &str) -> Value {
    let mut head = json!({
        "id": caller.id(id, "resp_"),
        "object": "response",
        "created_at": caller.at_s(),
        "status": status,
        "background": false,
        "error": null,
        "incomplete_details": null,
        "instructions": null,
        "max_output_tokens": null,
        "max_tool_calls": null,
        "metadata": {},
        "model": model.unwrap_or(&caller.model),
        "output": [],
        "parallel_tool_calls": true,
        "previous_response_id": null,
        "prompt_cache_key": null,
        "reasoning": {"effort": null, "summary": null},
        "safety_identifier": null,
        "service_tier": "default",
        "store": false,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": null,
        "user": null,
    });
    for (name, value) in &caller.repeated {
        match (&mut head[name.as_str()], value) {
            (_, Value::Null) => {}
            (Value::Object(open), Value::Object(said)) => open.extend(said.clone()),
            (open, said) => *open = said.clone(),
        }
    }
    head
}

/// What was used, and at which tariff.
pub(crate) fn add_usage(response: &mut Value, used: Option<&Usage>) {
    response["usage"] = used.map_or(Value::Null, usage);
    response["service_tier"] = openai::reply::tier_name(used).into();
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
fn usage(usage: &Usage) -> Value {
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
