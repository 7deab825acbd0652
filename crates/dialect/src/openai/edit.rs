use crate::{
    Error,
    json::{Edit, Object},
};
use bytes::Bytes;
use serde_json::Value;

/// Members that a shadow call must not carry: nobody waits for its stream, and it may leave
/// nothing behind at the provider.
const NOT_IN_SHADOW: [&str; 3] = ["stream", "stream_options", "store"];

pub(crate) fn with_model(body: &[u8], model: &str) -> Result<Bytes, Error> {
    edited(body, model, &[])
}

pub(crate) fn replay(body: &[u8], model: &str) -> Result<Bytes, Error> {
    edited(body, model, &NOT_IN_SHADOW)
}

fn edited(body: &[u8], model: &str, removed: &[&str]) -> Result<Bytes, Error> {
    let object = Object::parse(body)?;
    let model = Value::from(model).to_string();
    // Azure's bodies carry no model, because its path does.
    let added = (!object.has("model")).then_some(("model", model.as_bytes()));
    Ok(object.edited(added, |name| match name {
        "model" => Edit::Replace(model.as_bytes()),
        name if removed.contains(&name) => Edit::Remove,
        _ => Edit::Keep,
    }))
}
