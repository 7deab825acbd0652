//! The part of JSON Schema that replies can be held to: closed objects, and no bounds.

use crate::translate::Losses;
use serde_json::{Map, Value};

/// Keywords that the API refuses.
const REFUSED: [&str; 14] = [
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "patternProperties",
    "uniqueItems",
];

/// A schema with every object closed and without what the API refuses; both are reported as part of
/// `field`.
pub(crate) fn closed(schema: &Value, field: &str, losses: &mut Losses) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    let mut out = Map::new();
    for (name, value) in members {
        let written = match (name.as_str(), value) {
            ("properties" | "$defs" | "definitions", Value::Object(all)) => Value::Object(
                all.iter().map(|(name, it)| (name.clone(), closed(it, field, losses))).collect(),
            ),
            ("anyOf" | "allOf" | "oneOf", Value::Array(all)) => {
                all.iter().map(|it| closed(it, field, losses)).collect()
            }
            ("items", schema) => closed(schema, field, losses),
            (name, _) if REFUSED.contains(&name) => {
                losses.approximate(field, &format!("`{name}` cannot be said"));
                continue;
            }
            (_, value) => value.clone(),
        };
        out.insert(name.clone(), written);
    }
    let is_object = members.get("type").and_then(Value::as_str) == Some("object");
    let closed = Value::from(false);
    if (is_object || members.contains_key("properties"))
        && out.insert("additionalProperties".to_owned(), closed.clone()).as_ref() != Some(&closed)
    {
        losses.approximate(field, "objects are closed, where the schema leaves them open");
    }
    Value::Object(out)
}
