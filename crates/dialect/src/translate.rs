//! Calls put to a model of another form, and its replies told in the caller's.
//!
//! A call is read into one neutral prompt and written from it, so that four forms need four readers and
//! four writers instead of twelve translations. What the target cannot be told is a [`Loss`], named and
//! explained, so that damage done here is never blamed on a model; what cannot be told at all makes the
//! call [`Impossible`] for the target.

mod body;
mod caller;
mod calls;
mod loss;
mod prompt;
mod shape;
mod telling;

use crate::{Bond, Form, anthropic, fields::Fields, gemini, openai, responses};
use bytes::Bytes;
use exchange::{Call, Headers};
use serde_json::Value;

pub(crate) use body::Body;
pub use caller::{Caller, Framing, Thoughts, repeated};
pub use calls::HELD_BYTES_MAX;
pub(crate) use calls::{Calls, Ready};
pub(crate) use loss::Losses;
pub use loss::{LOSSES_MAX, Loss, LossKind};
pub(crate) use prompt::{
    Format, Held, Part, Prompt, Role, Sampling, Source, Tool, ToolCall, ToolChoice, ToolResult,
    Turn, Voice,
};
pub(crate) use shape::{
    arguments, arguments_schema, check_image, check_tools, instruction, number, object, object_of,
    parts_of, pruned_text, strict_enough,
};

pub(crate) use telling::unreadable;
pub use telling::{Stream, Told, block, reply};

/// Whom a call is put to, and what is known of the model.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The form that its provider speaks.
    pub form: Form,
    /// Its name at its provider.
    pub model: &'a str,
    /// Parameters that it refuses, in the words of its form.
    pub refuses: &'a [String],
    /// The most tokens of its replies, where that is known: what a call without a limit is given where
    /// the form demands one.
    pub output_tokens_max: Option<u64>,
    /// Whether its reply shall come in pieces.
    pub delivery: Delivery,
}

/// How a reply comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// At once.
    Whole,
    /// In pieces.
    Streamed,
}

/// A call as its target gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Translated {
    /// The path below the provider's base URL.
    pub path: String,
    /// Header fields beside the key and the content type.
    pub headers: &'static [(&'static str, &'static str)],
    /// The body.
    pub body: Bytes,
    /// What the target does not get as it was said, sorted.
    pub losses: Vec<Loss>,
}

impl Translated {
    /// The first loss of something that the caller means: what binds it to the reference, and is `waived`,
    /// it does not.
    #[must_use]
    pub fn loss_but(&self, waived: Option<Bond>) -> Option<&Loss> {
        let waived = waived.map(Bond::name);
        self.losses.iter().find(|loss| Some(loss.field.as_str()) != waived)
    }
}

/// Why a call cannot be put to a target at all: it is ineligible there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct Impossible {
    /// The part that stands in the way, in the caller's words.
    pub field: String,
    /// Why, in words.
    pub reason: String,
}

impl Impossible {
    pub(crate) fn new(field: &str, reason: &str) -> Self {
        Self { field: crate::failure::bounded(field), reason: reason.to_owned() }
    }
}

/// Translates a call that was read as `call` for a target; `body` is without content coding.
///
/// # Errors
/// [`Impossible`], if the target cannot be asked this.
pub fn call(call: &Call, body: &[u8], target: &Target<'_>) -> Result<Translated, Impossible> {
    if let Some(reason) = call.unreplayable.first() {
        return Err(Impossible::new(reason, "the call cannot be replayed honestly"));
    }
    let form = Form::of(call)
        .ok_or_else(|| Impossible::new("endpoint", "it does not ask a model to speak"))?;
    let fields = Fields::read(&Headers::default(), body)
        .ok_or_else(|| Impossible::new("body", "it is not a JSON object"))?;
    let mut losses = Losses::default();
    let mut prompt = read(form, &fields, &mut losses)?;
    prompt.settle();
    prompt.check_ids()?;
    check_tools(&prompt, target.form)?;
    let body = write(&mut prompt, target, &mut losses)?;
    let path = match target.delivery {
        Delivery::Whole => target.form.path(target.model),
        Delivery::Streamed => target.form.stream_path(target.model),
    };
    Ok(Translated {
        path,
        headers: target.form.dialect().headers(),
        body: printed(&body),
        losses: losses.finish(),
    })
}

fn read(form: Form, fields: &Fields, losses: &mut Losses) -> Result<Prompt, Impossible> {
    match form {
        Form::ChatCompletions => openai::prompt::read(fields, losses),
        Form::Responses => responses::prompt::read(fields, losses),
        Form::Messages => anthropic::prompt::read(fields, losses),
        Form::GenerateContent => gemini::prompt::read(fields, losses),
    }
}

/// A value's text; values always have one.
pub(crate) fn printed(value: &Value) -> Bytes {
    Bytes::from(serde_json::to_vec(value).unwrap_or_default())
}

fn write(
    prompt: &mut Prompt,
    target: &Target<'_>,
    losses: &mut Losses,
) -> Result<Value, Impossible> {
    let body = Body::new(target, losses);
    let fields = match target.form {
        Form::ChatCompletions => openai::request::write(prompt, body),
        Form::Responses => responses::request::write(prompt, body),
        Form::Messages => anthropic::request::write(prompt, body),
        Form::GenerateContent => gemini::request::write(prompt, body),
    };
    fields.map(Value::Object)
}
