//! One message of a call or a reply: its text, and the tool calls that it carries.

use crate::fields::{items, nonempty};
use exchange::ToolCall;
use serde_json::Value;

/// Role and text, as a judge or a person would read them.
pub(crate) fn turn(message: &Value) -> (String, String) {
    let role = message.get("role").and_then(Value::as_str).unwrap_or("unknown").to_owned();
    let mut lines: Vec<String> = text(message.get("content")).into_iter().collect();
    lines.extend(message.get("refusal").and_then(Value::as_str).map(str::to_owned));
    let calls = tool_calls(message).into_iter();
    lines.extend(calls.map(|call| format!("[calls {}({})]", call.name, call.arguments)));
    (role, lines.join("\n"))
}

/// The text of `content`, which is a string or a list of parts; `None` where it is empty, because
/// a stream cannot tell an empty text from none. A part that is not text leaves its kind in brackets.
pub(crate) fn text(content: Option<&Value>) -> Option<String> {
    let text = match content? {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(part_text).collect::<Vec<String>>().join("\n")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn part_text(part: &Value) -> Option<String> {
    let kind = part.get("type")?.as_str()?;
    let text = part.get("text").or_else(|| part.get("refusal")).and_then(Value::as_str);
    Some(text.map_or_else(|| format!("[{kind}]"), str::to_owned))
}

/// The parts of a message whose content is a list.
pub(crate) fn parts(message: &Value) -> impl Iterator<Item = &Value> {
    message.get("content").and_then(Value::as_array).into_iter().flatten()
}

/// The tool calls of a message, the older `function_call` among them.
pub(crate) fn tool_calls(message: &Value) -> Vec<ToolCall> {
    calls_with_ids(message).map(|(_, call)| call).collect()
}

/// The same, each with its id.
pub(crate) fn calls_with_ids(
    message: &Value,
) -> impl Iterator<Item = (Option<String>, ToolCall)> + '_ {
    let calls = items(message, "tool_calls");
    let calls = calls.filter_map(|call| Some((nonempty(call.get("id")), named(body(call))?)));
    calls.chain(message.get("function_call").and_then(named).map(|call| (None, call)))
}

/// What a tool call says under its type's name: `function`, or `custom`.
pub(crate) fn body(call: &Value) -> &Value {
    call.get("function").or_else(|| call.get("custom")).unwrap_or(&Value::Null)
}

fn named(body: &Value) -> Option<ToolCall> {
    let name = body.get("name")?.as_str()?.to_owned();
    Some(ToolCall { name, arguments: arguments(body).unwrap_or_default() })
}

/// The arguments as the model wrote them; some compatible providers send them parsed.
pub(crate) fn arguments(body: &Value) -> Option<String> {
    let value = body.get("arguments").or_else(|| body.get("input"))?;
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(value.to_string())
        }
    }
}
