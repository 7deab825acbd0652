//! What binds a conversation to the model that its caller asked for.
//!
//! What another model answered live is a part of the caller's next call, and that may go to the model
//! that was asked for again: the candidate failed, was demoted, or cannot take it. Its provider then gets
//! the caller's own bytes, so nothing can be mended there. Where it would refuse them, the caller would
//! see an error that it never had before; such a conversation is better not begun elsewhere.

use crate::{
    Form,
    anthropic::{THINKING_BUDGET, THINKING_DISABLED},
    fields::Fields,
    gemini,
};
use exchange::{Call, Headers};
use serde_json::Value;

/// What a call of Responses asks for to go on with what a model thought, though nothing is kept.
const SEALED_THOUGHTS: &str = "reasoning.encrypted_content";

/// Why a conversation could not come back to the model that was asked for, once another has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bond {
    /// Its provider keeps the reply, and a later call may name it: nobody else's is kept there.
    Store,
    /// Its provider demands that model's own thoughts in a history, or takes no thoughts of others.
    Thinking,
}

impl Bond {
    /// The word in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Thinking => "thinking",
        }
    }
}

/// What binds the conversation of a call that was read as `call`, were it answered by the model `other`,
/// which is put it in the form `instead` ([`Forms::instead`]); `body` is without content coding. A bond
/// that is `waived` does not count.
///
/// [`Forms::instead`]: crate::Forms::instead
#[must_use]
pub fn bond(
    call: &Call,
    body: &[u8],
    to: (Option<Form>, &str),
    waived: Option<Bond>,
) -> Option<Bond> {
    bonds(call, body, to).into_iter().find(|bond| Some(*bond) != waived)
}

fn bonds(call: &Call, body: &[u8], (instead, other): (Option<Form>, &str)) -> Vec<Bond> {
    match (Form::of(call), instead) {
        (Some(Form::Responses), _) => of_response(body, instead),
        (Some(Form::Messages), Some(_)) if thinks_by_budget(call) => vec![Bond::Thinking],
        // What another's model thought is signed by nobody that Claude's provider knows.
        (Some(Form::Messages), None) if !is_claude(other) && asks_thoughts(call) => {
            vec![Bond::Thinking]
        }
        // What is told anew has a stand-in for the thoughts.
        (Some(Form::GenerateContent), None) if thinks(call) && !gemini::request::thinks(other) => {
            vec![Bond::Thinking]
        }
        (Some(Form::ChatCompletions | Form::Messages | Form::GenerateContent) | None, _) => {
            Vec::new()
        }
    }
}

/// Responses are kept unless a call says otherwise. Thoughts that are handed to the caller are sealed for
/// the organisation that asked, and perhaps for the model; what is told anew has none.
fn of_response(body: &[u8], instead: Option<Form>) -> Vec<Bond> {
    let Some(fields) = Fields::read(&Headers::default(), body) else { return Vec::new() };
    let is_kept = fields.get("store") != Some(&Value::from(false));
    let hands_out = fields.items("include").any(|it| it.as_str() == Some(SEALED_THOUGHTS));
    let bonds = [(Bond::Store, is_kept), (Bond::Thinking, hands_out && instead.is_none())];
    bonds.into_iter().filter(|(_, binds)| *binds).map(|(bond, _)| bond).collect()
}

/// With a budget for thoughts, Claude demands that a turn which goes on with results of tools begins with
/// a signed thought. Where it thinks as it likes (`adaptive`) it does not (platform.claude.com/docs,
/// "Adaptive thinking", under "Validation changes"), and a thought of another Claude that it cannot read
/// is left out without an error ("Preserved thinking").
fn thinks_by_budget(call: &Call) -> bool {
    !call.tools.is_empty() && call.parameters.iter().any(|name| name == THINKING_BUDGET)
}

/// Whether a call of Messages asks for thoughts.
fn asks_thoughts(call: &Call) -> bool {
    let says = |name: &str| call.parameters.iter().any(|it| it == name);
    says("thinking") && !says(THINKING_DISABLED)
}

/// Whether a model is one of Anthropic's, wherever it is served.
fn is_claude(model: &str) -> bool {
    model.contains("claude")
}

fn thinks(call: &Call) -> bool {
    !call.tools.is_empty() && call.model.as_deref().is_some_and(gemini::request::thinks)
}
