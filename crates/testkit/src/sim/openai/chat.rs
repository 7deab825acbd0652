//! Chat Completions.

mod reply;
mod rules;
mod shapes;

use super::model;
use crate::sim::{
    answers::Turn,
    dialect::Refusal,
    question::{
        Billing, IMAGE_TOKENS, Limits, MESSAGE_TOKENS, Question, Thinking, cached_by_itself,
        offered, tokens,
    },
};
use serde_json::Value;

pub(crate) use shapes::SHAPE;

/// The fields that make up a question.
pub(crate) const QUESTION: [&str; 5] = ["messages", "metadata", "response_format", "tools", "seed"];

/// The question of a body that has the shape.
pub(crate) fn question(body: Value) -> Result<Question, Refusal> {
    rules::check(&body)?;
    let model = body["model"].as_str().unwrap_or_default().to_owned();
    let turns = turns(&body);
    let limit = body["max_completion_tokens"].as_u64().or_else(|| body["max_tokens"].as_u64());
    let reasons = model::reasons_at(&model, body["reasoning_effort"].as_str());
    let format = match (&body["stream"], &body["stream_options"]["include_usage"]) {
        (Value::Bool(true), Value::Bool(true)) => &reply::STREAM_WITH_USAGE,
        (Value::Bool(true), _) => &reply::STREAM,
        _ => &reply::WHOLE,
    };
    Ok(Question {
        model,
        identity: &QUESTION,
        offered: offered(&body, &["tools", "response_format"]),
        cached: cached_by_itself(&turns),
        limits: Limits { tokens: limit, stops: stops(&body["stop"]) },
        thinking: if reasons { Thinking::Hidden } else { Thinking::No },
        billing: Billing::Answer,
        format,
        turns,
        body,
    })
}

fn stops(stop: &Value) -> Vec<String> {
    match stop {
        Value::String(only) => vec![only.clone()],
        several => strings(several).map(str::to_owned).collect(),
    }
}

pub(crate) fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// What the messages of a body say.
pub(crate) fn turns(body: &Value) -> Vec<Turn> {
    let messages = body.get("messages").and_then(Value::as_array);
    messages.into_iter().flatten().map(turn).collect()
}

fn turn(message: &Value) -> Turn {
    let role = match message["role"].as_str().unwrap_or_default() {
        "developer" => "system",
        role => role,
    };
    let content = &message["content"];
    let text = text(content);
    let images = parts(content).filter(|part| part["type"] == "image_url").count() as u64;
    let tokens = MESSAGE_TOKENS + tokens(&text) + images * IMAGE_TOKENS;
    Turn { role: role.to_owned(), text, tokens }
}

/// The text of a content that is text, or parts with text among them.
pub(crate) fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        parts_of => parts(parts_of).filter_map(|part| part["text"].as_str()).collect(),
    }
}

pub(crate) fn parts(content: &Value) -> impl Iterator<Item = &Value> {
    content.as_array().into_iter().flatten()
}
