//! How OpenAI says that a request does not have the shape it should.

use super::invalid_param;
use crate::sim::{
    dialect::Refusal,
    shape::{Problem, Step, Wrong},
};
use serde_json::Value;

pub(crate) fn refusal(problem: &Problem) -> Refusal {
    let at = path(&problem.at);
    let (message, code) = match &problem.wrong {
        Wrong::Missing => {
            (format!("Missing required parameter: '{at}'."), "missing_required_parameter")
        }
        Wrong::Unknown => (format!("Unknown parameter: '{at}'."), "unknown_parameter"),
        Wrong::Kind { wanted, got } => {
            let (wanted, got) = (an(wanted), an(kind(got)));
            (
                format!("Invalid type for '{at}': expected {wanted}, but got {got} instead."),
                "invalid_type",
            )
        }
        Wrong::Word { wanted, got } => {
            let supported = wanted.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>();
            let supported = match supported.as_slice() {
                [only] => only.clone(),
                [first, second] => format!("{first} and {second}"),
                [most @ .., last] => format!("{}, and {last}", most.join(", ")),
                [] => String::new(),
            };
            let message = format!("Invalid value: '{got}'. Supported values are: {supported}.");
            (message, "invalid_value")
        }
        Wrong::Below { least, got } => {
            let kind = size(got);
            let message = format!(
                "Invalid '{at}': {kind} below minimum value. Expected a value >= {least}, but got \
                 {got} instead."
            );
            return invalid_param(&at, &message, Some(&format!("{kind}_below_min_value")));
        }
        Wrong::Above { most, got } => {
            let kind = size(got);
            let message = format!(
                "Invalid '{at}': {kind} above maximum value. Expected a value <= {most}, but got \
                 {got} instead."
            );
            return invalid_param(&at, &message, Some(&format!("{kind}_above_max_value")));
        }
    };
    invalid_param(&at, &message, Some(code))
}

fn path(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Name(name) if path.is_empty() => path.push_str(name),
            Step::Name(name) => path.push_str(&format!(".{name}")),
            Step::Place(place) => path.push_str(&format!("[{place}]")),
            Step::Tag(_) => {}
        }
    }
    path
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "decimal",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn an(kind: &str) -> String {
    match kind {
        "null" => kind.to_owned(),
        "integer" | "array" | "object" => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}

fn size(got: &Value) -> &'static str {
    if got.is_f64() { "decimal" } else { "integer" }
}
