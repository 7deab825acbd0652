//! What the readers and writers of calls share: small decisions about tools, schemas and media.

use super::{Impossible, Losses, Part, Prompt, ToolCall};
use crate::{Form, fields::Fields};
use serde_json::{Map, Number, Value, json};

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

/// The schema of a tool's arguments; none where it says that there are none.
pub(crate) fn arguments_schema(schema: Option<&Value>) -> Option<Value> {
    let members = schema?.as_object()?;
    let is_empty = |value: Option<&Value>| {
        value.and_then(Value::as_object).is_some_and(serde_json::Map::is_empty)
    };
    let known = ["type", "properties", "additionalProperties", "required", "$schema"];
    let takes_nothing = is_empty(members.get("properties"))
        && members.keys().all(|name| known.contains(&name.as_str()));
    (!takes_nothing).then(|| Value::Object(members.clone()))
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

/// Whether a schema is one that `OpenAI` holds replies to: every object closed, every member required.
pub(crate) fn strict_enough(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => {
            let properties = members.get("properties").and_then(Value::as_object);
            let is_object = members.get("type").and_then(Value::as_str) == Some("object");
            let closed = members.get("additionalProperties") == Some(&Value::from(false));
            let required = members.get("required").and_then(Value::as_array);
            let is_required = |name: &String| {
                required.is_some_and(|all| all.iter().any(|it| it.as_str() == Some(name)))
            };
            (!(is_object || properties.is_some()) || closed)
                && properties.is_none_or(|properties| properties.keys().all(is_required))
                && members.values().all(strict_enough)
        }
        Value::Array(items) => items.iter().all(strict_enough),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

impl Losses {
    /// Members that no reader knows: no other form has them.
    pub(crate) fn unknown(&mut self, fields: &Fields, known: &[&str]) {
        for name in fields.names().iter().filter(|name| !known.contains(&name.as_str())) {
            self.drop(name, "it has no like elsewhere");
        }
    }
}
