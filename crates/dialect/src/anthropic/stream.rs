use super::{error, reply};
use crate::{
    delta::{Delta, Each},
    failure::Failure,
    fields::{nonempty, text},
    sse,
};
use exchange::UsageSource;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Reads the events of a stream, which is whole only if it ended with `message_stop`.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    parser: sse::Parser,
    state: State,
}

#[derive(Debug, Default)]
struct State {
    counters: reply::Counters,
    /// The place of the call that each block's index stands for: one that begins again stands for
    /// another call, behind all others.
    calls: BTreeMap<u64, u64>,
    next: u64,
    /// Calls whose input has not come yet: it may be empty, and stand in the block's beginning.
    silent: BTreeSet<u64>,
}

impl Reader {
    pub(crate) fn push(&mut self, bytes: &[u8], each: Each<'_>) {
        let Self { parser, state } = self;
        parser.push(bytes, &mut |event| state.take(event, each));
    }

    pub(crate) fn finish(&mut self, each: Each<'_>) {
        if self.parser.overflowed() {
            each(Delta::Lost);
        }
    }
}

impl State {
    fn take(&mut self, event: sse::Event<'_>, each: Each<'_>) {
        let Ok(data) = serde_json::from_slice::<Value>(event.data) else {
            if event.name == b"error" {
                each(Delta::Error(Failure::unnamed(&String::from_utf8_lossy(event.data))));
            }
            return each(Delta::Hole);
        };
        let index = data.get("index").and_then(Value::as_u64).unwrap_or(0);
        let kind = text(&data, "type")
            .map_or_else(|| String::from_utf8_lossy(event.name).into_owned(), str::to_owned);
        match kind.as_str() {
            "message_start" => {
                let message = data.get("message").unwrap_or(&Value::Null);
                let (id, model) = (nonempty(message.get("id")), nonempty(message.get("model")));
                each(Delta::Begin { id, model });
                self.count(message.get("usage"), UsageSource::Estimated, each);
            }
            "content_block_start" => self.begin(index, &data["content_block"], each),
            "content_block_delta" => self.grow(index, &data["delta"], each),
            "content_block_stop" => self.end_block(index, each),
            "message_delta" => {
                self.count(data.get("usage"), UsageSource::Reported, each);
                reply::stop(&data["delta"], each);
            }
            "message_stop" => each(Delta::End),
            "error" => {
                let unnamed = || Failure::unnamed(&data.to_string());
                each(Delta::Error(error::read(&data).unwrap_or_else(unnamed)));
            }
            // A `ping` may come anywhere, and so may what is invented later.
            _ => {}
        }
    }

    fn count(&mut self, usage: Option<&Value>, source: UsageSource, each: Each<'_>) {
        self.counters.take(usage, source).map(Delta::Usage).map(each);
    }

    fn begin(&mut self, index: u64, block: &Value, each: Each<'_>) {
        match text(block, "type") {
            Some("text") => {
                nonempty(block.get("text")).map(Delta::Text).map(each);
            }
            Some("tool_use") => {
                let (id, name) = (nonempty(block.get("id")), nonempty(block.get("name")));
                let at = self.begin_call(index);
                each(Delta::Call { at, id, name });
                match block.get("input").and_then(Value::as_object) {
                    Some(input) if !input.is_empty() => {
                        each(Delta::Arguments { at, text: Value::from(input.clone()).to_string() });
                    }
                    Some(_) | None => {
                        self.silent.insert(at);
                    }
                }
            }
            Some(_) => each(Delta::Thinks),
            None => {}
        }
    }

    fn begin_call(&mut self, index: u64) -> u64 {
        let at = index.max(self.next);
        self.next = at.saturating_add(1);
        self.calls.insert(index, at);
        at
    }

    fn grow(&mut self, index: u64, delta: &Value, each: Each<'_>) {
        match text(delta, "type") {
            Some("text_delta") => {
                nonempty(delta.get("text")).map(Delta::Text).map(each);
            }
            Some("input_json_delta") => {
                if let Some(text) = nonempty(delta.get("partial_json")) {
                    let known = self.calls.get(&index).copied();
                    let at = known.unwrap_or_else(|| self.begin_call(index));
                    self.silent.remove(&at);
                    each(Delta::Arguments { at, text });
                }
            }
            // Thinking, its signature and citations are not the answer.
            Some(_) | None => {}
        }
    }

    /// A tool that takes nothing is called with nothing, which is an empty object.
    fn end_block(&mut self, index: u64, each: Each<'_>) {
        if let Some(&at) = self.calls.get(&index)
            && self.silent.remove(&at)
        {
            each(Delta::Arguments { at, text: "{}".to_owned() });
        }
    }
}
