//! Replies, streamed or not, of any dialect.

use crate::{Dialect, content, delta::Draft, failure, stream};
use exchange::{Headers, Reply};
use serde_json::Value;

/// Reads a reply as it came over the wire.
pub(crate) fn read(dialect: Dialect, status: u16, headers: &Headers, body: &[u8]) -> Reply {
    let (body, stopped) = content::decode_prefix(headers, body, content::DECODED_BYTES_MAX);
    let mut reply = if is_stream(headers, &body) {
        let mut reader = stream::Reader::new(dialect);
        reader.push(&body);
        reader.finish()
    } else {
        let mut draft = Draft::default();
        if let Ok(root) = serde_json::from_slice::<Value>(&body) {
            dialect.whole(&root, &mut |delta| draft.take(delta));
        }
        draft.finish()
    };
    if status >= 400 && reply.error.is_none() {
        reply.error = Some(failure::foreign(status, &body));
    }
    reply.complete &= stopped.is_none() && reply.error.is_none();
    reply
}

/// By the content type; by the first bytes only where there is none, or where they are a list.
fn is_stream(headers: &Headers, body: &[u8]) -> bool {
    // Of what is said whole, nothing begins with a list.
    if body.starts_with(b"[") {
        return true;
    }
    match headers.get("content-type") {
        Some(kind) => kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream"),
        None => [&b"data:"[..], b"event:", b":"].iter().any(|start| body.starts_with(start)),
    }
}
