//! The schemas that OpenAI takes for strict output: every object closed, every property required.

use super::invalid_param;
use crate::sim::dialect::Refusal;
use serde_json::Value;

/// Schemas in schemas are looked at so far down.
const DEPTH_MAX: usize = 10;

/// Refuses a strict schema that is none; `what` says whose it is, `param` where.
pub(crate) fn check(schema: &Value, what: &str, param: &str) -> Result<(), Refusal> {
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
    let properties = schema.get("properties").and_then(Value::as_object);
    if schema["type"] == "object" {
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
    for (name, property) in properties.into_iter().flatten() {
        at.extend(["properties", name]);
        walk(property, at)?;
        at.truncate(at.len() - 2);
    }
    if let Some(items) = schema.get("items") {
        at.push("items");
        walk(items, at)?;
        at.pop();
    }
    Ok(())
}
