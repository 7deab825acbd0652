//! What a model takes: what ships about it, and what the file says instead.

use crate::{
    Model,
    mistake::{Notes, Span, place},
    raw::{RawModel, RawWhen},
    shipped,
    suggest::did_you_mean,
};
use policy::{Capabilities, StructuredOutput};
use serde_spanned::Spanned;
use std::ops::RangeInclusive;

/// Limits that a model may have, in tokens.
const TOKENS: RangeInclusive<u64> = 1..=100_000_000;

/// Kinds of content that calls carry beside text.
const MEDIA: [&str; 3] = ["image", "audio", "file"];

/// Parameters without which there is no call.
const NEEDED: [&str; 2] = ["model", "messages"];

pub(super) fn of(notes: &mut Notes<'_>, raw: &RawModel, name: &str) -> Capabilities {
    let known = shipped::capability::known(name);
    let context_tokens = tokens(notes, "context_tokens", raw.context_tokens.as_ref());
    let output_tokens = tokens(notes, "output_tokens", raw.output_tokens.as_ref());
    if let (Some(context), Some(output), Some(written)) =
        (context_tokens, output_tokens, &raw.output_tokens)
        && output > context
    {
        let what = format!("the model writes {output} tokens and holds only {context}");
        notes.error(written.span(), what, "swap `context_tokens` and `output_tokens`");
    }
    let refuses = raw.refuses.as_ref().map(|raw| refused(notes, raw.get_ref()));
    let input = raw.input.as_ref().map(|raw| media(notes, raw.get_ref()));
    let structured_output = raw.structured_output.as_ref().and_then(|raw| form(notes, raw));
    Capabilities {
        context_tokens: context_tokens.or(known.context_tokens),
        output_tokens: output_tokens.or(known.output_tokens),
        refuses: refuses.unwrap_or(known.refuses),
        input: input.or(known.input),
        structured_output: structured_output.or(known.structured_output),
    }
}

/// Whether anything is left to the shipped table.
pub(super) fn takes_from_table(raw: &RawModel) -> bool {
    let RawModel { context_tokens, output_tokens, refuses, input, structured_output, .. } = raw;
    context_tokens.is_none()
        || output_tokens.is_none()
        || refuses.is_none()
        || input.is_none()
        || structured_output.is_none()
}

fn tokens(notes: &mut Notes<'_>, field: &str, raw: Option<&Spanned<u64>>) -> Option<u64> {
    let raw = raw?;
    if !TOKENS.contains(raw.get_ref()) {
        let remedy = format!("write {} to {}", TOKENS.start(), TOKENS.end());
        notes.error(raw.span(), format!("`{field}` is {}", raw.get_ref()), remedy);
    }
    Some(*raw.get_ref())
}

fn refused(notes: &mut Notes<'_>, raw: &[Spanned<String>]) -> Vec<String> {
    for parameter in raw {
        if NEEDED.contains(&parameter.get_ref().as_str()) {
            let what = format!("a model that refuses `{}` takes no call", parameter.get_ref());
            notes.error(parameter.span(), what, "take it out of `refuses`");
        }
    }
    raw.iter().map(|parameter| parameter.get_ref().clone()).collect()
}

fn media(notes: &mut Notes<'_>, raw: &[Spanned<String>]) -> Vec<String> {
    for kind in raw {
        if !MEDIA.contains(&kind.get_ref().as_str()) {
            let what = format!("there is no input `{}` beside text", kind.get_ref());
            notes.error(kind.span(), what, did_you_mean(kind.get_ref(), &MEDIA));
        }
    }
    raw.iter().map(|kind| kind.get_ref().clone()).collect()
}

fn form(notes: &mut Notes<'_>, raw: &Spanned<String>) -> Option<StructuredOutput> {
    let name = raw.get_ref();
    let found = StructuredOutput::ALL.into_iter().find(|form| form.name() == name);
    if found.is_none() {
        let remedy = did_you_mean(name, &StructuredOutput::ALL.map(StructuredOutput::name));
        notes.error(raw.span(), format!("there is no structured output `{name}`"), remedy);
    }
    found
}

/// A candidate that can take no call of its category would only be withheld.
pub(super) fn check(notes: &mut Notes<'_>, at: Span, model: &Model, when: Option<&RawWhen>) {
    let Some(when) = when else { return };
    let (name, takes) = (&model.name, &model.capabilities);
    let form = when.response_format.as_ref().map(Spanned::get_ref);
    if !takes.takes_form(form.map(String::as_str)) {
        let form = form.map(String::as_str).unwrap_or_default();
        let what =
            format!("the candidate `{name}` cannot be held to `{form}`, so no call is put to it");
        let remedy = "name another, or write `structured_output` of the model";
        notes.error(at.clone(), what, remedy);
    }
    let (Some(range), Some(context)) = (&when.prompt_tokens, takes.context_tokens) else { return };
    let least = range.min.as_ref().map_or(0, |min| *min.get_ref());
    let most = range.max.as_ref().map_or(0, |max| *max.get_ref());
    if least > context {
        let what = format!(
            "the candidate `{name}` holds {context} tokens, and no call has fewer than {least}"
        );
        notes.error(at, what, "name another, or lower `min` of `prompt_tokens`");
    } else if most > context {
        let what = format!(
            "the candidate `{name}` holds {context} tokens: longer calls are not put to it"
        );
        let place = place(range.max.as_ref(), &range.span);
        notes.warning(place, what, "lower `max` of `prompt_tokens`, or name another");
    }
}

/// A judge that is asked by schema has to take one.
pub(super) fn check_judge(notes: &mut Notes<'_>, at: Span, model: &Model) {
    if !takes_schema(model) {
        let what = format!("the judge `{}` cannot be held to a JSON Schema", model.name);
        let remedy = "write `form = \"words\"`, choose one that can, or write `structured_output` of \
                      the model";
        notes.error(at, what, remedy);
    }
}

/// Whether a model can be held to a JSON Schema, as far as is known of it.
pub(super) fn takes_schema(model: &Model) -> bool {
    model.capabilities.takes_form(Some(StructuredOutput::JsonSchema.name()))
}
