//! A stream of as many pieces of a text as wanted, in each dialect, and who reads it.

use dialect::{
    Dialect, Form,
    translate::{Caller, Framing, Stream, Thoughts},
};
use exchange::Timestamp;
use serde_json::{Map, Value, json};

pub(crate) fn caller(form: Form) -> Caller {
    let (id, model) = ("0195e2f0-0000".to_owned(), "a-model".to_owned());
    let repeated = Map::new();
    let (framing, thoughts) = (Framing::Events, Thoughts::Free);
    Caller { form, framing, id, model, at: Timestamp(0), repeated, thoughts }
}

/// The events of a stream of so many pieces of a text.
pub(crate) fn streamed(dialect: Dialect, chunks: usize) -> Vec<Vec<u8>> {
    let chunk = |delta: &Value, finish: Value| {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        let chunk = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
            "model": "gpt-4.1", "choices": [choice]});
        format!("data: {chunk}\n\n").into_bytes()
    };
    let piece = |at: usize| json!({"content": format!("{at} pieces, \"é\" ")});
    let mut events = vec![chunk(&json!({"role": "assistant", "content": ""}), Value::Null)];
    events.extend((0..chunks).map(|at| chunk(&piece(at), Value::Null)));
    events.push(chunk(&json!({}), json!("stop")));
    events.push(b"data: [DONE]\n\n".to_vec());
    if dialect == Dialect::OpenAi {
        return events;
    }
    let mut stream = Stream::new(Dialect::OpenAi, caller(dialect.form()));
    let mut told: Vec<_> = events.iter().map(|event| stream.push(event).to_vec()).collect();
    told.push(stream.finish().to_vec());
    told.retain(|event| !event.is_empty());
    told
}
