//! What binds a conversation to the model that its caller asked for.
//!
//! What another model answered live is a part of the caller's next call, and that may go to the model
//! that was asked for again: the candidate failed, was demoted, or cannot take it. Its provider then gets
//! the caller's own bytes, so nothing can be mended there. Where it would refuse them, the caller would
//! see an error that it never had before; such a conversation is better not begun elsewhere.

use crate::{Dialect, Form, fields::Fields, gemini};
use exchange::{Call, Headers};
use serde_json::Value;

/// Why a conversation could not come back to the model that was asked for, once another has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bond {
    /// Its provider keeps the reply, and a later call may name it: nobody else's is kept there.
    Store,
    /// It thinks before it calls tools, and demands its own thoughts in a history that has such calls.
    Thinking,
}

/// What binds the conversation of a call that was read as `call`, were it answered by `other`, whose
/// provider speaks `speaks`; `body` is without content coding.
#[must_use]
pub fn bonds(call: &Call, body: &[u8], (speaks, other): (Dialect, &str)) -> Vec<Bond> {
    match Form::of(call) {
        Some(Form::Responses) if keeps_reply(body) => vec![Bond::Store],
        Some(Form::Messages) if speaks != Dialect::Anthropic && thinks_by_budget(call, body) => {
            vec![Bond::Thinking]
        }
        // What is told anew has a stand-in for the thoughts; what comes from a provider of the same
        // dialect is told as it comes.
        Some(Form::GenerateContent)
            if speaks == Dialect::Gemini && thinks(call) && !gemini::request::thinks(other) =>
        {
            vec![Bond::Thinking]
        }
        Some(Form::ChatCompletions | Form::Responses | Form::Messages | Form::GenerateContent)
        | None => Vec::new(),
    }
}

/// Responses are kept unless a call says otherwise.
fn keeps_reply(body: &[u8]) -> bool {
    let fields = Fields::read(&Headers::default(), body);
    fields.is_some_and(|fields| fields.get("store") != Some(&Value::from(false)))
}

/// With a budget for thoughts, Claude demands that a turn which goes on with results of tools begins with
/// a signed thought. Where it thinks as it likes (`adaptive`) it does not (platform.claude.com/docs,
/// "Adaptive thinking", under "Validation changes"), and a thought of another Claude that it cannot read
/// is left out without an error ("Preserved thinking", under "What a thinking block is tied to").
fn thinks_by_budget(call: &Call, body: &[u8]) -> bool {
    let is_set = call.parameters.iter().any(|name| name == "thinking");
    if call.tools.is_empty() || !is_set {
        return false;
    }
    let fields = Fields::read(&Headers::default(), body);
    let thinking = fields.as_ref().and_then(|fields| fields.get("thinking"));
    thinking.and_then(|thinking| thinking.get("type")).and_then(Value::as_str) == Some("enabled")
}

fn thinks(call: &Call) -> bool {
    !call.tools.is_empty() && call.model.as_deref().is_some_and(gemini::request::thinks)
}
