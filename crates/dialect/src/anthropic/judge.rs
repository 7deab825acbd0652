use bytes::Bytes;
use serde_json::{Value, json};

/// Beginnings of the names of models that cannot be held to a JSON Schema.
const REFUSE_SCHEMA: [&str; 7] = [
    "claude-2",
    "claude-3",
    "claude-instant",
    "claude-opus-4-0",
    "claude-opus-4-2025",
    "claude-sonnet-4-0",
    "claude-sonnet-4-2025",
];
/// Beginnings of the names of models whose longest reply is short.
const SHORT: [&str; 5] =
    ["claude-2", "claude-instant", "claude-3-haiku", "claude-3-opus", "claude-3-sonnet"];
/// The dialect demands a limit: the most that old models take, and room to reason for the others.
const OUTPUT_TOKENS_SHORT: u64 = 4_096;
const OUTPUT_TOKENS: u64 = 8_192;

/// Whether a model takes a JSON Schema beside the prompt, as far as is known of its name.
pub(crate) fn takes_schema(model: &str) -> bool {
    !begins(own(model), &REFUSE_SCHEMA)
}

/// A limit for a reply where the call names none.
pub(crate) fn output_tokens(model: &str) -> u64 {
    if begins(own(model), &SHORT) { OUTPUT_TOKENS_SHORT } else { OUTPUT_TOKENS }
}

/// A call to a judge, held to `schema` where there is one. It sets no temperature, because models
/// that reason refuse one.
pub(crate) fn body(model: &str, system: &str, user: &str, schema: Option<&Value>) -> Bytes {
    let mut call = call(model, Some(system), user);
    if let Some(schema) = schema {
        call["output_config"] = json!({"format": {"type": "json_schema", "schema": schema}});
    }
    Bytes::from(call.to_string())
}

/// A call of words alone.
pub(crate) fn words(model: &str, system: Option<&str>, user: &str) -> Bytes {
    Bytes::from(call(model, system, user).to_string())
}

fn call(model: &str, system: Option<&str>, user: &str) -> Value {
    let mut call = json!({
        "model": model,
        "max_tokens": output_tokens(model),
        "messages": [{"role": "user", "content": user}],
    });
    if let Some(system) = system {
        call["system"] = Value::from(system);
    }
    call
}

/// The name behind its maker's: `claude-haiku-4-5` of `anthropic/claude-haiku-4-5`.
fn own(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

fn begins(name: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| name.starts_with(beginning))
}
