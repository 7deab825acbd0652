use crate::chance;
use exchange::ToolCall;
use serde_json::Value;

/// What stands behind a simulated provider's models.
///
/// It must be pure: what is said depends on the question, never on what was asked before.
pub trait Answers: Send + Sync + 'static {
    /// What the model says.
    fn answer(&self, asked: &Asked<'_>) -> Said;
}

/// A question as it reached a model.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The model.
    pub model: &'a str,
    /// The name of the key under which it was asked.
    pub key: &'a str,
    /// The whole request.
    pub body: &'a Value,
    /// The digest of what was asked, the same for every model and every transport.
    pub identity: String,
}

impl<'a> Asked<'a> {
    /// The question in `body`, put to `model` under the key called `key`.
    #[must_use]
    pub fn new(model: &'a str, key: &'a str, body: &'a Value) -> Self {
        Self { model, key, body, identity: identity(body) }
    }

    /// The text of the first message of `role`.
    #[must_use]
    pub fn first(&self, role: &str) -> &str {
        messages(self.body).find(|(of, _)| *of == role).map_or("", |(_, text)| text)
    }

    /// The text of the last message of `role`.
    #[must_use]
    pub fn last(&self, role: &str) -> &str {
        messages(self.body).filter(|(of, _)| *of == role).last().map_or("", |(_, text)| text)
    }

    /// One of the request's own metadata.
    #[must_use]
    pub fn metadata(&self, name: &str) -> Option<&str> {
        self.body.get("metadata")?.get(name)?.as_str()
    }
}

/// What a model says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Text.
    Text(String),
    /// It wants tools to be called.
    Tools(Vec<ToolCall>),
}

/// The request's fields that make up the question. The model's name and the transport are not
/// among them, so that all models get the same one.
const QUESTION: [&str; 5] = ["messages", "metadata", "response_format", "tools", "seed"];

/// The digest of the question in `body`.
fn identity(body: &Value) -> String {
    let parts = QUESTION.map(|field| body.get(field).map(Value::to_string).unwrap_or_default());
    chance::hex(0, &parts.each_ref().map(String::as_str))
}

fn messages(body: &Value) -> impl Iterator<Item = (&str, &str)> {
    body.get("messages").and_then(Value::as_array).into_iter().flatten().map(|message| {
        let text = |field| message.get(field).and_then(Value::as_str).unwrap_or("");
        (text("role"), text("content"))
    })
}
