use super::{content, error};
use crate::{
    delta::{Delta, Each},
    fields::{items, nonempty, text},
};
use exchange::{FinishReason, Usage, UsageSource};
use serde_json::Value;

/// A reply that came whole, or all chunks of one in a list.
pub(crate) fn whole(root: &Value, each: Each<'_>) {
    let mut state = State::default();
    match root {
        Value::Array(chunks) => chunks.iter().for_each(|chunk| state.take(chunk, each)),
        chunk => state.take(chunk, each),
    }
    each(Delta::End);
}

/// What the chunks have told so far.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Tool calls come whole and without an index.
    calls: u64,
}

impl State {
    /// Takes a chunk, which has the form of a whole reply.
    pub(crate) fn take(&mut self, chunk: &Value, each: Each<'_>) {
        error::read(chunk).map(Delta::Error).map(&mut *each);
        let id = content::member(chunk, "responseId");
        let model = content::member(chunk, "modelVersion");
        if id.is_some() || model.is_some() {
            each(Delta::Begin { id: nonempty(id), model: nonempty(model) });
        }
        let first =
            |candidate: &&Value| candidate.get("index").and_then(Value::as_u64).unwrap_or(0) == 0;
        items(chunk, "candidates").filter(first).for_each(|it| self.candidate(it, each));
        usage(chunk).map(Delta::Usage).map(&mut *each);
        if content::member(chunk, "promptFeedback").is_some_and(is_blocked) {
            each(Delta::Finish(FinishReason::ContentFilter));
        }
    }

    fn candidate(&mut self, candidate: &Value, each: Each<'_>) {
        for part in candidate.get("content").into_iter().flat_map(content::parts) {
            if let Some(call) = content::member(part, "functionCall") {
                self.call(call, each);
            } else if content::is_thought(part) {
                each(Delta::Thinks);
            } else {
                nonempty(part.get("text")).map(Delta::Text).map(&mut *each);
            }
        }
        let reason = content::member(candidate, "finishReason").and_then(Value::as_str);
        reason.and_then(|reason| self.finish(reason)).map(Delta::Finish).map(each);
    }

    fn call(&mut self, call: &Value, each: Each<'_>) {
        let at = self.calls;
        self.calls = self.calls.saturating_add(1);
        let name = text(call, "name").filter(|name| !name.is_empty()).map(str::to_owned);
        each(Delta::Call { at, id: nonempty(call.get("id")), name });
        let args = call.get("args").filter(|args| !args.is_null());
        each(Delta::Arguments { at, text: args.map_or_else(|| "{}".to_owned(), Value::to_string) });
    }

    /// Calling a tool is no reason of its own here.
    fn finish(&self, reason: &str) -> Option<FinishReason> {
        Some(match reason {
            "FINISH_REASON_UNSPECIFIED" => return None,
            "STOP" if self.calls > 0 => FinishReason::ToolCalls,
            "STOP" => FinishReason::Stop,
            "MAX_TOKENS" => FinishReason::Length,
            "SAFETY"
            | "RECITATION"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "MODEL_ARMOR"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION" => FinishReason::ContentFilter,
            _ => FinishReason::Other,
        })
    }
}

fn is_blocked(feedback: &Value) -> bool {
    let reason = content::member(feedback, "blockReason").and_then(Value::as_str);
    reason.is_some_and(|reason| reason != "BLOCK_REASON_UNSPECIFIED")
}

/// What was used so far. Cached tokens are part of the prompt's; the prompts of tools are counted
/// beside it, and thoughts beside the answer.
fn usage(chunk: &Value) -> Option<Usage> {
    let usage = content::member(chunk, "usageMetadata")?;
    let count = |name: &str| content::member(usage, name).and_then(Value::as_u64);
    let part = |name: &str| count(name).unwrap_or(0);
    let input_tokens = count("promptTokenCount")?.saturating_add(part("toolUsePromptTokenCount"));
    let reasoning_tokens = part("thoughtsTokenCount");
    let said = || count("totalTokenCount").map(|total| total.saturating_sub(input_tokens));
    let output_tokens = match count("candidatesTokenCount") {
        Some(answer) => answer.saturating_add(reasoning_tokens),
        None => said().unwrap_or(0).max(reasoning_tokens),
    };
    Some(Usage {
        input_tokens,
        cached_tokens: part("cachedContentTokenCount").min(input_tokens),
        output_tokens,
        reasoning_tokens,
        ..Usage::none(UsageSource::Reported)
    })
}
