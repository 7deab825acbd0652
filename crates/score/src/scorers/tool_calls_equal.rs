//! The same tools called with the same arguments as by the reference. Not to call any is a choice
//! too, and agrees with the same choice.
//!
//! ```toml
//! scorers = [{ kind = "tool_calls_equal", order = "same" }]
//! ```

mod config;

pub use config::{Config, Order};

use super::Agreement;
use crate::{document, score::Word, text::quoted};
use exchange::{Reply, ToolCall};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;
/// More calls than this are not compared: matching in any order is quadratic.
const CALLS_MAX: usize = 256;

pub(crate) struct Scorer {
    order: Order,
}

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    Ok(Scorer { order: config.order })
}

impl Agreement for Scorer {
    fn score(&self, reply: &Reply, reference: &Reply) -> Word {
        compare(self.order, reply, reference)
    }

    fn reference_of(&self, expected: &str) -> Result<Reply, String> {
        let wrong = |error| format!("the expected value is no list of tool calls: {error}");
        let calls: Vec<Expected> = serde_json::from_str(expected).map_err(wrong)?;
        let call = |Expected { name, arguments }| ToolCall {
            name,
            arguments: Value::Object(arguments).to_string(),
        };
        let tool_calls = calls.into_iter().map(call).collect();
        Ok(Reply { tool_calls, complete: true, ..Reply::default() })
    }
}

/// A tool call as metadata says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    name: String,
    #[serde(default)]
    arguments: Map<String, Value>,
}

pub(crate) fn compare(order: Order, reply: &Reply, reference: &Reply) -> Word {
    let (ours, theirs) = (&reply.tool_calls, &reference.tool_calls);
    if ours.len() != theirs.len() {
        let (count, wanted) = (ours.len(), theirs.len());
        return Word::fail(format!("{count} tool calls where the reference has {wanted}"));
    }
    if ours.len() > CALLS_MAX {
        return Word::abstain(format!("more than {CALLS_MAX} tool calls"));
    }
    let mut rest: Vec<Comparable<'_>> = theirs.iter().map(Comparable::of).collect();
    for call in ours {
        let ours = Comparable::of(call);
        let found = match order {
            Order::Same => rest.first().is_some_and(|other| ours.equals(other)).then_some(0),
            Order::Any => rest.iter().position(|other| ours.equals(other)),
        };
        match found {
            Some(at) => drop(rest.remove(at)),
            None => {
                let said = format!("{}({})", call.name, call.arguments);
                return Word::fail(format!("the reference does not call {}", quoted(&said)));
            }
        }
    }
    Word::pass()
}

/// A call with its arguments read, where they can be: their spelling says nothing.
struct Comparable<'a> {
    call: &'a ToolCall,
    arguments: Option<Value>,
}

impl<'a> Comparable<'a> {
    fn of(call: &'a ToolCall) -> Self {
        Self { call, arguments: document::arguments(&call.arguments).ok() }
    }

    fn equals(&self, other: &Self) -> bool {
        self.call.name == other.call.name
            && match (&self.arguments, &other.arguments) {
                (Some(ours), Some(theirs)) => document::equal(ours, theirs),
                (_, _) => self.call.arguments == other.call.arguments,
            }
    }
}
