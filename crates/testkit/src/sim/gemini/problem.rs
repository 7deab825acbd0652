//! How Google says that a request does not have the shape it should.

use super::invalid;
use crate::sim::{
    dialect::Refusal,
    shape::{Problem, Step, Wrong},
};
use serde_json::{Value, json};

pub(crate) fn refusal(problem: &Problem) -> Refusal {
    let at = path(&problem.at);
    match &problem.wrong {
        Wrong::Missing => missing(&at),
        Wrong::Unknown => {
            let (name, parent) = match problem.at.split_last() {
                Some((Step::Name(name), parent)) => (name.as_str(), path(parent)),
                Some(_) | None => ("", String::new()),
            };
            let place = if parent.is_empty() { String::new() } else { format!(" at '{parent}'") };
            violation(
                &parent,
                &format!(
                    "Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field."
                ),
            )
        }
        Wrong::Kind { wanted, got } => value(&at, of(wanted), got),
        Wrong::Word { got, .. } => value(&at, "TYPE_ENUM", &json!(got)),
        Wrong::Below { least, got } => ranged(&at, &format!("at least {least}"), got),
        Wrong::Above { most, got } => ranged(&at, &format!("at most {most}"), got),
    }
}

/// What must be there and is not.
pub(crate) fn missing(at: &str) -> Refusal {
    let name = at.rsplit('.').next().unwrap_or(at);
    invalid(&format!("* GenerateContentRequest.{at}: {name} is not specified\n"))
}

/// What is there and cannot be so.
pub(crate) fn wrong(at: &str, why: &str) -> Refusal {
    invalid(&format!("* GenerateContentRequest.{at}: {why}\n"))
}

fn value(at: &str, kind: &str, got: &Value) -> Refusal {
    violation(at, &format!("Invalid value at '{at}' ({kind}), {got}"))
}

fn ranged(at: &str, limit: &str, got: &Value) -> Refusal {
    wrong(at, &format!("the value must be {limit}, but is {got}"))
}

fn violation(at: &str, description: &str) -> Refusal {
    let mut refusal = invalid(description);
    refusal.error["details"] = json!([{
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": at, "description": description}],
    }]);
    refusal
}

fn of(kind: &str) -> &'static str {
    match kind {
        "string" => "TYPE_STRING",
        "boolean" => "TYPE_BOOL",
        "integer" => "TYPE_INT32",
        "number" => "TYPE_FLOAT",
        _ => "TYPE_MESSAGE",
    }
}

/// Places are told as the fields are called at Google, whatever JSON calls them.
fn path(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Name(name) if path.is_empty() => path.push_str(&snake(name)),
            Step::Name(name) => path.push_str(&format!(".{}", snake(name))),
            Step::Place(place) => path.push_str(&format!("[{place}]")),
            Step::Tag(_) => {}
        }
    }
    path
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
