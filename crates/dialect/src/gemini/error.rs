use crate::failure::{self, Class, Failure};
use bytes::Bytes;
use serde_json::{Value, json};

/// An error of our own.
pub(crate) fn body(status: u16, message: &str) -> Bytes {
    Bytes::from(written(status, Class::of_status(status), message).to_string())
}

/// The error as a body, or as the last chunk of a stream.
pub(crate) fn written(status: u16, class: Class, message: &str) -> Value {
    json!({"error": {"code": status, "message": message, "status": name(class)}})
}

/// The error that a provider reported, in an error body or in a chunk of a stream.
pub(crate) fn read(root: &Value) -> Option<Failure> {
    let (code, message) = failure::read(root, &["status"])?;
    let by_status = || {
        let status = root.pointer("/error/code").and_then(Value::as_u64);
        status.and_then(|status| u16::try_from(status).ok()).map(Class::of_status)
    };
    let class = code.as_deref().and_then(class).or_else(by_status).unwrap_or(Class::Server);
    Some(Failure { class, code, message })
}

fn class(name: &str) -> Option<Class> {
    Some(match name {
        "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE" => Class::Invalid,
        "UNAUTHENTICATED" => Class::Authentication,
        "PERMISSION_DENIED" => Class::Permission,
        "NOT_FOUND" => Class::NotFound,
        "RESOURCE_EXHAUSTED" => Class::RateLimit,
        "INTERNAL" | "UNKNOWN" | "DATA_LOSS" => Class::Server,
        "UNAVAILABLE" => Class::Overloaded,
        "DEADLINE_EXCEEDED" => Class::Timeout,
        _ => return None,
    })
}

/// What this dialect calls an error.
pub(crate) fn name(class: Class) -> &'static str {
    match class {
        Class::Invalid | Class::TooLarge | Class::Blocked => "INVALID_ARGUMENT",
        Class::Authentication => "UNAUTHENTICATED",
        Class::Permission => "PERMISSION_DENIED",
        Class::NotFound => "NOT_FOUND",
        Class::RateLimit => "RESOURCE_EXHAUSTED",
        Class::Server => "INTERNAL",
        Class::Overloaded => "UNAVAILABLE",
        Class::Timeout => "DEADLINE_EXCEEDED",
    }
}
