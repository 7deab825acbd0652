//! The blocks of a message.

use crate::{fields::text as member, transcript::Turn};
use serde_json::Value;

/// What a message says, as a judge or a person would read it: results of tools are the tool's words.
pub(crate) fn turns(message: &Value) -> Vec<Turn> {
    let role = member(message, "role").unwrap_or("unknown").to_owned();
    let content = message.get("content");
    let mut turns: Vec<Turn> = Vec::new();
    for result in items(content).filter(|block| member(block, "type") == Some("tool_result")) {
        turns.push(("tool".to_owned(), text(result.get("content")).unwrap_or_default()));
    }
    let said = text(content);
    if said.is_some() || turns.is_empty() {
        turns.push((role, said.unwrap_or_default()));
    }
    turns
}

/// The text of a content, which is a string or a list of blocks. What is neither text nor a tool call
/// leaves its kind in brackets; thinking is not said, and results are the tool's.
pub(crate) fn text(content: Option<&Value>) -> Option<String> {
    let text = match content? {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            blocks.iter().filter_map(block_text).collect::<Vec<String>>().join("\n")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn block_text(block: &Value) -> Option<String> {
    Some(match member(block, "type")? {
        "text" => member(block, "text")?.to_owned(),
        "tool_use" => {
            let name = member(block, "name").unwrap_or_default();
            format!("[calls {name}({})]", block.get("input").unwrap_or(&Value::Null))
        }
        "thinking" | "redacted_thinking" | "tool_result" => return None,
        kind => format!("[{kind}]"),
    })
}

/// The blocks of a message, those inside the results of tools among them.
pub(crate) fn blocks(message: &Value) -> impl Iterator<Item = &Value> {
    let blocks = items(message.get("content"));
    blocks.flat_map(|block| std::iter::once(block).chain(items(block.get("content"))))
}

fn items(content: Option<&Value>) -> impl Iterator<Item = &Value> {
    content.and_then(Value::as_array).into_iter().flatten()
}
