use crate::{
    Error,
    json::{Edit, Object},
};
use bytes::Bytes;
use serde_json::Value;

/// The path names the model; a body may name it as well, and must then agree.
pub(crate) fn with_model(body: &[u8], model: &str) -> Result<Bytes, Error> {
    let model = format!("models/{}", model.strip_prefix("models/").unwrap_or(model));
    let model = Value::from(model).to_string();
    Ok(Object::parse(body)?.edited(None, |name| match name {
        "model" => Edit::Replace(model.as_bytes()),
        _ => Edit::Keep,
    }))
}
