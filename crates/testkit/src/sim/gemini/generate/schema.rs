//! What the shape of a schema cannot say.

use super::super::problem;
use crate::sim::dialect::Refusal;
use serde_json::Value;

/// Refuses a schema that is not whole; `at` says where it stands.
pub(crate) fn check(schema: &Value, at: &str) -> Result<(), Refusal> {
    let kind = schema["type"].as_str().unwrap_or_default().to_ascii_uppercase();
    let properties = schema["properties"].as_object();
    match kind.as_str() {
        "ARRAY" if schema.get("items").is_none() => {
            return Err(problem::wrong(&format!("{at}.items"), "missing field."));
        }
        "OBJECT" if properties.is_some_and(serde_json::Map::is_empty) => {
            let why = "should be non-empty for OBJECT type";
            return Err(problem::wrong(&format!("{at}.properties"), why));
        }
        kind if kind != "STRING" && schema["enum"].is_array() => {
            return Err(problem::wrong(&format!("{at}.enum"), "only allowed for STRING type"));
        }
        _ => {}
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
