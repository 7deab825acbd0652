use bytes::Bytes;
use serde_json::{Value, json};

/// A call to a judge. It sets no temperature and no token limit, because reasoning models refuse
/// the one and are cut by the other; both would cost verdicts, not money.
pub(crate) fn body(model: &str, system: &str, user: &str, schema: &Value) -> Bytes {
    let call = json!({
        "model": model,
        "messages": [
            {"role": "system", "content": system},
            {"role": "user", "content": user},
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "verdict", "strict": true, "schema": schema},
        },
    });
    Bytes::from(call.to_string())
}

/// A call of words alone.
pub(crate) fn words(model: &str, system: Option<&str>, user: &str) -> Bytes {
    let message = |role: &str, content: &str| json!({"role": role, "content": content});
    let system = system.map(|content| message("system", content));
    let messages: Vec<Value> = system.into_iter().chain([message("user", user)]).collect();
    Bytes::from(json!({"model": model, "messages": messages}).to_string())
}
