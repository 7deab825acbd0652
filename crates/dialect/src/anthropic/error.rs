use crate::failure::{self, Class, Failure};
use bytes::Bytes;
use serde_json::{Value, json};

/// What is said where the provider's filter stopped a reply that it had begun: the kind of error is that
/// of a malformed call.
const FILTERED: &str = "blocked by content filtering policy";

/// An error of our own. The kind is the dialect's own word for the status: its SDKs raise their
/// class by status, and people read the kind.
pub(crate) fn body(status: u16, message: &str) -> Bytes {
    Bytes::from(event(Class::of_status(status), message).to_string())
}

/// The error as a body, or as the event of a stream.
pub(crate) fn event(class: Class, message: &str) -> Value {
    json!({"type": "error", "error": {"type": name(class), "message": message}, "request_id": null})
}

/// The error that a provider reported, in an error body or in an event of a stream.
pub(crate) fn read(root: &Value) -> Option<Failure> {
    let (code, message) = failure::read(root, &["type"])?;
    let class = match code.as_deref().and_then(class) {
        Some(Class::Invalid) if message.contains(FILTERED) => Class::Blocked,
        class => class.unwrap_or(Class::Server),
    };
    Some(Failure { class, code, message })
}

fn class(name: &str) -> Option<Class> {
    Some(match name {
        "invalid_request_error" => Class::Invalid,
        "authentication_error" => Class::Authentication,
        "permission_error" | "billing_error" => Class::Permission,
        "not_found_error" => Class::NotFound,
        "request_too_large" => Class::TooLarge,
        "rate_limit_error" => Class::RateLimit,
        "api_error" => Class::Server,
        "overloaded_error" => Class::Overloaded,
        "timeout_error" => Class::Timeout,
        _ => return None,
    })
}

/// What this dialect calls an error.
pub(crate) fn name(class: Class) -> &'static str {
    match class {
        Class::Invalid | Class::Blocked => "invalid_request_error",
        Class::Authentication => "authentication_error",
        Class::Permission => "permission_error",
        Class::NotFound => "not_found_error",
        Class::TooLarge => "request_too_large",
        Class::RateLimit => "rate_limit_error",
        Class::Server => "api_error",
        Class::Overloaded => "overloaded_error",
        Class::Timeout => "timeout_error",
    }
}
