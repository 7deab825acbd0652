//! Calls and replies in short.

use exchange::{Call, FinishReason, Reply, ToolCall};
use score::{ScorerSpec, Scorers};
use serde_json::{Value, json};

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

/// An object with any of `metadata, schema`.
pub(crate) fn call(short: &Value) -> Call {
    Call {
        metadata: serde_json::from_value(short["metadata"].clone()).unwrap_or_default(),
        response_schema: short.get("schema").cloned(),
        ..Call::default()
    }
}
