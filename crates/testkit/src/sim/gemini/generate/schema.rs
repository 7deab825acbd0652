//! What the shape of a schema cannot say.

use super::super::problem;
use crate::sim::dialect::Refusal;
use serde_json::Value;

/// What only schemas of one type have, and what is said where another has it. That every schema says its type,
/// that `properties`, `required`, `items` and `enum` are of one type, that texts have two formats only and that
/// no choice is empty was reported from live calls, in these words; the words for formats of numbers are by
/// analogy with those.
const OF_TYPES: [(&str, &str, &str); 4] = [
    ("properties", "OBJECT", "only allowed for OBJECT type"),
    ("required", "OBJECT", "only allowed for OBJECT type"),
    ("items", "ARRAY", "field predicate failed: $type == Type.ARRAY"),
    ("enum", "STRING", "only allowed for STRING type"),
];
const FORMATS: [(&str, [&str; 2]); 3] = [
    ("STRING", ["enum", "date-time"]),
    ("NUMBER", ["float", "double"]),
    ("INTEGER", ["int32", "int64"]),
];

/// Refuses a schema that is not whole; `at` says where it stands.
pub(crate) fn check(schema: &Value, at: &str) -> Result<(), Refusal> {
    if schema.is_null() {
        return Ok(());
    }
    let kind = schema["type"].as_str().unwrap_or_default().to_ascii_uppercase();
    let properties = schema["properties"].as_object();
    let has = |field: &str| schema.get(field).is_some_and(|value| !value.is_null());
    if let Some((field, _, why)) = OF_TYPES.iter().find(|(field, of, _)| has(field) && *of != kind)
    {
        return Err(problem::wrong(&format!("{at}.{field}"), why));
    }
    if kind.is_empty() && !has("anyOf") {
        return Err(problem::wrong(&format!("{at}.type"), "must be specified"));
    }
    if kind == "ARRAY" && !has("items") {
        return Err(problem::wrong(&format!("{at}.items"), "missing field."));
    }
    if properties.is_some_and(serde_json::Map::is_empty) {
        let why = "should be non-empty for OBJECT type";
        return Err(problem::wrong(&format!("{at}.properties"), why));
    }
    let taken = FORMATS.iter().find(|(of, _)| *of == kind).map(|(_, taken)| taken);
    if let (Some([one, other]), Some(format)) = (taken, schema["format"].as_str())
        && ![one, other].contains(&&format)
    {
        let why = format!("only '{one}' and '{other}' are supported for {kind} type");
        return Err(problem::wrong(&format!("{at}.format"), &why));
    }
    if let Some(place) = super::items(&schema["enum"]).position(|text| text == "") {
        return Err(problem::wrong(&format!("{at}.enum[{place}]"), "cannot be empty"));
    }
    let named = |name: &Value| {
        properties.is_some_and(|all| all.contains_key(name.as_str().unwrap_or_default()))
    };
    for (place, name) in super::items(&schema["required"]).enumerate() {
        if !named(name) {
            let why = "property is not defined";
            return Err(problem::wrong(&format!("{at}.required[{place}]"), why));
        }
    }
    for (name, property) in properties.into_iter().flatten() {
        check(property, &format!("{at}.properties[{name}]"))?;
    }
    for (place, one) in super::items(&schema["anyOf"]).enumerate() {
        check(one, &format!("{at}.any_of[{place}]"))?;
    }
    match schema.get("items") {
        Some(items) => check(items, &format!("{at}.items")),
        None => Ok(()),
    }
}
