use crate::{
    delta::{Delta, Each},
    fields::{items, nonempty, text},
    openai,
};
use exchange::{FinishReason, Usage, UsageSource};
use serde_json::Value;

/// A response that came whole.
pub(crate) fn whole(response: &Value, each: Each<'_>) {
    begin(response, each);
    for (at, item) in (0..).zip(items(response, "output")) {
        of_item(at, item, each);
    }
    end(response, calls_tools(response), each);
}

pub(crate) fn begin(response: &Value, each: Each<'_>) {
    each(Delta::Begin { id: nonempty(response.get("id")), model: nonempty(response.get("model")) });
}

/// What an item of the output says. Reasoning is not part of the answer.
pub(crate) fn of_item(at: u64, item: &Value, each: Each<'_>) {
    match text(item, "type") {
        Some("message") => {
            for part in items(item, "content") {
                nonempty(part.get("text")).map(Delta::Text).map(&mut *each);
                nonempty(part.get("refusal")).map(Delta::Refusal).map(&mut *each);
            }
        }
        Some("function_call" | "custom_tool_call") => {
            call(at, item, each);
            let said = nonempty(item.get("arguments")).or_else(|| nonempty(item.get("input")));
            said.map(|text| Delta::Arguments { at, text }).map(&mut *each);
        }
        Some(_) | None => {}
    }
}

/// The beginning of a tool call, where an item is one.
pub(crate) fn call(at: u64, item: &Value, each: Each<'_>) -> bool {
    let is_call = matches!(text(item, "type"), Some("function_call" | "custom_tool_call"));
    if is_call {
        each(Delta::Call {
            at,
            id: nonempty(item.get("call_id")),
            name: nonempty(item.get("name")),
        });
    }
    is_call
}

pub(crate) fn calls_tools(response: &Value) -> bool {
    let is_call =
        |item: &Value| matches!(text(item, "type"), Some("function_call" | "custom_tool_call"));
    items(response, "output").any(is_call)
}

/// What was used, why it ended, and whether it ended at all.
pub(crate) fn end(response: &Value, calls_tools: bool, each: Each<'_>) {
    usage(response).map(Delta::Usage).map(&mut *each);
    openai::error::read(response).map(Delta::Error).map(&mut *each);
    finish_reason(response, calls_tools).map(Delta::Finish).map(&mut *each);
    each(Delta::End);
}

fn finish_reason(response: &Value, calls_tools: bool) -> Option<FinishReason> {
    Some(match text(response, "status")? {
        "completed" if calls_tools => FinishReason::ToolCalls,
        "completed" => FinishReason::Stop,
        "incomplete" => {
            match response.pointer("/incomplete_details/reason").and_then(Value::as_str) {
                Some("max_output_tokens") => FinishReason::Length,
                Some("content_filter") => FinishReason::ContentFilter,
                Some(_) | None => FinishReason::Other,
            }
        }
        _ => return None,
    })
}

/// What was used. `input_tokens` includes the cached ones, as ours does.
fn usage(response: &Value) -> Option<Usage> {
    let usage = response.get("usage")?;
    let count = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64);
    let (input_tokens, output_tokens) = (count("/input_tokens")?, count("/output_tokens")?);
    let cached = count("/input_tokens_details/cached_tokens").unwrap_or(0).min(input_tokens);
    let cache_write = count("/input_tokens_details/cache_write_tokens").unwrap_or(0);
    let reasoning = count("/output_tokens_details/reasoning_tokens").unwrap_or(0);
    Some(Usage {
        input_tokens,
        cached_tokens: cached,
        cache_write_tokens: cache_write.min(input_tokens - cached),
        output_tokens,
        reasoning_tokens: reasoning.min(output_tokens),
        tier: openai::reply::tier(response),
        ..Usage::none(UsageSource::Reported)
    })
}
