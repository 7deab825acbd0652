use crate::{
    Error,
    json::{self, Edit, Object},
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Members that a shadow call must not carry: nobody waits for its stream, and it may leave
/// nothing behind at the provider.
const NOT_IN_SHADOW: [&str; 3] = ["stream", "stream_options", "store"];

pub(crate) fn with_model(body: &[u8], model: &str) -> Result<Bytes, Error> {
    portable(json::with_model(body, model, &[])?)
}

pub(crate) fn replay(body: &[u8], model: &str) -> Result<Bytes, Error> {
    portable(json::with_model(body, model, &NOT_IN_SHADOW)?)
}

/// What another model can make something of, under another key. Responses are kept unless a call says
/// otherwise, and items of reasoning are read by no model but the one that wrote them.
fn portable(body: Bytes) -> Result<Bytes, Error> {
    let object = Object::parse(&body)?;
    if object.has("messages") || !object.has("input") {
        return Ok(body);
    }
    let input = object.value("input").and_then(without_reasoning);
    Ok(object.edited(Some(("store", b"false")), |name| match (name, &input) {
        ("input", Some(text)) => Edit::Replace(text.as_bytes()),
        ("store", _) => Edit::Remove,
        _ => Edit::Keep,
    }))
}

/// The list of items without those of reasoning; `None` where there are none.
fn without_reasoning(input: &[u8]) -> Option<String> {
    let items: Vec<&RawValue> = serde_json::from_slice(input).ok()?;
    let kept: Vec<&str> =
        items.iter().filter(|item| !is_reasoning(item)).map(|item| item.get()).collect();
    (kept.len() < items.len()).then(|| format!("[{}]", kept.join(",")))
}

fn is_reasoning(item: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Item {
        r#type: String,
    }
    serde_json::from_str::<Item>(item.get()).is_ok_and(|item| item.r#type == "reasoning")
}
