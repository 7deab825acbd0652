use super::error;
use crate::{
    delta::{Delta, Each},
    fields::{items, nonempty, text},
};
use exchange::{FinishReason, ServiceTier, Usage, UsageSource};
use serde_json::Value;

/// A message that came whole.
pub(crate) fn whole(root: &Value, each: Each<'_>) {
    each(Delta::Begin { id: nonempty(root.get("id")), model: nonempty(root.get("model")) });
    for (at, block) in (0..).zip(items(root, "content")) {
        match text(block, "type") {
            Some("text") => {
                nonempty(block.get("text")).map(Delta::Text).map(&mut *each);
            }
            Some("tool_use") => {
                let (id, name) = (nonempty(block.get("id")), nonempty(block.get("name")));
                each(Delta::Call { at, id, name });
                let input = block.get("input").filter(|input| !input.is_null());
                each(Delta::Arguments {
                    at,
                    text: input.map_or_else(|| "{}".to_owned(), Value::to_string),
                });
            }
            // Thinking, and what tools of the provider say, is not the answer.
            Some(_) | None => {}
        }
    }
    let mut counters = Counters::default();
    counters.take(root.get("usage"), UsageSource::Reported).map(Delta::Usage).map(&mut *each);
    error::read(root).map(Delta::Error).map(&mut *each);
    stop(root, each);
    each(Delta::End);
}

/// Why it stopped, with the provider's words where it refused.
pub(crate) fn stop(stopped: &Value, each: Each<'_>) {
    let words =
        stopped.get("stop_details").and_then(|details| nonempty(details.get("explanation")));
    words.map(Delta::Refusal).map(&mut *each);
    text(stopped, "stop_reason").map(finish_reason).map(Delta::Finish).map(&mut *each);
}

fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        // The provider's own tools take long: the model goes on when it is asked again.
        "tool_use" | "pause_turn" => FinishReason::ToolCalls,
        "refusal" => FinishReason::ContentFilter,
        _ => FinishReason::Other,
    }
}

/// The counters of a reply. In a stream each of them is a running total, which may stand in the first
/// event, in the last or in both, and be zero or absent in one: the highest holds.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    input: Option<u64>,
    cache_read: u64,
    cache_write: u64,
    cache_write_1h: u64,
    output: Option<u64>,
    thinking: u64,
    tier: ServiceTier,
}

impl Counters {
    /// What was used so far; nothing until both sides were counted once. What is told at the beginning
    /// of a stream is an estimate, whatever of the answer it counts.
    pub(crate) fn take(&mut self, usage: Option<&Value>, source: UsageSource) -> Option<Usage> {
        if let Some(usage) = usage {
            self.raise(usage);
        }
        self.usage(source)
    }

    fn raise(&mut self, usage: &Value) {
        let count = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64);
        let by_lifetime = ["5m", "1h"].map(|lifetime| {
            count(&format!("/cache_creation/ephemeral_{lifetime}_input_tokens")).unwrap_or(0)
        });
        let written = by_lifetime[0].saturating_add(by_lifetime[1]);
        self.input = self.input.max(count("/input_tokens"));
        self.output = self.output.max(count("/output_tokens"));
        self.cache_read = self.cache_read.max(count("/cache_read_input_tokens").unwrap_or(0));
        let total = count("/cache_creation_input_tokens").unwrap_or(0);
        self.cache_write = self.cache_write.max(total).max(written);
        self.cache_write_1h = self.cache_write_1h.max(by_lifetime[1]);
        if usage.get("service_tier").and_then(Value::as_str) == Some("batch") {
            self.tier = ServiceTier::Batch;
        }
        let thinking = count("/output_tokens_details/thinking_tokens").unwrap_or(0);
        self.thinking = self.thinking.max(thinking);
    }

    /// `input_tokens` leaves out what was read from and written to the cache; ours includes both.
    fn usage(&self, source: UsageSource) -> Option<Usage> {
        let (fresh, output_tokens) = (self.input?, self.output?);
        // Counters that no bill could hold are cut, so that their sums are still sums.
        let cached_tokens = self.cache_read.min(u64::MAX / 4);
        let cache_write_tokens = self.cache_write.min(u64::MAX / 4);
        Some(Usage {
            input_tokens: fresh.min(u64::MAX / 4) + cached_tokens + cache_write_tokens,
            cached_tokens,
            cache_write_tokens,
            cache_write_1h_tokens: self.cache_write_1h.min(cache_write_tokens),
            output_tokens,
            reasoning_tokens: self.thinking.min(output_tokens),
            tier: self.tier,
            source,
        })
    }
}
