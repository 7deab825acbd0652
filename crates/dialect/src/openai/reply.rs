use super::{error, message, stream};
use crate::content;
use exchange::{FinishReason, Headers, Reply, Usage, UsageSource};
use serde_json::Value;

pub(crate) fn read(status: u16, headers: &Headers, body: &[u8]) -> Reply {
    let (body, stopped) = content::decode_prefix(headers, body, content::DECODED_BYTES_MAX);
    let mut reply = if is_stream(headers, &body) {
        let mut reader = stream::Reader::default();
        reader.push(&body);
        reader.finish()
    } else {
        read_json(&body)
    };
    if status >= 400 && reply.error.is_none() {
        reply.error = Some(error::foreign(status, &body));
    }
    reply.complete &= stopped.is_none() && reply.error.is_none();
    reply
}

/// By the content type; by the first bytes only where there is none.
fn is_stream(headers: &Headers, body: &[u8]) -> bool {
    match headers.get("content-type") {
        Some(kind) => kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream"),
        None => [&b"data:"[..], b"event:", b":"].iter().any(|start| body.starts_with(start)),
    }
}

fn read_json(body: &[u8]) -> Reply {
    let Ok(root) = serde_json::from_slice::<Value>(body) else { return Reply::default() };
    let choice = root.pointer("/choices/0").unwrap_or(&Value::Null);
    let said = choice.get("message").unwrap_or(&Value::Null);
    let finish_reason = finish_reason(choice);
    Reply {
        model: model(&root),
        text: message::text(said.get("content")),
        tool_calls: message::tool_calls(said),
        finish_reason,
        refusal: nonempty(said.get("refusal")),
        usage: usage(&root),
        error: error::read(&root),
        complete: finish_reason.is_some(),
    }
}

pub(crate) fn model(root: &Value) -> Option<String> {
    nonempty(root.get("model"))
}

pub(crate) fn finish_reason(choice: &Value) -> Option<FinishReason> {
    Some(match choice.get("finish_reason")?.as_str()? {
        "stop" => FinishReason::Stop,
        "length" | "model_length" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        _ => FinishReason::Other,
    })
}

/// What was used. `prompt_tokens` includes the cached ones, as ours does.
pub(crate) fn usage(root: &Value) -> Option<Usage> {
    let usage = root.get("usage")?;
    let count = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64);
    let input_tokens = count("/prompt_tokens")?;
    let output_tokens = count("/completion_tokens")
        .or_else(|| count("/total_tokens")?.checked_sub(input_tokens))?;
    let cached = count("/prompt_tokens_details/cached_tokens").unwrap_or(0).min(input_tokens);
    let cache_write = count("/prompt_tokens_details/cache_write_tokens").unwrap_or(0);
    let reasoning = count("/completion_tokens_details/reasoning_tokens").unwrap_or(0);
    Some(Usage {
        input_tokens,
        cached_tokens: cached,
        cache_write_tokens: cache_write.min(input_tokens - cached),
        output_tokens,
        reasoning_tokens: reasoning.min(output_tokens),
        source: UsageSource::Reported,
    })
}

fn nonempty(value: Option<&Value>) -> Option<String> {
    value?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}
