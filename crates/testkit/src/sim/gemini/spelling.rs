//! Fields have two spellings at Google, `responseSchema` and `response_schema`, and its own SDK mixes
//! them. Here everything behind this place has the first one.

use serde_json::{Map, Value};

/// Fields whose values are the caller's own, and stay as they are.
const OPEN: [&str; 8] = [
    "args",
    "response",
    "parametersJsonSchema",
    "responseJsonSchema",
    "example",
    "default",
    "partMetadata",
    "labels",
];

/// The same with every name of Google's in camel case.
pub(crate) fn in_camels(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(in_camels).collect()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(field).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn field((name, value): (String, Value)) -> (String, Value) {
    let name = camel(&name);
    let value = match (name.as_str(), value) {
        (open, value) if OPEN.contains(&open) => value,
        // The names of a schema's properties are the caller's, their schemas are not.
        ("properties", Value::Object(properties)) => {
            let own = |(name, schema)| (name, in_camels(schema));
            Value::Object(properties.into_iter().map(own).collect::<Map<_, _>>())
        }
        (_, value) => in_camels(value),
    };
    (name, value)
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |camel, part| {
        let mut letters = part.chars();
        let initial = letters.next().map(|letter| letter.to_ascii_uppercase());
        camel + &initial.into_iter().chain(letters).collect::<String>()
    })
}
