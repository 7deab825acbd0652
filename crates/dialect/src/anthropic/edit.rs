use crate::{Error, json};
use bytes::Bytes;

/// A member that a shadow call must not carry: nobody waits for its stream.
const NOT_IN_SHADOW: [&str; 1] = ["stream"];

pub(crate) fn with_model(body: &[u8], model: &str) -> Result<Bytes, Error> {
    json::with_model(body, model, &[])
}

pub(crate) fn replay(body: &[u8], model: &str) -> Result<Bytes, Error> {
    json::with_model(body, model, &NOT_IN_SHADOW)
}
