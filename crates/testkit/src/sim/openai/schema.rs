//! The schemas that OpenAI takes for strict output: every object closed, every property required.

use super::invalid_param;
use crate::sim::dialect::Refusal;
use serde_json::Value;

/// Keywords that are taken in none of them.
const REFUSED: [&str; 8] =
    ["allOf", "dependentRequired", "dependentSchemas", "else", "if", "not", "oneOf", "then"];
/// One of these says of which type a value is.
const STATED: [&str; 5] = ["type", "$ref", "anyOf", "enum", "const"];

/// Schemas in schemas are looked at so far down.
const DEPTH_MAX: usize = 10;

/// Refuses a strict schema that is none; `what` says whose it is, `param` where.
pub(crate) fn check(schema: &Value, what: &str, param: &str) -> Result<(), Refusal> {
    // A function that takes nothing has none.
    if schema.is_null() {
        return Ok(());
    }
    let problem = walk(schema, &mut Vec::new());
    problem.map_err(|problem| {
        let message = format!("Invalid schema for {what}: In context={problem}");
        invalid_param(param, &message, Some("invalid_json_schema"))
    })
}

fn walk<'a>(schema: &'a Value, at: &mut Vec<&'a str>) -> Result<(), String> {
    let context = |at: &[&str]| match at {
        [] => "()".to_owned(),
        [only] => format!("('{only}',)"),
        several => format!("('{}')", several.join("', '")),
    };
    if at.len() > DEPTH_MAX * 2 {
        return Err(format!("{}, the schema is nested too deeply.", context(at)));
    }
    if let Some(name) = REFUSED.iter().find(|name| schema.get(**name).is_some()) {
        return Err(format!("{}, '{name}' is not permitted.", context(at)));
    }
    if STATED.iter().all(|name| schema.get(name).is_none()) {
        return Err(format!("{}, schema must have a 'type' key.", context(at)));
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let is_object = match &schema["type"] {
        Value::Array(kinds) => kinds.contains(&Value::from("object")),
        kind => kind == "object",
    };
    if is_object {
        if schema["additionalProperties"] != false {
            let context = context(at);
            return Err(format!(
                "{context}, 'additionalProperties' is required to be supplied and to be false."
            ));
        }
        let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
        let missing = properties.into_iter().flat_map(|all| all.keys());
        if let Some(name) =
            missing.into_iter().find(|name| !required.contains(&Value::from(name.as_str())))
        {
            let context = context(at);
            return Err(format!(
                "{context}, 'required' is required to be supplied and to be an array including \
                 every key in properties. Missing '{name}'."
            ));
        }
    }
    let named = |place: &'static str| Some((place, schema.get(place)?.as_object()?));
    for (place, all) in ["properties", "$defs"].into_iter().filter_map(named) {
        for (name, inner) in all {
            at.extend([place, name]);
            walk(inner, at)?;
            at.truncate(at.len() - 2);
        }
    }
    let items = schema.get("items").map(|items| ("items", items));
    let alternatives = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    for (place, inner) in items.into_iter().chain(alternatives.map(|it| ("anyOf", it))) {
        at.push(place);
        walk(inner, at)?;
        at.pop();
    }
    Ok(())
}
