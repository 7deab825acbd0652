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
