//! Errors that a provider reports, in an error body or in the middle of a stream.

use serde_json::Value;

/// No more of a provider's words is kept than this.
const ERROR_CHARS_MAX: usize = 500;

/// An error of a provider's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) class: Class,
    /// The provider's own name of it, where it has one.
    pub(crate) code: Option<String>,
    pub(crate) message: String,
}

/// What an error means to a client, whatever a dialect calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Invalid,
    Authentication,
    Permission,
    NotFound,
    TooLarge,
    RateLimit,
    Server,
    Overloaded,
    Timeout,
    /// A content policy stopped the call or the reply: no failure, whatever status it came with.
    Blocked,
}

impl Failure {
    /// One line of it, for tables.
    pub(crate) fn line(&self) -> String {
        match &self.code {
            Some(code) if self.message.is_empty() => bounded(code),
            Some(code) => bounded(&format!("{code}: {}", self.message)),
            None => bounded(&self.message),
        }
    }

    /// A reply that stopped for none of the reasons that models have.
    pub(crate) fn odd() -> Self {
        let message = "the model stopped for a reason of its provider's own";
        Self { class: Class::Server, code: None, message: message.to_owned() }
    }

    /// A stream whose sender ended it before the reply had ended.
    pub(crate) fn cut() -> Self {
        let message = "the model's reply broke off before its end".to_owned();
        Self { class: Class::Server, code: None, message }
    }

    /// An event that is named an error and says nothing that is known.
    pub(crate) fn unnamed(text: &str) -> Self {
        Self { class: Class::Server, code: None, message: bounded(text) }
    }
}

impl Class {
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Authentication,
            402 | 403 => Self::Permission,
            404 => Self::NotFound,
            408 | 504 => Self::Timeout,
            413 => Self::TooLarge,
            429 => Self::RateLimit,
            503 | 529 => Self::Overloaded,
            400..=499 => Self::Invalid,
            _ => Self::Server,
        }
    }
}

/// An error body that is not in the dialect: a gateway's page, or nothing.
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

/// The error of a body or an event, if it holds one: its code under the first of `names` that is a
/// text, and its message.
pub(crate) fn read(root: &Value, names: &[&str]) -> Option<(Option<String>, String)> {
    let error = root.get("error").filter(|error| !error.is_null())?;
    let message = error.as_str().or_else(|| error.get("message")?.as_str());
    let code = names.iter().find_map(|name| error.get(name)?.as_str()).map(str::to_owned);
    Some(match (code, message) {
        (code @ Some(_), Some(message)) => (code, message.to_owned()),
        (None, Some(message)) => (None, message.to_owned()),
        (_, None) => (None, error.to_string()),
    })
}
