//! `[golden]`: cases, each for a category that there is.

use super::{Known, names, schedule};
use crate::{
    CategoryDef, Golden, GoldenCall, GoldenCase,
    mistake::{Notes, Span, place},
    raw::golden::{RawGolden, RawGoldenCase},
    suggest::did_you_mean,
};
use serde_spanned::Spanned;
use std::collections::BTreeSet;

/// No pipeline has more cases: each is put to every candidate of its category and to the reference.
const CASES_MAX: usize = 1_000;
/// The key under which `expected` is read by the scorer of that name.
const EXPECTED_KEY: &str = "expected";

pub(super) fn golden(
    notes: &mut Notes<'_>,
    raw: Option<&RawGolden>,
    (known, categories): (&Known<'_>, &[CategoryDef]),
    read_file: &dyn Fn(&str) -> Result<String, String>,
) -> Golden {
    let Some(raw) = raw else { return Golden::default() };
    if !raw.written.has("case") {
        let what = "[golden] has no case, so nothing is asked";
        notes.error(raw.span.clone(), what, "add [[golden.case]] with name, category and prompt");
    }
    if raw.cases.len() > CASES_MAX {
        let what = format!("there are {} golden cases", raw.cases.len());
        notes.error(raw.span.clone(), what, format!("keep at most {CASES_MAX}"));
    }
    refuse_twice(notes, &raw.cases);
    let case = |case: &RawGoldenCase| load(notes, case, (known, categories), read_file);
    let cases = raw.cases.iter().filter_map(case).collect();
    let hours = raw.every_hours.as_ref();
    let every_hours = schedule::every_hours(notes, hours, "the golden cases are asked");
    Golden { every_hours, cases }
}

/// Cases of different categories may share a name.
fn refuse_twice(notes: &mut Notes<'_>, cases: &[RawGoldenCase]) {
    let mut seen = BTreeSet::new();
    for case in cases {
        let (Some(name), Some(category)) = (&case.name, &case.category) else { continue };
        if !seen.insert((category.get_ref(), name.get_ref())) {
            let (name_text, category) = (name.get_ref(), category.get_ref());
            let what = format!("`{category}` has two golden cases `{name_text}`");
            notes.error(name.span(), what, "keep one, or give the other another name");
        }
    }
}

fn load(
    notes: &mut Notes<'_>,
    raw: &RawGoldenCase,
    (known, categories): (&Known<'_>, &[CategoryDef]),
    read_file: &dyn Fn(&str) -> Result<String, String>,
) -> Option<GoldenCase> {
    if let Some(name) = &raw.name {
        names::check(notes, "golden case", name, &[]);
    }
    let call = call(notes, raw, read_file);
    let category = raw.category.as_ref()?;
    let found = categories.iter().find(|it| it.name == *category.get_ref());
    if found.is_none() && !known.category_names.contains(&category.get_ref().as_str()) {
        let what = format!("there is no category `{}`", category.get_ref());
        notes.error(category.span(), what, did_you_mean(category.get_ref(), known.category_names));
    }
    let model = model(notes, raw, (known, found?))?;
    let mut metadata = raw.metadata.clone();
    if let Some(expected) = &raw.expected {
        metadata.insert(EXPECTED_KEY.to_owned(), expected.get_ref().clone());
    }
    Some(GoldenCase {
        name: raw.name.as_ref()?.get_ref().clone(),
        category: category.get_ref().clone(),
        model,
        call: call?,
        metadata,
        answer: raw.answer.as_ref().map(|answer| answer.get_ref().clone()),
    })
}

/// The reference: the one named, else the only one that the category's rule names.
fn model(
    notes: &mut Notes<'_>,
    raw: &RawGoldenCase,
    (known, category): (&Known<'_>, &CategoryDef),
) -> Option<String> {
    let ruled = category.rule.as_ref().and_then(|rule| rule.model.as_ref());
    let (at, name): (Span, &String) = match (&raw.model, ruled) {
        (Some(model), _) => (model.span(), model.get_ref()),
        (None, Some(ruled)) if known.model(ruled).is_some() => (raw.span.clone(), ruled),
        (None, _) if raw.written.has("model") => return None,
        (None, _) => {
            let what = format!("which model `{}` is to replace is not said", category.name);
            let remedy = "add `model = \"…\"`, the model that callers ask for";
            notes.error(place(raw.category.as_ref(), &raw.span), what, remedy);
            return None;
        }
    };
    if known.model(name).is_none() {
        let what = format!("there is no model `{name}`");
        notes.error(at, what, did_you_mean(name, &known.model_names()));
        return None;
    }
    Some(name.clone())
}

fn call(
    notes: &mut Notes<'_>,
    raw: &RawGoldenCase,
    read_file: &dyn Fn(&str) -> Result<String, String>,
) -> Option<GoldenCall> {
    match (&raw.prompt, &raw.call_file) {
        (Some(prompt), None) if !prompt.get_ref().trim().is_empty() => {
            let system = raw.system.as_ref().map(|system| system.get_ref().clone());
            Some(GoldenCall::Prompt { system, prompt: prompt.get_ref().clone() })
        }
        (None, Some(file)) => {
            if let Some(system) = &raw.system {
                let what = "`system` stands beside a `call_file`";
                notes.error(system.span(), what, "put it into the file, or use `prompt`");
            }
            body(notes, file, read_file).map(GoldenCall::Body)
        }
        (Some(prompt), _) => {
            let what = "the prompt is empty, or there is a `call_file` too";
            notes.error(prompt.span(), what, "write one of `prompt` and `call_file`");
            None
        }
        (None, None) if raw.written.has("prompt") || raw.written.has("call_file") => None,
        (None, None) => {
            let remedy = "add `prompt = \"…\"`, or `call_file = \"…\"` with the body of a call";
            notes.error(raw.span.clone(), "the golden case asks nothing", remedy);
            None
        }
    }
}

fn body(
    notes: &mut Notes<'_>,
    file: &Spanned<String>,
    read_file: &dyn Fn(&str) -> Result<String, String>,
) -> Option<String> {
    let (name, at) = (file.get_ref(), file.span());
    match read_file(name) {
        Err(why) => {
            notes.error(at, format!("the call `{name}` cannot be read"), why);
            None
        }
        Ok(text) if serde_json::from_str::<serde_json::Map<_, _>>(&text).is_err() => {
            let what = format!("the call `{name}` is no JSON object");
            notes.error(at, what, "write the body of a call to the reference's provider");
            None
        }
        Ok(text) => Some(text),
    }
}
