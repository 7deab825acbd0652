//! Calls put to other forms, from golden files: a folder for each case, with the call in each form
//! (`chat.json`) and what another form gets of it (`chat_to_messages.json`).

use crate::golden;
use dialect::{
    Dialect, Form,
    translate::{self, Delivery, Impossible, Target, Translated},
};
use exchange::Call;
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

/// How the files name a form.
pub(crate) fn name(form: Form) -> &'static str {
    match form {
        Form::ChatCompletions => "chat",
        Form::Responses => "responses",
        Form::Messages => "messages",
        Form::GenerateContent => "generate",
    }
}

/// The model that each form is asked for.
pub(crate) fn model(form: Form) -> &'static str {
    match form {
        Form::ChatCompletions => "gpt-4.1-mini",
        Form::Responses => "gpt-5-mini",
        Form::Messages => "claude-haiku-4-5",
        Form::GenerateContent => "gemini-3-flash",
    }
}

pub(crate) fn read(form: Form, body: &[u8]) -> Call {
    form.dialect().read_call("POST", &form.path("any"), &golden::headers(&[]), body)
}

pub(crate) fn put(from: Form, body: &Value, to: Form) -> Result<Translated, Impossible> {
    let body = body.to_string();
    let target = Target {
        form: to,
        model: model(to),
        refuses: &[],
        output_tokens_max: Some(64_000),
        delivery: Delivery::Whole,
    };
    translate::call(&read(from, body.as_bytes()), body.as_bytes(), &target)
}

fn told(result: &Result<Translated, Impossible>) -> Value {
    match result {
        Ok(translated) => json!({
            "path": translated.path,
            "headers": translated.headers,
            "body": serde_json::from_slice::<Value>(&translated.body).unwrap(),
            "losses": translated.losses.iter()
                .map(|loss| json!([loss.kind.name(), loss.field, loss.reason]))
                .collect::<Vec<_>>(),
        }),
        Err(impossible) => json!({"impossible": [impossible.field, impossible.reason]}),
    }
}

pub(crate) fn cases() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/dialect/golden/matrix");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 8, "cases are gone");
    cases
}

#[test]
fn every_case_is_put_to_every_other_form_as_expected() {
    let mut pairs = 0;
    for case in cases() {
        for from in Form::ALL {
            let source = case.join(format!("{}.json", name(from)));
            if !source.exists() {
                continue;
            }
            let body = golden::json(&source);
            for to in Form::ALL.into_iter().filter(|to| *to != from) {
                let file = case.join(format!("{}_to_{}.json", name(from), name(to)));
                let actual = told(&put(from, &body, to));
                golden::assert_same(file.to_str().unwrap(), &actual, &golden::json(&file));
                pairs += 1;
            }
        }
    }
    assert!(pairs >= 96, "{pairs} pairs only");
}

/// What is written is read again by its own dialect, and nothing in it is out of place.
#[test]
fn every_translated_call_is_a_call_that_can_be_replayed() {
    for case in cases() {
        for from in Form::ALL {
            let source = case.join(format!("{}.json", name(from)));
            let Some(body) = source.exists().then(|| golden::json(&source)) else { continue };
            for to in Form::ALL {
                let Ok(translated) = put(from, &body, to) else { continue };
                let call = read(to, &translated.body);
                assert_eq!(call.unreplayable, [""; 0], "{}: {from:?} to {to:?}", case.display());
                assert_eq!(Form::of(&call), Some(to));
                assert_eq!(
                    Dialect::read_call(
                        to.dialect(),
                        "POST",
                        &translated.path,
                        &golden::headers(&[]),
                        &translated.body
                    )
                    .model
                    .as_deref(),
                    Some(model(to)),
                );
            }
        }
    }
}
