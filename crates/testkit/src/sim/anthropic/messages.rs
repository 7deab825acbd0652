//! Messages.

mod cache;
mod reply;
mod rules;
mod schema;
mod shapes;
mod tools;

use super::Version;
use crate::sim::{
    answers::Turn,
    dialect::Refusal,
    question::{
        Billing, Cached, IMAGE_TOKENS, Limits, MESSAGE_TOKENS, Question, Thinking, offered, tokens,
    },
};
use serde_json::Value;

pub(crate) use shapes::{COUNT_SHAPE, SHAPE};

/// The fields that make up a question.
const QUESTION: [&str; 5] = ["system", "messages", "metadata", "output_config", "tools"];

/// The question of a body that has the shape.
pub(crate) fn question(version: Version, body: Value) -> Result<Question, Refusal> {
    rules::check(version, &body)?;
    rules::check_answer(version, &body)?;
    let stops = items(&body["stop_sequences"]).filter_map(Value::as_str).map(str::to_owned);
    let limits = Limits { tokens: body["max_tokens"].as_u64(), stops: stops.collect() };
    let format = if body["stream"] == true { &reply::STREAM } else { &reply::WHOLE };
    let mut question = Question { billing: Billing::Answer, format, limits, ..counted(body) };
    question.cached = cache::of(&question.body);
    question.thinking = thinking(&question.body["thinking"]);
    Ok(question)
}

/// The question how long it is.
pub(crate) fn count(version: Version, body: Value) -> Result<Question, Refusal> {
    rules::check(version, &body)?;
    Ok(counted(body))
}

fn counted(body: Value) -> Question {
    Question {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        identity: &QUESTION,
        turns: turns(&body),
        offered: offered(&body, &["tools", "output_config"]),
        cached: Cached::default(),
        limits: Limits::default(),
        thinking: Thinking::No,
        billing: Billing::Nothing,
        format: &reply::COUNT,
        body,
    }
}

fn thinking(thinking: &Value) -> Thinking {
    match (thinking["type"].as_str(), thinking["display"].as_str()) {
        (Some("enabled" | "adaptive"), Some("omitted")) => Thinking::Hidden,
        (Some("enabled" | "adaptive"), _) => Thinking::Shown,
        (Some(_) | None, _) => Thinking::No,
    }
}

fn turns(body: &Value) -> Vec<Turn> {
    let system = body.get("system").map(|content| turn("system", content));
    let messages = items(&body["messages"])
        .map(|message| turn(message["role"].as_str().unwrap_or_default(), &message["content"]));
    system.into_iter().chain(messages).collect()
}

fn turn(role: &str, content: &Value) -> Turn {
    let tokens = MESSAGE_TOKENS + blocks(content).iter().map(block_tokens).sum::<u64>();
    Turn { role: role.to_owned(), text: text(content), tokens }
}

/// A content as blocks: text is short for one block.
fn blocks(content: &Value) -> Vec<Value> {
    match content {
        Value::String(text) => vec![serde_json::json!({"type": "text", "text": text})],
        blocks => items(blocks).cloned().collect(),
    }
}

fn text(content: &Value) -> String {
    let texts = blocks(content).into_iter().filter_map(|block| match block["type"].as_str() {
        Some("tool_result") => Some(text(&block["content"])),
        Some(_) | None => block["text"].as_str().map(str::to_owned),
    });
    texts.collect()
}

/// The tokens of one block.
fn block_tokens(block: &Value) -> u64 {
    let of = |field: &str| block[field].as_str().map_or(0, tokens);
    match block["type"].as_str() {
        Some("image") => IMAGE_TOKENS,
        Some("document") => block["source"]["data"].as_str().map_or(0, tokens),
        Some("tool_use") => of("name") + tokens(&block["input"].to_string()),
        Some("tool_result") => blocks(&block["content"]).iter().map(block_tokens).sum(),
        // Thoughts of earlier turns are taken out of the prompt.
        Some("thinking" | "redacted_thinking") => 0,
        Some(_) | None => of("text"),
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
