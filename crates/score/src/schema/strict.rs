//! The strict subset of JSON Schema that providers compile structured output from: every object
//! is closed and names all its properties as required.

use serde_json::{Map, Value, json};

/// What the subset does not have: with them, a closed object is not what its author meant.
const REFUSED: [&str; 8] = [
    "allOf",
    "not",
    "if",
    "dependentSchemas",
    "dependencies",
    "patternProperties",
    "unevaluatedProperties",
    "propertyNames",
];
/// Keywords that hold one schema.
const ONE: [&str; 3] = ["items", "additionalItems", "contains"];
/// Keywords that hold a list of schemas.
const LIST: [&str; 4] = ["items", "prefixItems", "anyOf", "oneOf"];
/// Keywords that hold schemas by name.
const NAMED: [&str; 3] = ["properties", "$defs", "definitions"];

/// The schema with every object closed and all its properties required.
///
/// Refuses what providers' strict modes have no meaning for.
pub(super) fn of(schema: &Value) -> Result<Value, String> {
    let Some(keywords) = schema.as_object() else { return Ok(schema.clone()) };
    if let Some(refused) = REFUSED.into_iter().find(|name| keywords.contains_key(*name)) {
        return Err(format!("strict schemas have no `{refused}`: take the schema as it was sent"));
    }
    let mut strict = Map::new();
    for (name, value) in keywords {
        strict.insert(name.clone(), keyword(name, value)?);
    }
    let properties = keywords.get("properties").and_then(Value::as_object);
    if properties.is_some() || keywords.get("type").is_some_and(names_object) {
        let names: Vec<&String> = properties.into_iter().flat_map(Map::keys).collect();
        strict.insert("required".to_owned(), json!(names));
        strict.insert("additionalProperties".to_owned(), json!(false));
    }
    Ok(Value::Object(strict))
}

fn keyword(name: &str, value: &Value) -> Result<Value, String> {
    match value {
        Value::Object(_) if ONE.contains(&name) => of(value),
        Value::Array(items) if LIST.contains(&name) => {
            Ok(Value::Array(items.iter().map(of).collect::<Result<_, _>>()?))
        }
        Value::Object(members) if NAMED.contains(&name) => {
            let member = |(name, schema): (&String, &Value)| Ok((name.clone(), of(schema)?));
            Ok(Value::Object(members.iter().map(member).collect::<Result<_, String>>()?))
        }
        other => Ok(other.clone()),
    }
}

fn names_object(kind: &Value) -> bool {
    kind == "object" || kind.as_array().is_some_and(|kinds| kinds.iter().any(|k| k == "object"))
}
