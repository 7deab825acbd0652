use super::{openai::chat, question::Question};
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
    turns: Vec<Turn>,
}

/// What one side says in a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// `system`, `user`, `assistant` or `tool`, whatever the dialect calls it.
    pub(crate) role: String,
    pub(crate) text: String,
    pub(crate) tokens: u64,
}

impl<'a> Asked<'a> {
    /// The question of Chat Completions in `body`, put to `model` under the key called `key`.
    #[must_use]
    pub fn new(model: &'a str, key: &'a str, body: &'a Value) -> Self {
        let (identity, turns) = (identity(body, &chat::QUESTION), chat::turns(body));
        Self { model, key, body, identity, turns }
    }

    /// A question that a dialect has read.
    pub(crate) fn of(question: &'a Question, key: &'a str) -> Self {
        let Question { model, body, turns, .. } = question;
        let identity = identity(body, question.identity);
        Self { model, key, body, identity, turns: turns.clone() }
    }

    /// The text of the first message of `role`: `system`, `user` or `assistant`, in every dialect.
    #[must_use]
    pub fn first(&self, role: &str) -> &str {
        self.turns.iter().find(|turn| turn.role == role).map_or("", |turn| &turn.text)
    }

    /// The text of the last message of `role`.
    #[must_use]
    pub fn last(&self, role: &str) -> &str {
        self.turns.iter().rfind(|turn| turn.role == role).map_or("", |turn| &turn.text)
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

/// The digest of the fields of `body` that make up the question. The model's name and the transport
/// are not among them, so that all models get the same one.
fn identity(body: &Value, fields: &[&str]) -> String {
    let parts =
        fields.iter().map(|field| body.get(field).map(Value::to_string).unwrap_or_default());
    let parts = parts.collect::<Vec<_>>();
    chance::hex(0, &parts.iter().map(String::as_str).collect::<Vec<_>>())
}
