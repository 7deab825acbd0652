//! `embedContent` and `batchEmbedContents`.

use super::{generate, problem};
use crate::{
    chance,
    sim::{
        answers::Turn,
        dialect::Refusal,
        question::{Billing, Cached, Format, JSON, Limits, Question, Thinking, Told, no_stream},
        shape::{
            Field,
            Shape::{self, Each, Fields, Of, Text, Whole},
            may, must,
        },
    },
};
use serde_json::{Value, json};

const REQUEST: [Field; 5] = [
    may("model", Text),
    must("content", Of(&generate::CONTENT)),
    may("taskType", Text),
    may("title", Text),
    may("outputDimensionality", Whole(1, 3072)),
];
/// A request for one embedding.
pub(crate) static SHAPE: Shape = Fields(&REQUEST);
/// A request for several.
pub(crate) static BATCH_SHAPE: Shape = Fields(&[must("requests", Each(&Fields(&REQUEST)))]);

static ONE: Format = Format { content_type: JSON, write: one, error: no_stream };
static SEVERAL: Format = Format { content_type: JSON, write: several, error: no_stream };

/// A vector has so many places unless the caller wants another number.
const PLACES: u64 = 8;

pub(crate) fn question(name: &str, body: Value) -> Result<Question, Refusal> {
    let turns = vec![turn(&body)?];
    Ok(embedding(name, body, turns, &ONE))
}

pub(crate) fn batch(name: &str, body: Value) -> Result<Question, Refusal> {
    let requests = body["requests"].as_array().into_iter().flatten();
    let turns = requests.map(turn).collect::<Result<Vec<_>, _>>()?;
    Ok(embedding(name, body, turns, &SEVERAL))
}

fn turn(request: &Value) -> Result<Turn, Refusal> {
    if request["content"]["parts"].as_array().is_none_or(Vec::is_empty) {
        return Err(problem::wrong("content.parts", "contents.parts must not be empty."));
    }
    Ok(generate::turn("user", &request["content"]))
}

fn embedding(name: &str, body: Value, turns: Vec<Turn>, format: &'static Format) -> Question {
    Question {
        model: name.to_owned(),
        identity: &["content", "requests"],
        turns,
        offered: 0,
        cached: Cached::default(),
        limits: Limits::default(),
        thinking: Thinking::No,
        billing: Billing::Prompt,
        format,
        body,
    }
}

fn one(told: &Told<'_>) -> Vec<String> {
    vec![json!({"embedding": vector(told, 0, &told.question.body)}).to_string()]
}

fn several(told: &Told<'_>) -> Vec<String> {
    let requests = told.question.body["requests"].as_array().into_iter().flatten();
    let vectors = requests.enumerate().map(|(place, request)| vector(told, place, request));
    vec![json!({"embeddings": vectors.collect::<Vec<_>>()}).to_string()]
}

/// The same text has the same vector.
fn vector(told: &Told<'_>, place: usize, request: &Value) -> Value {
    let text = told.question.turns.get(place).map_or("", |turn| turn.text.as_str());
    let places = request["outputDimensionality"].as_u64().unwrap_or(PLACES);
    let at = |place: u64| chance::unit(0, &["embedding", text, &place.to_string()]) * 2.0 - 1.0;
    json!({"values": (0..places).map(at).collect::<Vec<_>>()})
}
