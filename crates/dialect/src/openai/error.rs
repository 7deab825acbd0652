use crate::failure::{self, Class, Failure};
use bytes::Bytes;
use serde_json::{Value, json};

/// What is said of a prompt that the usage policy refuses, beside the code `invalid_prompt`.
const FLAGGED: &str = "flagged as potentially violating our usage policy";

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
pub(crate) fn read(root: &Value) -> Option<Failure> {
    let (code, message) = failure::read(root, &["code", "type"])?;
    let kind = root.pointer("/error/type").and_then(Value::as_str);
    let inner = root.pointer("/error/innererror/code").and_then(Value::as_str);
    let class = [inner, code.as_deref(), kind].into_iter().flatten().find_map(class);
    let class = match class {
        // A flagged prompt has the name of a malformed one.
        Some(Class::Invalid) if message.contains(FLAGGED) => Class::Blocked,
        class => class.unwrap_or(Class::Server),
    };
    Some(Failure { class, code, message })
}

fn class(name: &str) -> Option<Class> {
    Some(match name {
        // Azure's, with what its filter found beside it; then OpenAI's own.
        "content_filter" | "ResponsibleAIPolicyViolation" | "content_policy_violation" => {
            Class::Blocked
        }
        "invalid_request_error" | "invalid_prompt" => Class::Invalid,
        "invalid_api_key" | "authentication_error" => Class::Authentication,
        "permission_error" | "insufficient_quota" => Class::Permission,
        "not_found_error" | "model_not_found" => Class::NotFound,
        "rate_limit_exceeded" | "rate_limit_error" | "requests" | "tokens" => Class::RateLimit,
        "server_error" | "api_error" => Class::Server,
        "overloaded_error" | "server_is_overloaded" | "slow_down" => Class::Overloaded,
        _ => return None,
    })
}

/// What this dialect calls an error.
pub(crate) fn name(class: Class) -> &'static str {
    match class {
        Class::Invalid | Class::TooLarge | Class::Blocked => "invalid_request_error",
        Class::Authentication => "authentication_error",
        Class::Permission => "permission_error",
        Class::NotFound => "not_found_error",
        Class::RateLimit => "rate_limit_error",
        Class::Server | Class::Overloaded | Class::Timeout => "server_error",
    }
}
