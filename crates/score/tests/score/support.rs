//! Calls and replies in short.

use exchange::{Call, FinishReason, NanoUsd, Reply, ToolCall};
use score::{ScorerSpec, Scorers, Subject};
use serde_json::{Value, json};
use std::io::Write;

/// A scorer from its settings as a pipeline has them.
pub(crate) fn spec(settings: Value) -> ScorerSpec {
    let text = settings.to_string();
    serde_json::from_value(settings).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub(crate) fn scorers(settings: &[Value]) -> Scorers {
    let specs: Vec<ScorerSpec> = settings.iter().cloned().map(spec).collect();
    Scorers::compile(&specs).unwrap()
}

/// A whole reply with this text.
pub(crate) fn said(text: &str) -> Reply {
    Reply {
        text: Some(text.to_owned()).filter(|text| !text.is_empty()),
        finish_reason: Some(FinishReason::Stop),
        complete: true,
        ..Reply::default()
    }
}

/// `"text"`, or an object with any of `text, tool_calls, refusal, finish, error, complete`.
pub(crate) fn reply(short: &Value) -> Reply {
    let text = |name: &str| short[name].as_str().map(str::to_owned);
    let calls = short["tool_calls"].as_array().cloned().unwrap_or_default();
    let call = |call: Value| ToolCall {
        name: call[0].as_str().unwrap().to_owned(),
        arguments: call[1].as_str().unwrap().to_owned(),
    };
    let finish = short.get("finish").cloned().unwrap_or_else(|| json!("stop"));
    Reply {
        text: short.as_str().map(str::to_owned).or_else(|| text("text")),
        tool_calls: calls.into_iter().map(call).collect(),
        finish_reason: serde_json::from_value(finish).unwrap(),
        refusal: text("refusal"),
        error: text("error"),
        complete: short["complete"].as_bool().unwrap_or(true),
        ..Reply::default()
    }
}

/// What is known of a reply beside it: any of `latency_us, cost_nano_usd` of the same object.
pub(crate) fn subject<'a>(short: &Value, reply: &'a Reply) -> Subject<'a> {
    let cost = short["cost_nano_usd"].as_i64().map(NanoUsd);
    Subject { reply, latency_us: short["latency_us"].as_u64(), cost }
}

/// An object with any of `metadata, schema, first_user, tools`, the last by name with a schema or
/// null.
pub(crate) fn call(short: &Value) -> Call {
    let tools = short["tools"].as_object().cloned().unwrap_or_default();
    Call {
        metadata: serde_json::from_value(short["metadata"].clone()).unwrap_or_default(),
        first_user: short["first_user"].as_str().map(str::to_owned),
        tools: tools.keys().cloned().collect(),
        tool_schemas: tools.into_iter().filter(|(_, schema)| !schema.is_null()).collect(),
        response_schema: short.get("schema").cloned(),
        ..Call::default()
    }
}

/// Past the capture of output, which would hide it where all is well.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
