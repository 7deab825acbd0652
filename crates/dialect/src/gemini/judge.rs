use super::schema;
use crate::translate::Losses;
use bytes::Bytes;
use serde_json::{Value, json};

/// Beginnings of the names of models that cannot be held to a schema.
const REFUSE_SCHEMA: [&str; 4] = ["gemini-1.0", "gemini-pro", "gemma", "learnlm"];

/// Whether a model takes a schema beside the prompt, as far as is known of its name.
pub(crate) fn takes_schema(model: &str) -> bool {
    let own = model.rsplit('/').next().unwrap_or(model);
    !REFUSE_SCHEMA.iter().any(|beginning| own.starts_with(beginning))
}

/// A call to a judge, held to `schema` where there is one, as far as the dialect can say it. It sets
/// neither temperature nor a token limit, which would cut models that reason.
pub(crate) fn body(system: &str, user: &str, schema: Option<&Value>) -> Bytes {
    let mut call = call(Some(system), user);
    if let Some(schema) = schema {
        let schema = schema::own(schema, "schema", &mut Losses::default());
        call["generationConfig"] =
            json!({"responseMimeType": "application/json", "responseSchema": schema});
    }
    Bytes::from(call.to_string())
}

/// A call of words alone.
pub(crate) fn words(system: Option<&str>, user: &str) -> Bytes {
    Bytes::from(call(system, user).to_string())
}

fn call(system: Option<&str>, user: &str) -> Value {
    let mut call = json!({"contents": [{"role": "user", "parts": [{"text": user}]}]});
    if let Some(system) = system {
        call["systemInstruction"] = json!({"parts": [{"text": system}]});
    }
    call
}
