use bytes::Bytes;
use serde_json::{Value, json};

/// No more of a provider's words is kept than this.
const ERROR_CHARS_MAX: usize = 500;

/// An error of our own.
pub(crate) fn body(status: u16, message: &str, kind: &str) -> Bytes {
    let code = match status {
        401 => Some("invalid_api_key"),
        429 => Some("rate_limit_exceeded"),
        _ => None,
    };
    let error = json!({"message": message, "type": kind, "param": null, "code": code});
    Bytes::from(json!({ "error": error }).to_string())
}

/// The error that a provider reported, in an error body or in a chunk of a stream.
pub(crate) fn read(root: &Value) -> Option<String> {
    let error = root.get("error").filter(|error| !error.is_null())?;
    let message = error.as_str().or_else(|| error.get("message")?.as_str());
    let code = ["code", "type"].into_iter().find_map(|name| error.get(name)?.as_str());
    Some(match (code, message) {
        (Some(code), Some(message)) => bounded(&format!("{code}: {message}")),
        (None, Some(message)) => bounded(message),
        (_, None) => bounded(&error.to_string()),
    })
}

/// An error body that is not in this dialect: a gateway's page, or nothing.
pub(crate) fn foreign(status: u16, body: &[u8]) -> String {
    let head = &body[..body.len().min(4 * ERROR_CHARS_MAX)];
    let text = String::from_utf8_lossy(head);
    let text = text.trim();
    if text.is_empty() {
        format!("status {status}")
    } else {
        bounded(&format!("status {status}: {text}"))
    }
}

pub(crate) fn bounded(text: &str) -> String {
    text.chars().take(ERROR_CHARS_MAX).collect()
}
