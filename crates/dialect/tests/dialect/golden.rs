//! Golden files, and what was read rendered as JSON to compare with them.

use dialect::Dialect;
use exchange::{Call, Headers, Reply, ServiceTier, Usage};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The files of one golden folder that end in `ending`, sorted by name; never none.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialect/golden").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(ending))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no golden file in {}", folder.display());
    files
}

pub(crate) fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

/// The dialect of a case; `openai` where it does not say.
pub(crate) fn dialect(case: &Value) -> Dialect {
    case["dialect"].as_str().unwrap_or("openai").parse().unwrap()
}

pub(crate) fn headers(pairs: &[(&str, &str)]) -> Headers {
    Headers(pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect())
}

/// A call as JSON, with the members that say nothing left out.
pub(crate) fn of_call(call: &Call) -> Value {
    spoken(json!({
        "endpoint": call.endpoint,
        "model": call.model,
        "stream": call.stream,
        "system": call.system,
        "first_user": call.first_user,
        "transcript": call.transcript,
        "assistant_turns": call.assistant_turns,
        "tools": call.tools,
        "tool_schemas": call.tool_schemas,
        "response_format": call.response_format,
        "response_schema": call.response_schema,
        "parameters": call.parameters,
        "media": call.media,
        "output_tokens_max": call.output_tokens_max,
        "metadata": call.metadata,
        "conversation": call.conversation,
        "user": call.user,
        "offers": call.offers,
        "prompt_tokens": Dialect::OpenAi.prompt_tokens(call),
        "unreplayable": call.unreplayable,
    }))
}

/// A reply as JSON, with the members that say nothing left out.
pub(crate) fn of_reply(reply: &Reply) -> Value {
    let tool_calls: Vec<Value> =
        reply.tool_calls.iter().map(|call| json!([call.name, call.arguments])).collect();
    spoken(json!({
        "model": reply.model,
        "text": reply.text,
        "tool_calls": tool_calls,
        "finish_reason": reply.finish_reason.map(exchange::FinishReason::name),
        "refusal": reply.refusal,
        "usage": reply.usage.as_ref().map(of_usage),
        "error": reply.error,
        "complete": reply.complete,
    }))
}

fn of_usage(usage: &Usage) -> Value {
    spoken(json!({
        "input": usage.input_tokens,
        "cached": usage.cached_tokens,
        "cache_write": usage.cache_write_tokens,
        "cache_write_1h": usage.cache_write_1h_tokens,
        "output": usage.output_tokens,
        "reasoning": usage.reasoning_tokens,
        "tier": (usage.tier != ServiceTier::Standard).then(|| usage.tier.name()),
        "source": usage.source.name(),
    }))
}

fn spoken(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let silent = [json!(null), json!([]), json!({}), json!(0)];
    Value::Object(members.into_iter().filter(|(_, value)| !silent.contains(value)).collect())
}

/// Fails with both sides in full, so that a golden file can be mended by reading.
pub(crate) fn assert_same(name: &str, actual: &Value, expected: &Value) {
    assert!(
        actual == expected,
        "{name}\n  read: {}\nexpect: {}",
        serde_json::to_string_pretty(actual).unwrap(),
        serde_json::to_string_pretty(expected).unwrap(),
    );
}
