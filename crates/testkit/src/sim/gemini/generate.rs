//! `generateContent`, its streams, and `countTokens`.

mod reply;
mod rules;
mod schema;
mod shapes;

use super::{invalid, model};
use crate::sim::{
    answers::Turn,
    dialect::Refusal,
    question::{
        Billing, Cached, Format, IMAGE_TOKENS, Limits, MESSAGE_TOKENS, Question, Thinking,
        cached_by_itself, offered, tokens,
    },
};
use serde_json::Value;

pub(crate) use reply::{ARRAY, EVENTS, WHOLE};
pub(crate) use shapes::{CONTENT, COUNT_SHAPE, SHAPE};

/// The fields that make up a question.
const QUESTION: [&str; 4] = ["systemInstruction", "contents", "generationConfig", "tools"];

/// The question of a body that has the shape.
pub(crate) fn question(
    name: &str,
    body: Value,
    format: &'static Format,
) -> Result<Question, Refusal> {
    rules::check(name, &body)?;
    let config = &body["generationConfig"];
    let stops = items(&config["stopSequences"]).filter_map(Value::as_str).map(str::to_owned);
    let limits = Limits { tokens: config["maxOutputTokens"].as_u64(), stops: stops.collect() };
    let thinking = thinking(name, &config["thinkingConfig"]);
    let mut question = counted(name, body);
    if question.input_tokens() > model::CONTEXT_TOKENS_MAX {
        return Err(invalid(&format!(
            "The input token count ({}) exceeds the maximum number of tokens allowed ({}).",
            question.input_tokens(),
            model::CONTEXT_TOKENS_MAX
        )));
    }
    question.cached = cached_by_itself(&question.turns);
    Ok(Question { billing: Billing::Answer, format, limits, thinking, ..question })
}

/// The question how long it is: of contents, or of a whole request.
pub(crate) fn count(name: &str, body: Value) -> Result<Question, Refusal> {
    let body = match body.get("generateContentRequest") {
        Some(request) => request.clone(),
        None => body,
    };
    rules::check(name, &body)?;
    Ok(counted(name, body))
}

fn counted(name: &str, body: Value) -> Question {
    Question {
        model: name.to_owned(),
        identity: &QUESTION,
        turns: turns(&body),
        offered: offered(&body, &["tools"])
            + offered(&body["generationConfig"], &["responseSchema", "responseJsonSchema"]),
        cached: Cached::default(),
        limits: Limits::default(),
        thinking: Thinking::No,
        billing: Billing::Nothing,
        format: &reply::COUNT,
        body,
    }
}

fn thinking(name: &str, config: &Value) -> Thinking {
    match (config["thinkingBudget"].as_i64(), config["includeThoughts"] == true) {
        (Some(0), _) => Thinking::No,
        (_, true) => Thinking::Shown,
        (_, false) if model::thinks(name) => Thinking::Hidden,
        (_, false) => Thinking::No,
    }
}

fn turns(body: &Value) -> Vec<Turn> {
    let system = body.get("systemInstruction").map(|content| turn("system", content));
    let contents = items(&body["contents"]).map(|content| {
        let answers = items(&content["parts"]).any(|part| part["functionResponse"].is_object());
        match content["role"].as_str() {
            Some("model") => turn("assistant", content),
            Some("function") => turn("tool", content),
            Some(_) | None if answers => turn("tool", content),
            Some(_) | None => turn("user", content),
        }
    });
    system.into_iter().chain(contents).collect()
}

/// What a content says, in the project's role.
pub(crate) fn turn(role: &str, content: &Value) -> Turn {
    let texts = items(&content["parts"]).filter(|part| part["thought"] != true).map(text);
    let tokens = MESSAGE_TOKENS + items(&content["parts"]).map(part_tokens).sum::<u64>();
    Turn { role: role.to_owned(), text: texts.collect(), tokens }
}

fn text(part: &Value) -> String {
    match (&part["text"], &part["functionResponse"]["response"]) {
        (Value::String(text), _) => text.clone(),
        (_, Value::Null) => String::new(),
        (_, response) => response.to_string(),
    }
}

fn part_tokens(part: &Value) -> u64 {
    let named = |call: &Value, field: &str| {
        call["name"].as_str().map_or(0, tokens) + tokens(&call[field].to_string())
    };
    match part {
        // Thoughts of earlier turns are taken out of the prompt.
        part if part["thought"] == true => 0,
        part if part["functionCall"].is_object() => named(&part["functionCall"], "args"),
        part if part["functionResponse"].is_object() => {
            named(&part["functionResponse"], "response")
        }
        part if part["inlineData"].is_object() || part["fileData"].is_object() => IMAGE_TOKENS,
        part => part["text"].as_str().map_or(0, tokens),
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
