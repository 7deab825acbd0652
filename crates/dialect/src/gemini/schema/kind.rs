//! Which keywords a schema of each type may have: the API refuses others beside it, and a schema without a
//! type.

use serde_json::{Map, Value, json};

/// Keywords that a schema of any type may have, and mean the same on both sides.
pub(crate) const OF_ALL: [&str; 4] = ["default", "description", "example", "title"];
/// The same, of one type alone: beside another they are refused. A schema that does not say its type is of
/// the first that a keyword of its belongs to.
const OF_TYPES: [(&str, &[&str]); 5] = [
    ("OBJECT", &["maxProperties", "minProperties", "properties", "propertyOrdering", "required"]),
    ("ARRAY", &["items", "maxItems", "minItems"]),
    ("STRING", &["enum", "format", "maxLength", "minLength", "pattern"]),
    ("NUMBER", &["format", "maximum", "minimum"]),
    ("INTEGER", &["format", "maximum", "minimum"]),
];
/// Formats that are taken, by the type that they are of; others are refused.
const FORMATS: [(&str, [&str; 2]); 3] = [
    ("STRING", ["date-time", "enum"]),
    ("NUMBER", ["double", "float"]),
    ("INTEGER", ["int32", "int64"]),
];
/// What stands for any value, as alternatives: the API takes no schema without a type.
pub(crate) fn anything() -> Value {
    json!([{"type": "STRING"}, {"type": "NUMBER"}, {"type": "BOOLEAN"}])
}

/// A list of types is one type that may be null, or several.
pub(crate) fn kinds(kind: Option<&Value>, out: &mut Map<String, Value>) -> Vec<String> {
    let mut kinds: Vec<String> = match kind {
        Some(Value::String(kind)) => vec![kind.to_ascii_uppercase()],
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).map(str::to_ascii_uppercase).collect()
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
            Vec::new()
        }
    };
    if kinds.len() > 1 && kinds.iter().any(|kind| kind == "NULL") {
        kinds.retain(|kind| kind != "NULL");
        out.insert("nullable".to_owned(), Value::from(true));
    }
    kinds
}

pub(crate) fn is_kept(name: &str) -> bool {
    OF_ALL.contains(&name) || is_typed(name)
}

/// Whether a keyword is one of this type's.
pub(crate) fn is_of(name: &str, kind: &str) -> bool {
    OF_TYPES.iter().any(|(of, own)| *of == kind && own.contains(&name))
}

/// The type that a schema's keywords belong to.
pub(crate) fn inferred(schema: &Map<String, Value>) -> Option<&'static str> {
    let has = |own: &&[&str]| own.iter().any(|name| schema.contains_key(*name));
    OF_TYPES.iter().find(|(_, own)| has(own)).map(|(kind, _)| *kind)
}

/// The type of values that are all of one.
pub(crate) fn kind_of_all(values: &[Value]) -> Option<&'static str> {
    let kind = |value: &Value| match value {
        Value::Bool(_) => Some("BOOLEAN"),
        Value::Number(number) if number.is_f64() => Some("NUMBER"),
        Value::Number(_) => Some("INTEGER"),
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let first = values.first().and_then(kind)?;
    values.iter().all(|value| kind(value) == Some(first)).then_some(first)
}

/// Whether a keyword is one that only some types have.
pub(crate) fn is_typed(name: &str) -> bool {
    OF_TYPES.iter().any(|(_, own)| own.contains(&name))
}

/// Whether a schema of this type takes a format.
pub(crate) fn takes_format(kind: &str, format: &Value) -> bool {
    let taken = FORMATS.iter().find(|(of, _)| *of == kind);
    let is_taken = |format| taken.is_some_and(|(_, taken)| taken.contains(&format));
    format.as_str().is_some_and(is_taken)
}
