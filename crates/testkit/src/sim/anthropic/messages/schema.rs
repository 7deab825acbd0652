//! Schemas that a reply can be held to: closed objects, hardly any bounds, and no way back to themselves.

use super::super::invalid;
use crate::sim::dialect::Refusal;
use serde_json::Value;

/// Bounds that were reported to be refused, by the type of value that they are for.
const BOUNDS: [(&str, &str); 9] = [
    ("integer", "minimum"),
    ("integer", "maximum"),
    ("integer", "multipleOf"),
    ("number", "exclusiveMinimum"),
    ("number", "exclusiveMaximum"),
    ("string", "minLength"),
    ("string", "maxLength"),
    ("array", "maxItems"),
    ("array", "uniqueItems"),
];

/// References are followed no deeper.
const REFERENCES_MAX: usize = 16;

pub(super) fn check(root: &Value) -> Result<(), Refusal> {
    if root.is_null() {
        return Ok(());
    }
    part(root)?;
    circular(root, root, &mut Vec::new())
}

fn part(schema: &Value) -> Result<(), Refusal> {
    let Some(members) = schema.as_object() else { return Ok(()) };
    if schema["type"] == "object" && schema["additionalProperties"] != false {
        return Err(refused(
            "For 'object' type, 'additionalProperties' must be explicitly set to false",
        ));
    }
    let bound = BOUNDS.into_iter().find(|(_, name)| members.contains_key(*name));
    if let Some((kind, name)) = bound {
        return Err(refused(&format!("For '{kind}' type, property '{name}' is not supported")));
    }
    if schema["minItems"].as_u64().is_some_and(|items| items > 1) {
        return Err(refused(
            "For 'array' type, 'minItems' values other than 0 or 1 are not supported",
        ));
    }
    for (name, member) in members {
        match (name.as_str(), member) {
            ("properties" | "$defs" | "definitions", Value::Object(all)) => {
                all.values().try_for_each(part)?;
            }
            ("anyOf" | "allOf", Value::Array(all)) => all.iter().try_for_each(part)?,
            ("items", schema) => part(schema)?,
            ("oneOf", _) => return Err(refused("Schema type 'oneOf' is not supported")),
            (_, _) => {}
        }
    }
    Ok(())
}

fn circular<'v>(root: &'v Value, at: &'v Value, open: &mut Vec<&'v str>) -> Result<(), Refusal> {
    match at {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                if open.contains(&reference) || open.len() >= REFERENCES_MAX {
                    let message = "Circular reference detected in schema definitions. \
                                   Self-referencing or mutually-referencing definitions are not supported.";
                    return Err(refused(message));
                }
                open.push(reference);
                let target = reference.strip_prefix('#').and_then(|place| root.pointer(place));
                target.map_or(Ok(()), |target| circular(root, target, open))?;
                open.pop();
            }
            members.values().try_for_each(|member| circular(root, member, open))
        }
        Value::Array(items) => items.iter().try_for_each(|item| circular(root, item, open)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn refused(why: &str) -> Refusal {
    invalid(&format!("output_config.format.schema: {why}"))
}
