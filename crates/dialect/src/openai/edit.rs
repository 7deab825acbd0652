use crate::{
    Error,
    json::{self, Edit, Object},
};
use bytes::Bytes;
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
/// otherwise, and items of reasoning are read by no model but the one that wrote them; the others are known
/// under their ids to the organisation that asked for them, which misses the reasoning behind them.
fn portable(body: Bytes) -> Result<Bytes, Error> {
    let object = Object::parse(&body)?;
    if object.has("messages") || !object.has("input") {
        return Ok(body);
    }
    let input = object.value("input").and_then(of_nobody);
    Ok(object.edited(Some(("store", b"false")), |name| match (name, &input) {
        ("input", Some(items)) => Edit::Replace(items),
        ("store", _) => Edit::Remove,
        _ => Edit::Keep,
    }))
}

/// The list of items without those of reasoning, and without the ids of the others; `None` where it has
/// neither.
fn of_nobody(input: &[u8]) -> Option<Vec<u8>> {
    let items: Vec<&RawValue> = serde_json::from_slice(input).ok()?;
    let (mut out, mut is_other) = (vec![b'['], false);
    for item in items.into_iter().map(|item| item.get().as_bytes()) {
        let object = Object::parse(item).ok();
        if object.as_ref().is_some_and(is_reasoning) {
            is_other = true;
            continue;
        }
        if out.len() > 1 {
            out.push(b',');
        }
        match object.filter(|object| object.value("id").is_some_and(|id| id != b"null")) {
            Some(object) => {
                is_other = true;
                out.extend_from_slice(&object.edited(None, |name| match name {
                    "id" => Edit::Remove,
                    _ => Edit::Keep,
                }));
            }
            None => out.extend_from_slice(item),
        }
    }
    out.push(b']');
    is_other.then_some(out)
}

fn is_reasoning(item: &Object<'_>) -> bool {
    let kind = item.value("type").and_then(|kind| serde_json::from_slice::<String>(kind).ok());
    kind.as_deref() == Some("reasoning")
}
