//! What `generateContent` writes: a response, or a stream of responses that each stand alone.

use crate::sim::{
    answers::Said,
    gemini::model,
    question::{Ending, Format, JSON, Thinking, Told, no_stream, split, tokens},
};
use serde_json::{Value, json};

const CHARSET: &str = "application/json; charset=UTF-8";

pub(crate) static WHOLE: Format = Format { content_type: CHARSET, write: whole, error: no_stream };
pub(crate) static EVENTS: Format =
    Format { content_type: "text/event-stream", write: events, error: event };
pub(crate) static ARRAY: Format =
    Format { content_type: JSON, write: array, error: |error| format!(",\r\n{error}]") };
pub(crate) static COUNT: Format = Format { content_type: CHARSET, write: count, error: no_stream };

fn count(told: &Told<'_>) -> Vec<String> {
    let tokens = told.question.input_tokens();
    let details = json!([{"modality": "TEXT", "tokenCount": tokens}]);
    vec![json!({"totalTokens": tokens, "promptTokensDetails": details}).to_string()]
}

fn whole(told: &Told<'_>) -> Vec<String> {
    if told.ending == Ending::Blocked {
        return vec![blocked(told).to_string()];
    }
    let said = match &told.said {
        Said::Text(text) => vec![json!({"text": text})],
        Said::Tools(_) => calls(told),
    };
    let mut parts = thought(told).into_iter().chain(said).collect::<Vec<_>>();
    let signature = signature_of_text(told);
    if let (Some(last), Some(signature)) = (parts.last_mut(), signature) {
        last["thoughtSignature"] = json!(signature);
    }
    let spoken = told.used.output - told.used.thought;
    let mut response = response(told, &parts, spoken);
    response["candidates"][0]["finishReason"] = json!(finish(told));
    vec![response.to_string()]
}

/// Where the prompt is blocked there is no candidate.
fn blocked(told: &Told<'_>) -> Value {
    let mut response = response(told, &[], 0);
    if let Value::Object(fields) = &mut response {
        fields.remove("candidates");
    }
    response["promptFeedback"] = json!({"blockReason": "PROHIBITED_CONTENT"});
    response
}

/// A response with these parts, after so many tokens of the answer.
fn response(told: &Told<'_>, parts: &[Value], spoken: u64) -> Value {
    let used = &told.used;
    let mut usage = json!({
        "promptTokenCount": used.input, "totalTokenCount": used.input + used.thought + spoken,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": used.input}],
    });
    // What is zero is left out.
    let counts = [
        ("candidatesTokenCount", spoken),
        ("cachedContentTokenCount", used.cached),
        ("thoughtsTokenCount", used.thought),
    ];
    for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        usage[name] = json!(count);
    }
    json!({
        "candidates": [{"content": {"parts": parts, "role": "model"}, "index": 0}],
        "usageMetadata": usage, "modelVersion": told.question.model,
        "responseId": &told.digest[..22],
    })
}

fn thought(told: &Told<'_>) -> Option<Value> {
    match told.question.thinking {
        Thinking::Shown => {
            told.thought.as_ref().map(|thought| json!({"text": thought, "thought": true}))
        }
        Thinking::No | Thinking::Hidden => None,
    }
}

/// Calls of functions come whole and without ids; the first has a signature where the model thinks.
fn calls(told: &Told<'_>) -> Vec<Value> {
    let Said::Tools(calls) = &told.said else { return Vec::new() };
    let parts = calls.iter().enumerate().map(|(index, call)| {
        let args = serde_json::from_str::<Value>(&call.arguments).unwrap_or_else(|_| json!({}));
        let mut part = json!({"functionCall": {"name": call.name, "args": args}});
        if index == 0 && told.thought.is_some() {
            part["thoughtSignature"] = json!(Told::signature(&call.name));
        }
        part
    });
    parts.collect()
}

/// Models that want signatures of calls back sign their texts too, at the end.
fn signature_of_text(told: &Told<'_>) -> Option<String> {
    match &told.said {
        Said::Text(text) if model::wants_signatures(&told.question.model) => {
            told.thought.as_ref().map(|_| Told::signature(text))
        }
        Said::Text(_) | Said::Tools(_) => None,
    }
}

fn finish(told: &Told<'_>) -> &'static str {
    match told.ending {
        Ending::Done | Ending::Stopped(_) => "STOP",
        Ending::Cut => "MAX_TOKENS",
        Ending::Blocked => "PROHIBITED_CONTENT",
    }
}

/// The responses of a stream; what was used counts up, and the last one has it all.
fn frames(told: &Told<'_>) -> Vec<Value> {
    if told.ending == Ending::Blocked {
        return vec![blocked(told)];
    }
    let mut frames: Vec<Value> =
        thought(told).into_iter().map(|thought| response(told, &[thought], 0)).collect();
    match &told.said {
        Said::Text(text) => {
            let mut spoken = 0;
            for piece in split(text) {
                spoken += piece.len();
                let spoken = tokens(&text[..spoken]);
                frames.push(response(told, &[json!({"text": piece})], spoken));
            }
        }
        Said::Tools(_) => {
            frames.extend(calls(told).into_iter().map(|call| response(told, &[call], 0)));
        }
    }
    let mut end = json!({"text": ""});
    if let Some(signature) = signature_of_text(told) {
        end["thoughtSignature"] = json!(signature);
    }
    let mut last = response(told, &[end], told.used.output - told.used.thought);
    last["candidates"][0]["finishReason"] = json!(finish(told));
    frames.push(last);
    frames
}

fn event(data: &Value) -> String {
    format!("data: {data}\r\n\r\n")
}

fn events(told: &Told<'_>) -> Vec<String> {
    frames(told).iter().map(event).collect()
}

fn array(told: &Told<'_>) -> Vec<String> {
    let frames = frames(told).into_iter().enumerate();
    let between = |place: usize| if place == 0 { "[" } else { ",\r\n" };
    let pieces = frames.map(|(place, frame)| format!("{}{frame}", between(place)));
    pieces.chain(["]\n".to_owned()]).collect()
}
