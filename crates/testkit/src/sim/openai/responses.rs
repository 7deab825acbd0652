//! Responses.

mod reply;
mod rules;
mod shapes;

use super::{
    chat::{parts, strings, text},
    model,
};
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
const QUESTION: [&str; 5] = ["instructions", "input", "metadata", "text", "tools"];

/// The question of a body that has the shape.
pub(crate) fn question(body: Value) -> Result<Question, Refusal> {
    rules::check(&body)?;
    let model = body["model"].as_str().unwrap_or_default().to_owned();
    let turns = turns(&body);
    Ok(Question {
        identity: &QUESTION,
        offered: offered(&body, &["tools", "text"]),
        cached: cached_by_itself(&turns),
        limits: Limits { tokens: body["max_output_tokens"].as_u64(), stops: Vec::new() },
        thinking: thinking(&model, &body),
        billing: Billing::Answer,
        format: if body["stream"] == true { &reply::STREAM } else { &reply::WHOLE },
        model,
        turns,
        body,
    })
}

fn thinking(model: &str, body: &Value) -> Thinking {
    let reasoning = &body["reasoning"];
    if !model::reasons_at(model, reasoning["effort"].as_str()) {
        Thinking::No
    } else if reasoning["summary"].is_string() {
        Thinking::Shown
    } else {
        Thinking::Hidden
    }
}

fn turns(body: &Value) -> Vec<Turn> {
    let said = |role: &str, text: &str| Turn {
        role: role.to_owned(),
        text: text.to_owned(),
        tokens: MESSAGE_TOKENS + tokens(text),
    };
    let instructions = body["instructions"].as_str().map(|text| said("system", text));
    let plain = body["input"].as_str().map(|text| said("user", text));
    instructions.into_iter().chain(plain).chain(parts(&body["input"]).map(turn)).collect()
}

fn turn(item: &Value) -> Turn {
    let field = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
    let (role, text) = match item["type"].as_str() {
        Some("function_call") => ("assistant".to_owned(), field("name") + &field("arguments")),
        Some("function_call_output") => ("tool".to_owned(), text(&item["output"])),
        Some("reasoning") => ("assistant".to_owned(), field("encrypted_content")),
        Some(_) | None => match field("role") {
            role if role == "developer" => ("system".to_owned(), text(&item["content"])),
            role => (role, text(&item["content"])),
        },
    };
    let images = parts(&item["content"]).filter(|part| part["type"] == "input_image").count();
    let tokens = MESSAGE_TOKENS + tokens(&text) + images as u64 * IMAGE_TOKENS;
    Turn { role, text, tokens }
}

/// Whether the caller wants this beside the answer.
fn includes(body: &Value, what: &str) -> bool {
    strings(&body["include"]).any(|included| included == what)
}
