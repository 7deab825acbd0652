//! Nothing of a call is lost unnamed: a member that no reader knows, put anywhere into a call, is named,
//! is carried over, left out with all that is around it, or makes the call impossible.

use crate::{golden, matrix};
use dialect::{Form, translate::LossKind};
use serde_json::{Value, json};
use std::path::Path;

/// What no form has.
const UNHEARD_OF: &str = "unheardOf";

#[test]
fn a_member_that_no_reader_knows_is_named_wherever_it_stands() {
    let mut places = 0;
    for case in matrix::cases() {
        for from in Form::ALL {
            let source = case.join(format!("{}.json", matrix::name(from)));
            if !source.exists() {
                continue;
            }
            let body = golden::json(&source);
            for pointer in objects(&body) {
                let mut changed = body.clone();
                changed.pointer_mut(&pointer).unwrap()[UNHEARD_OF] = json!("said");
                for to in Form::ALL {
                    check(&changed, (from, to), &pointer, &source);
                    places += 1;
                }
            }
        }
    }
    assert!(places > 1000, "{places} places only");
}

#[track_caller]
fn check(body: &Value, (from, to): (Form, Form), pointer: &str, source: &Path) {
    let Ok(translated) = matrix::put(from, body, to) else { return };
    let is_carried = std::str::from_utf8(&translated.body).unwrap().contains(UNHEARD_OF);
    let is_named = translated.losses.iter().any(|loss| {
        let left_out = loss.field.rsplit('.').next().unwrap();
        let is_around =
            loss.kind == LossKind::Dropped && pointer.split('/').any(|it| it == left_out);
        is_around || loss.field.contains(UNHEARD_OF) || loss.reason.contains(UNHEARD_OF)
    });
    let (source, losses) = (source.display(), &translated.losses);
    assert!(is_carried || is_named, "{source}: {pointer} to {to:?}: {losses:#?}");
}

/// The objects of a body, by their pointers.
fn objects(body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(body, String::new(), &mut found);
    found
}

fn walk(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            // What a model thought is left out whole.
            if members.get("type").is_some_and(|kind| kind == "reasoning")
                || members.contains_key("thought")
            {
                return;
            }
            for (name, member) in members {
                walk(member, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
            found.push(at);
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                walk(item, format!("{at}/{place}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
