use crate::{
    Error,
    json::{self, Edit, Object},
};
use bytes::Bytes;
use serde_json::Value;

/// Members that a shadow call must not carry: nobody waits for its stream, and it may leave
/// nothing behind at the provider.
const NOT_IN_SHADOW: [&str; 3] = ["stream", "stream_options", "store"];

pub(crate) fn with_model(body: &[u8], model: &str) -> Result<Bytes, Error> {
    json::with_model(body, model, &[])
}

pub(crate) fn replay(body: &[u8], model: &str) -> Result<Bytes, Error> {
    let body = json::with_model(body, model, &NOT_IN_SHADOW)?;
    let object = Object::parse(&body)?;
    if object.has("input") && !object.has("messages") { as_response(&object) } else { Ok(body) }
}

/// Responses are kept unless a call says otherwise, and items of reasoning are read by no model but
/// the one that wrote them.
fn as_response(object: &Object<'_>) -> Result<Bytes, Error> {
    let input = object.value("input").and_then(|text| serde_json::from_slice(text).ok());
    let portable = match input {
        Some(Value::Array(items)) if items.iter().any(is_reasoning) => {
            let kept = items.into_iter().filter(|item| !is_reasoning(item));
            Some(Value::Array(kept.collect()).to_string())
        }
        Some(_) | None => None,
    };
    Ok(object.edited(Some(("store", b"false")), |name| match (name, &portable) {
        ("input", Some(text)) => Edit::Replace(text.as_bytes()),
        _ => Edit::Keep,
    }))
}

fn is_reasoning(item: &Value) -> bool {
    item.get("type").and_then(Value::as_str) == Some("reasoning")
}
