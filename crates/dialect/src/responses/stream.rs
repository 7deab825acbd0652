use super::reply;
use crate::{
    delta::{Delta, Each},
    failure::{Class, Failure},
    fields::{items, nonempty, text},
    openai,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// What a stream of typed events has told so far: the last event repeats it all, and what was told
/// is not told again.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Items of the output whose content came in pieces.
    told: BTreeSet<u64>,
    calls_tools: bool,
}

impl State {
    pub(crate) fn take(&mut self, kind: &str, event: &Value, each: Each<'_>) {
        let at = event.get("output_index").and_then(Value::as_u64).unwrap_or(0);
        let piece = || nonempty(event.get("delta"));
        let item = event.get("item").unwrap_or(&Value::Null);
        match kind {
            "response.created" | "response.in_progress" => {
                reply::begin(event.get("response").unwrap_or(&Value::Null), each);
            }
            "response.output_text.delta" => self.tell(at, piece().map(Delta::Text), each),
            "response.refusal.delta" => self.tell(at, piece().map(Delta::Refusal), each),
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                self.tell(at, piece().map(|text| Delta::Arguments { at, text }), each);
            }
            "response.output_item.added" => {
                if text(item, "type") == Some("reasoning") {
                    each(Delta::Thinks);
                }
                self.calls_tools |= reply::call(at, item, each);
            }
            "response.output_item.done" => self.item(at, item, each),
            "response.completed" | "response.incomplete" | "response.failed" => {
                self.last(event.get("response").unwrap_or(&Value::Null), each);
            }
            "error" => each(Delta::Error(failure(event))),
            // Reasoning, annotations and what tools of the provider do are not the answer.
            _ => {}
        }
    }

    fn tell(&mut self, at: u64, delta: Option<Delta>, each: Each<'_>) {
        if let Some(delta) = delta {
            self.told.insert(at);
            each(delta);
        }
    }

    fn item(&mut self, at: u64, item: &Value, each: Each<'_>) {
        self.calls_tools |= reply::call(at, item, &mut |_| {});
        if self.told.insert(at) {
            reply::of_item(at, item, each);
        }
    }

    fn last(&mut self, response: &Value, each: Each<'_>) {
        reply::begin(response, each);
        for (at, item) in (0..).zip(items(response, "output")) {
            self.item(at, item, each);
        }
        reply::end(response, self.calls_tools, each);
    }
}

/// The event's own members are the error, or it holds one.
fn failure(event: &Value) -> Failure {
    openai::error::read(event).unwrap_or_else(|| Failure {
        class: Class::Server,
        code: nonempty(event.get("code")),
        message: text(event, "message").unwrap_or_default().to_owned(),
    })
}
