//! Nothing of a call is lost unnamed: a member that no reader knows, put anywhere into a call, is named,
//! is carried over, left out with all that is around it, or makes the call impossible.

use crate::{golden, matrix};
use dialect::{Form, translate::LossKind};
use serde_json::{Value, json};

/// What no form has.
const UNHEARD_OF: &str = "unheardOf";

/// Members that are named in other words, as objects that are closed and as metadata; and who called a tool,
/// which says nothing elsewhere.
const IN_OTHER_WORDS: [&str; 3] = ["additionalProperties", "caller", "labels"];

#[test]
fn a_member_that_no_reader_knows_is_named_wherever_it_stands() {
    let (mut places, mut lost) = (0, Vec::new());
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
                    let found = unnamed(&changed, (from, to), &pointer);
                    lost.extend(found.map(|found| format!("{}: {found}", source.display())));
                    places += 1;
                }
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
    assert!(places > 1000, "{places} places only");
}

/// What is neither told nor named of a call, if anything is.
fn unnamed(body: &Value, (from, to): (Form, Form), pointer: &str) -> Option<String> {
    let translated = matrix::put(from, body, to).ok()?;
    let is_carried = std::str::from_utf8(&translated.body).unwrap().contains(UNHEARD_OF);
    let is_named = translated.losses.iter().any(|loss| {
        let left_out = loss.field.rsplit('.').next().unwrap();
        let is_around = pointer.split('/').any(|around| {
            let is_left_out = loss.kind == LossKind::Dropped && around == left_out;
            is_left_out || loss.reason.contains(&format!("`{around}`"))
        });
        is_around || loss.field.contains(UNHEARD_OF) || loss.reason.contains(UNHEARD_OF)
    });
    (!is_carried && !is_named).then(|| format!("{pointer} to {to:?}"))
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
            // What is defined and not referred to asks for nothing.
            let name = at.rsplit('/').next().unwrap();
            if name != "$defs" && !IN_OTHER_WORDS.contains(&name) {
                found.push(at);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                walk(item, format!("{at}/{place}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
