//! What the readers and writers of calls share: small decisions about tools, schemas and media.

use super::{Impossible, Losses, Part, Prompt, ToolCall};
use crate::Form;
use serde_json::{Map, Number, Value, json};
use std::collections::BTreeSet;

/// The longest name of a tool.
const NAME_CHARS_MAX: usize = 64;
const ANTHROPIC_NAME_CHARS_MAX: usize = 128;

/// An object of these members, which are taken as they are: `json!` would copy all that is in them.
pub(crate) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A member that is a number.
pub(crate) fn number(value: Option<&Value>) -> Option<Number> {
    match value? {
        Value::Number(number) => Some(number.clone()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// The arguments of a call as an object, where the form has no text there.
pub(crate) fn arguments(call: &ToolCall, losses: &mut Losses) -> Value {
    if call.arguments.trim().is_empty() {
        return json!({});
    }
    object_of(&call.arguments).map_or_else(
        || {
            losses.approximate(
                "messages.tool_calls",
                "arguments that are no JSON object are put into one",
            );
            json!({"arguments": call.arguments})
        },
        Value::Object,
    )
}

/// Arguments or a result as an object, where the form has no text there.
pub(crate) fn object_of(text: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(text).ok()? {
        Value::Object(members) => Some(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            None
        }
    }
}

/// The schema of a tool's arguments, which are an object's also where it does not say so; none where it
/// says that there are none.
pub(crate) fn arguments_schema(schema: Option<&Value>) -> Option<Value> {
    let mut members = schema?.as_object()?.clone();
    let is_empty = |value: Option<&Value>| {
        value.and_then(Value::as_object).is_some_and(serde_json::Map::is_empty)
    };
    let known = ["type", "properties", "additionalProperties", "required", "$schema"];
    let takes_nothing = is_empty(members.get("properties"))
        && members.keys().all(|name| known.contains(&name.as_str()));
    if takes_nothing {
        return None;
    }
    members.entry("type").or_insert_with(|| Value::from("object"));
    Some(Value::Object(members))
}

/// The texts of a result; media in it have no place in the target.
pub(crate) fn pruned_text(parts: &[Part]) -> Result<String, Impossible> {
    let text = |part: &Part| match part {
        Part::Text(text) | Part::Refusal(text) => Ok(text.clone()),
        Part::Image { .. } | Part::File { .. } | Part::Audio { .. } => {
            Err(Impossible::new("messages.tool", "the target's tools give back text only"))
        }
        Part::Call(_) | Part::Result(_) => Ok(String::new()),
    };
    let texts: Result<Vec<String>, Impossible> = parts.iter().map(text).collect();
    Ok(texts?.join("\n"))
}

/// The texts of an instruction: media in one have no place elsewhere.
pub(crate) fn instruction(parts: &[Part]) -> Result<Vec<String>, Impossible> {
    let refused =
        || Impossible::new("messages.system", "the target takes instructions of text only");
    let text = |part: &Part| part.text().map(str::to_owned).ok_or_else(refused);
    parts.iter().map(text).collect()
}

/// The parts of a content that is a text or a list, each read by `part`.
pub(crate) fn parts_of(
    content: Option<&Value>,
    mut part: impl FnMut(&Value) -> Result<Option<Part>, Impossible>,
) -> Result<Vec<Part>, Impossible> {
    match content {
        Some(Value::String(text)) if !text.is_empty() => Ok(vec![Part::Text(text.clone())]),
        Some(Value::Array(parts)) => parts.iter().filter_map(|it| part(it).transpose()).collect(),
        Some(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_),
        )
        | None => Ok(Vec::new()),
    }
}

/// Names of tools that the target's provider would refuse.
pub(crate) fn check_tools(prompt: &Prompt, form: Form) -> Result<(), Impossible> {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    let fits = |name: &str| match form {
        Form::ChatCompletions | Form::Responses => {
            name.len() <= NAME_CHARS_MAX && name.chars().all(is_plain)
        }
        Form::Messages => name.len() <= ANTHROPIC_NAME_CHARS_MAX && name.chars().all(is_plain),
        Form::GenerateContent => {
            name.len() <= NAME_CHARS_MAX
                && !name.starts_with(|first: char| !first.is_ascii_alphabetic() && first != '_')
                && name.chars().all(|char| is_plain(char) || char == '.')
        }
    };
    let mut names = prompt.tools.iter().map(|tool| &tool.name);
    if names.all(|name| !name.is_empty() && fits(name)) {
        Ok(())
    } else {
        Err(Impossible::new("tools", "the target takes no tool of such a name"))
    }
}

/// Whether an image is of a type that the target reads.
pub(crate) fn check_image(media_type: &str, types: &[&str]) -> Result<(), Impossible> {
    if types.contains(&media_type) {
        Ok(())
    } else {
        Err(Impossible::new("messages.image", "the target reads no image of its type"))
    }
}

/// Keywords that `OpenAI` takes in no schema which it holds replies or arguments to.
const BEYOND_STRICT: [&str; 8] =
    ["allOf", "dependentRequired", "dependentSchemas", "else", "if", "not", "oneOf", "then"];

/// Whether a schema is one that `OpenAI` holds replies and arguments to: every object closed, every member
/// required, everything of a stated type.
pub(crate) fn strict_enough(schema: &Value) -> bool {
    let Value::Object(members) = schema else { return false };
    let properties = members.get("properties").and_then(Value::as_object);
    let is_object = properties.is_some() || names(members.get("type"), "object");
    let is_closed = members.get("additionalProperties") == Some(&Value::from(false));
    let is_stated = ["type", "$ref", "anyOf", "enum", "const"];
    (!is_object || is_closed)
        && is_stated.iter().any(|name| members.contains_key(*name))
        && !BEYOND_STRICT.iter().any(|name| members.contains_key(*name))
        && properties.is_none_or(|all| requires_all(members.get("required"), all))
        && within(members).all(strict_enough)
}

fn requires_all(required: Option<&Value>, properties: &Map<String, Value>) -> bool {
    let required = required.and_then(Value::as_array).into_iter().flatten();
    let required: BTreeSet<&str> = required.filter_map(Value::as_str).collect();
    properties.keys().all(|name| required.contains(name.as_str()))
}

/// Whether a value is this text, or a list with it.
fn names(value: Option<&Value>, text: &str) -> bool {
    let is_it = |value: &Value| value.as_str() == Some(text);
    value.is_some_and(|value| {
        is_it(value) || value.as_array().is_some_and(|values| values.iter().any(is_it))
    })
}

/// The schemas in a schema.
fn within(members: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let of = |name: &str| members.get(name);
    let named = ["properties", "$defs", "definitions"].into_iter().filter_map(of);
    let named = named.filter_map(Value::as_object).flat_map(Map::values);
    let listed = of("anyOf").and_then(Value::as_array).into_iter().flatten();
    named.chain(listed).chain(of("items"))
}
