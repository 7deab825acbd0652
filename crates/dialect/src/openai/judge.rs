use bytes::Bytes;
use serde_json::{Value, json};

/// Beginnings of the names of models that refuse a JSON Schema beside the prompt.
const REFUSE_SCHEMA: [&str; 6] =
    ["gpt-3.5", "gpt-4-", "gpt-4o-2024-05-13", "chatgpt-4o", "o1-mini", "o1-preview"];
/// Beginnings of the names of models that refuse a system message.
const REFUSE_SYSTEM: [&str; 2] = ["o1-mini", "o1-preview"];

/// Whether a model takes a JSON Schema beside the prompt, as far as is known of its name.
pub(crate) fn takes_schema(model: &str) -> bool {
    let own = own(model);
    own != "gpt-4" && !begins(own, &REFUSE_SCHEMA)
}

/// A call to a judge, held to `schema` where there is one. It sets no temperature and no token
/// limit, because reasoning models refuse the one and are cut by the other; both would cost
/// verdicts, not money.
pub(crate) fn body(model: &str, system: &str, user: &str, schema: Option<&Value>) -> Bytes {
    let messages = if begins(own(model), &REFUSE_SYSTEM) {
        json!([{"role": "user", "content": format!("{system}\n\n{user}")}])
    } else {
        json!([{"role": "system", "content": system}, {"role": "user", "content": user}])
    };
    let mut call = json!({"model": model, "messages": messages});
    if let Some(schema) = schema {
        call["response_format"] = json!({
            "type": "json_schema",
            "json_schema": {"name": "verdict", "strict": true, "schema": schema},
        });
    }
    Bytes::from(call.to_string())
}

/// A call of words alone.
pub(crate) fn words(model: &str, system: Option<&str>, user: &str) -> Bytes {
    let message = |role: &str, content: &str| json!({"role": role, "content": content});
    let system = system.map(|content| message("system", content));
    let messages: Vec<Value> = system.into_iter().chain([message("user", user)]).collect();
    Bytes::from(json!({"model": model, "messages": messages}).to_string())
}

/// The name behind its maker's: `gpt-4` of `openai/gpt-4`.
fn own(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

fn begins(name: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| name.starts_with(beginning))
}
