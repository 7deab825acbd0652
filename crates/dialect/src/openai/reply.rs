use super::{error, message};
use crate::{
    delta::{Delta, Each},
    fields::{nonempty, text},
    responses,
};
use exchange::{FinishReason, ServiceTier, Usage, UsageSource};
use serde_json::Value;

/// A reply that came whole: of Chat Completions, of Responses, or of an endpoint that only counts.
pub(crate) fn whole(root: &Value, each: Each<'_>) {
    if text(root, "object") == Some("response") {
        return responses::reply::whole(root, each);
    }
    each(Delta::Begin { id: nonempty(root.get("id")), model: model(root) });
    let choice = root.pointer("/choices/0").unwrap_or(&Value::Null);
    let said = choice.get("message").unwrap_or(&Value::Null);
    message::text(said.get("content")).map(Delta::Text).map(&mut *each);
    nonempty(said.get("refusal")).map(Delta::Refusal).map(&mut *each);
    let mut calls_tools = false;
    for (at, (id, call)) in (0..).zip(message::calls_with_ids(said)) {
        calls_tools |= !call.name.is_empty();
        each(Delta::Call { at, id, name: Some(call.name) });
        each(Delta::Arguments { at, text: call.arguments });
    }
    usage(root).map(Delta::Usage).map(&mut *each);
    error::read(root).map(Delta::Error).map(&mut *each);
    finish_reason(choice, calls_tools).map(Delta::Finish).map(&mut *each);
    each(Delta::End);
}

pub(crate) fn model(root: &Value) -> Option<String> {
    nonempty(root.get("model"))
}

/// Where the caller has named the function to be called, the form says `stop` all the same.
pub(crate) fn finish_reason(choice: &Value, calls_tools: bool) -> Option<FinishReason> {
    Some(match choice.get("finish_reason")?.as_str()? {
        // The others are what servers of open models say.
        "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" if calls_tools => {
            FinishReason::ToolCalls
        }
        "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" => FinishReason::Stop,
        "length" | "model_length" | "max_tokens" => FinishReason::Length,
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
    let total = count("/total_tokens");
    let answer = count("/completion_tokens").or_else(|| total?.checked_sub(input_tokens))?;
    let reasoning = count("/completion_tokens_details/reasoning_tokens").unwrap_or(0);
    // Some count reasoning beside the answer: their total tells.
    let both = answer.saturating_add(reasoning);
    let is_beside = total.is_some_and(|total| total == input_tokens.saturating_add(both));
    let output_tokens = if is_beside { both } else { answer };
    let cached = count("/prompt_tokens_details/cached_tokens").unwrap_or(0).min(input_tokens);
    let cache_write = count("/prompt_tokens_details/cache_write_tokens").unwrap_or(0);
    Some(Usage {
        input_tokens,
        cached_tokens: cached,
        cache_write_tokens: cache_write.min(input_tokens - cached),
        output_tokens,
        reasoning_tokens: reasoning.min(output_tokens),
        tier: tier(root),
        ..Usage::none(UsageSource::Reported)
    })
}

/// Flex processing is charged like the Batch API.
pub(crate) fn tier(root: &Value) -> ServiceTier {
    match root.get("service_tier").and_then(Value::as_str) {
        Some("flex" | "batch") => ServiceTier::Batch,
        Some(_) | None => ServiceTier::Standard,
    }
}

/// The same, as replies of both forms say it.
pub(crate) fn tier_name(usage: Option<&Usage>) -> &'static str {
    match usage.map_or(ServiceTier::Standard, |usage| usage.tier) {
        ServiceTier::Standard => "default",
        ServiceTier::Batch => "flex",
    }
}
