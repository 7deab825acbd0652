//! The parts of a content. Names are read in both spellings that the API takes: `inlineData` and
//! `inline_data`.

use crate::{fields::text, transcript::Turn};
use serde_json::Value;

/// A member by its name in camel case, or in the snake case of the same.
pub(crate) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.get(name).or_else(|| value.get(snake(name)))
}

/// Members by their names in camel case.
pub(crate) fn camel<'v>(
    members: impl IntoIterator<Item = (&'v String, &'v Value)>,
) -> impl Iterator<Item = (String, &'v Value)> {
    members.into_iter().map(|(name, value)| (in_camel(name), value))
}

pub(crate) fn in_camel(name: &str) -> String {
    let mut is_initial = false;
    name.chars().fold(String::new(), |mut camel, char| {
        match (char, std::mem::take(&mut is_initial)) {
            ('_', _) => is_initial = true,
            (char, true) => camel.push(char.to_ascii_uppercase()),
            (char, false) => camel.push(char),
        }
        camel
    })
}

pub(crate) fn snake(name: &str) -> String {
    name.chars().fold(String::new(), |mut snake, char| {
        if char.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(char.to_ascii_lowercase());
        snake
    })
}

/// The parts of a content; the API also takes a single part.
pub(crate) fn parts(content: &Value) -> impl Iterator<Item = &Value> {
    let parts = content.get("parts");
    let single = parts.filter(|parts| parts.is_object());
    single.into_iter().chain(parts.and_then(Value::as_array).into_iter().flatten())
}

/// What a content says, as a judge or a person would read it: results of tools are the tool's words.
pub(crate) fn turns(content: &Value) -> Vec<Turn> {
    let role = match text(content, "role") {
        None | Some("") => "user",
        Some("model") => "assistant",
        Some(role) => role,
    };
    let results = parts(content).filter_map(|part| member(part, "functionResponse"));
    let result = |result: &Value| {
        let said = result.get("response").map(Value::to_string);
        let media = parts(result).filter_map(part_text);
        said.into_iter().chain(media).collect::<Vec<String>>().join("\n")
    };
    let mut turns: Vec<Turn> = results.map(|it| ("tool".to_owned(), result(it))).collect();
    let said = words(content);
    if !said.is_empty() || turns.is_empty() {
        turns.push((role.to_owned(), said));
    }
    turns
}

/// The text of a content's parts. What is neither text nor a tool call leaves its kind in brackets.
pub(crate) fn words(content: &Value) -> String {
    parts(content).filter_map(part_text).collect::<Vec<String>>().join("\n")
}

fn part_text(part: &Value) -> Option<String> {
    if is_thought(part) {
        return None;
    }
    if let Some(text) = text(part, "text") {
        return Some(text.to_owned());
    }
    if let Some(call) = member(part, "functionCall") {
        let name = text(call, "name").unwrap_or_default();
        let empty = Value::Object(serde_json::Map::new());
        return Some(format!("[calls {name}({})]", call.get("args").unwrap_or(&empty)));
    }
    if member(part, "functionResponse").is_some() {
        return None;
    }
    media_type(part).map(|media_type| format!("[{}]", crate::media::kind(media_type)))
}

/// Thoughts are not said.
pub(crate) fn is_thought(part: &Value) -> bool {
    part.get("thought").and_then(Value::as_bool).unwrap_or(false)
}

/// The media type of a part that is media; empty where it does not say.
pub(crate) fn media_type(part: &Value) -> Option<&str> {
    let media = member(part, "inlineData").or_else(|| member(part, "fileData"))?;
    Some(member(media, "mimeType").and_then(Value::as_str).unwrap_or_default())
}

/// The address of a part that is a file elsewhere.
pub(crate) fn file_uri(part: &Value) -> Option<&str> {
    member(member(part, "fileData")?, "fileUri")?.as_str()
}
