use super::{error, message, reply};
use crate::sse;
use exchange::{FinishReason, Reply, ToolCall, Usage};
use serde_json::Value;
use std::collections::BTreeMap;

const END: &[u8] = b"[DONE]";

/// Builds a reply from the chunks of a stream.
///
/// The stream is whole only if it ended with `[DONE]`, gave a reason for stopping, and every event
/// in it could be read: a dead upstream behind a polite gateway sends the first without the second.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    parser: sse::Parser,
    draft: Draft,
}

#[derive(Debug, Default)]
struct Draft {
    model: Option<String>,
    text: String,
    refusal: String,
    tool_calls: ToolCalls,
    finish_reason: Option<FinishReason>,
    usage: Option<Usage>,
    error: Option<String>,
    ended: bool,
    has_hole: bool,
}

impl Reader {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let Self { parser, draft } = self;
        parser.push(bytes, &mut |event| draft.take(event));
    }

    pub(crate) fn finish(self) -> Reply {
        let Self { parser, draft } = self;
        let whole = draft.ended && !draft.has_hole && !parser.overflowed();
        Reply {
            model: draft.model,
            text: (!draft.text.is_empty()).then_some(draft.text),
            tool_calls: draft.tool_calls.finish(),
            finish_reason: draft.finish_reason,
            refusal: (!draft.refusal.is_empty()).then_some(draft.refusal),
            usage: draft.usage,
            complete: whole && draft.finish_reason.is_some() && draft.error.is_none(),
            error: draft.error,
        }
    }
}

impl Draft {
    fn take(&mut self, event: sse::Event<'_>) {
        if self.ended {
            return;
        }
        if event.data.trim_ascii() == END {
            self.ended = true;
            return;
        }
        let Ok(chunk) = serde_json::from_slice::<Value>(event.data) else {
            self.has_hole = true;
            if event.name == b"error" && self.error.is_none() {
                self.error = Some(error::bounded(&String::from_utf8_lossy(event.data)));
            }
            return;
        };
        self.take_chunk(&chunk, event.name == b"error");
    }

    fn take_chunk(&mut self, chunk: &Value, named_error: bool) {
        if self.error.is_none() {
            let unnamed = || named_error.then(|| error::bounded(&chunk.to_string()));
            self.error = error::read(chunk).or_else(unnamed);
        }
        if self.model.is_none() {
            self.model = reply::model(chunk);
        }
        // The last one counts: some providers send a running total with every chunk.
        self.usage = reply::usage(chunk).or(self.usage);
        // Usage comes with no choices at all, and so does Azure's first chunk.
        let choices = chunk.get("choices").and_then(Value::as_array).into_iter().flatten();
        let first = |choice: &&Value| choice.get("index").and_then(Value::as_u64).unwrap_or(0) == 0;
        choices.filter(first).for_each(|choice| self.take_choice(choice));
    }

    fn take_choice(&mut self, choice: &Value) {
        self.finish_reason = reply::finish_reason(choice).or(self.finish_reason);
        let Some(delta) = choice.get("delta") else { return };
        self.text.extend(message::text(delta.get("content")));
        self.refusal.extend(delta.get("refusal").and_then(Value::as_str));
        for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            self.tool_calls.take(call);
        }
        if let Some(call) = delta.get("function_call") {
            self.tool_calls.take_at(0, call);
        }
    }
}

/// Tool calls in the making, by their index: several may grow in turns.
#[derive(Debug, Default)]
struct ToolCalls {
    calls: BTreeMap<u64, ToolCall>,
    last: u64,
}

impl ToolCalls {
    fn take(&mut self, delta: &Value) {
        let body = message::body(delta);
        let index = delta.get("index").and_then(Value::as_u64);
        self.take_at(index.unwrap_or_else(|| self.guess(delta)), body);
    }

    /// Some compatible providers leave the index out; a call then begins where an id does.
    fn guess(&self, delta: &Value) -> u64 {
        let begins = delta.get("id").and_then(Value::as_str).is_some_and(|id| !id.is_empty());
        let next = self.calls.keys().next_back().map_or(0, |index| index.saturating_add(1));
        if begins { next } else { self.last }
    }

    fn take_at(&mut self, index: u64, body: &Value) {
        self.last = index;
        let empty = || ToolCall { name: String::new(), arguments: String::new() };
        let call = self.calls.entry(index).or_insert_with(empty);
        // The name comes whole, once; some providers repeat it with every piece.
        if let Some(name) = body.get("name").and_then(Value::as_str)
            && call.name.is_empty()
        {
            name.clone_into(&mut call.name);
        }
        call.arguments.extend(message::arguments(body));
    }

    fn finish(self) -> Vec<ToolCall> {
        self.calls.into_values().filter(|call| !call.name.is_empty()).collect()
    }
}
