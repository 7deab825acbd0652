//! What is written in Responses: a response, and the events of its making.

use super::{
    super::{CREATED_S, EVENTS},
    includes,
};
use crate::sim::{
    answers::Said,
    question::{Ending, Format, JSON, Thinking, Told, no_stream, split},
};
use serde_json::{Value, json};

pub(crate) static WHOLE: Format = Format { content_type: JSON, write: whole, error: no_stream };
pub(crate) static STREAM: Format =
    Format { content_type: EVENTS, write: events, error: error_event };

fn whole(told: &Told<'_>) -> Vec<String> {
    vec![response(told, status(told), &output(told)).to_string()]
}

fn status(told: &Told<'_>) -> &'static str {
    match told.ending {
        Ending::Done | Ending::Stopped(_) => "completed",
        Ending::Cut | Ending::Blocked => "incomplete",
    }
}

/// The response at a moment: without usage as long as it is made.
fn response(told: &Told<'_>, status: &str, output: &[Value]) -> Value {
    let asked = &told.question.body;
    let or = |field: &str, otherwise: Value| match &asked[field] {
        Value::Null => otherwise,
        given => given.clone(),
    };
    let incomplete = match (status, &told.ending) {
        ("incomplete", Ending::Blocked) => json!({"reason": "content_filter"}),
        ("incomplete", _) => json!({"reason": "max_output_tokens"}),
        _ => Value::Null,
    };
    let reasoning =
        json!({"effort": asked["reasoning"]["effort"], "summary": asked["reasoning"]["summary"]});
    let text = json!({"format": {"type": "text"}, "verbosity": "medium"});
    json!({
        "id": format!("resp_{}", told.digest), "object": "response", "created_at": CREATED_S,
        "status": status, "background": false, "error": null, "incomplete_details": incomplete,
        "instructions": asked["instructions"], "max_output_tokens": asked["max_output_tokens"],
        "max_tool_calls": asked["max_tool_calls"], "model": told.question.model, "output": output,
        "parallel_tool_calls": or("parallel_tool_calls", json!(true)),
        "previous_response_id": null, "prompt_cache_key": asked["prompt_cache_key"],
        "reasoning": reasoning, "safety_identifier": asked["safety_identifier"], "service_tier": "default",
        "store": or("store", json!(true)), "temperature": or("temperature", json!(1.0)),
        "text": merged(&text, asked["text"].clone()),
        "tool_choice": or("tool_choice", json!("auto")), "tools": or("tools", json!([])),
        "top_logprobs": 0, "top_p": or("top_p", json!(1.0)),
        "truncation": or("truncation", json!("disabled")),
        "usage": if status == "in_progress" { Value::Null } else { usage(told) },
        "user": asked["user"], "metadata": or("metadata", json!({})),
    })
}

fn usage(told: &Told<'_>) -> Value {
    let used = &told.used;
    json!({
        "input_tokens": used.input,
        "input_tokens_details": {"cached_tokens": used.cached, "cache_write_tokens": 0},
        "output_tokens": used.output,
        "output_tokens_details": {"reasoning_tokens": used.thought},
        "total_tokens": used.input + used.output,
    })
}

/// What the response consists of.
fn output(told: &Told<'_>) -> Vec<Value> {
    let thought = told.thought.iter().map(|thought| reasoning(told, thought));
    match &told.said {
        Said::Text(text) => thought.chain([message(told, status(told), &[part(text)])]).collect(),
        Said::Tools(calls) => {
            let calls = calls.iter().enumerate().map(|(index, call)| {
                json!({
                    "id": format!("fc_{}{index}", told.digest), "type": "function_call",
                    "status": "completed", "call_id": format!("call_{}{index}", told.digest),
                    "name": call.name, "arguments": call.arguments,
                })
            });
            thought.chain(calls).collect()
        }
    }
}

fn reasoning(told: &Told<'_>, thought: &str) -> Value {
    let id = format!("rs_{}", told.digest);
    let summary = match told.question.thinking {
        Thinking::Shown => json!([{"type": "summary_text", "text": thought}]),
        Thinking::No | Thinking::Hidden => json!([]),
    };
    let mut item = json!({"id": id, "type": "reasoning", "summary": summary});
    if includes(&told.question.body, "reasoning.encrypted_content") {
        item["encrypted_content"] = json!(Told::sealed(&told.question.model, &id));
    }
    item
}

fn message(told: &Told<'_>, status: &str, content: &[Value]) -> Value {
    json!({
        "id": format!("msg_{}", told.digest), "type": "message", "status": status,
        "role": "assistant", "content": content,
    })
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

/// The events, which count themselves.
struct Events(Vec<String>);

impl Events {
    fn tell(&mut self, kind: &str, mut data: Value) {
        data["type"] = json!(kind);
        data["sequence_number"] = json!(self.0.len());
        self.0.push(event(kind, &data));
    }
}

fn event(kind: &str, data: &Value) -> String {
    format!("event: {kind}\ndata: {data}\n\n")
}

fn events(told: &Told<'_>) -> Vec<String> {
    let mut events = Events(Vec::new());
    let begun = response(told, "in_progress", &[]);
    events.tell("response.created", json!({"response": begun.clone()}));
    events.tell("response.in_progress", json!({"response": begun}));
    let output = output(told);
    for (index, item) in output.iter().enumerate() {
        match item["type"].as_str() {
            Some("message") => text_events(&mut events, told, index, item),
            Some("function_call") => call_events(&mut events, index, item),
            Some(_) | None => reasoning_events(&mut events, index, item),
        }
        events.tell("response.output_item.done", json!({"output_index": index, "item": item}));
    }
    let kind = format!("response.{}", status(told));
    events.tell(&kind, json!({"response": response(told, status(told), &output)}));
    events.0
}

fn text_events(events: &mut Events, told: &Told<'_>, index: usize, item: &Value) {
    let begun = message(told, "in_progress", &[]);
    events.tell("response.output_item.added", json!({"output_index": index, "item": begun}));
    let place = json!({"item_id": item["id"], "output_index": index, "content_index": 0});
    let at = |more: Value| merged(&place, more);
    events.tell("response.content_part.added", at(json!({"part": part("")})));
    let text = item["content"][0]["text"].as_str().unwrap_or_default();
    for piece in split(text) {
        let delta = at(json!({"delta": piece, "logprobs": []}));
        events.tell("response.output_text.delta", delta);
    }
    events.tell("response.output_text.done", at(json!({"text": text, "logprobs": []})));
    events.tell("response.content_part.done", at(json!({"part": item["content"][0]})));
}

fn call_events(events: &mut Events, index: usize, item: &Value) {
    let begun = merged(item, json!({"status": "in_progress", "arguments": ""}));
    events.tell("response.output_item.added", json!({"output_index": index, "item": begun}));
    let place = json!({"item_id": item["id"], "output_index": index});
    let arguments = item["arguments"].as_str().unwrap_or_default();
    for piece in split(arguments) {
        let delta = merged(&place, json!({"delta": piece}));
        events.tell("response.function_call_arguments.delta", delta);
    }
    let done = merged(&place, json!({"name": item["name"], "arguments": arguments}));
    events.tell("response.function_call_arguments.done", done);
}

fn reasoning_events(events: &mut Events, index: usize, item: &Value) {
    let begun = merged(item, json!({"summary": []}));
    events.tell("response.output_item.added", json!({"output_index": index, "item": begun}));
    let place = json!({"item_id": item["id"], "output_index": index, "summary_index": 0});
    let at = |more: Value| merged(&place, more);
    let Some(text) = item["summary"][0]["text"].as_str() else { return };
    let part = |text: &str| at(json!({"part": {"type": "summary_text", "text": text}}));
    events.tell("response.reasoning_summary_part.added", part(""));
    for piece in split(text) {
        events.tell("response.reasoning_summary_text.delta", at(json!({"delta": piece})));
    }
    events.tell("response.reasoning_summary_text.done", at(json!({"text": text})));
    events.tell("response.reasoning_summary_part.done", part(text));
}

/// `one` with the fields of `other`.
fn merged(one: &Value, other: Value) -> Value {
    let mut merged = one.clone();
    if let Value::Object(fields) = other {
        for (name, value) in fields {
            merged[name] = value;
        }
    }
    merged
}

/// In a stream of Responses an error is an event of its own shape, not the body of an error.
fn error_event(error: &Value) -> String {
    let error = &error["error"];
    let data = json!({
        "type": "error", "code": error["type"], "message": error["message"],
        "param": error["param"], "sequence_number": 0,
    });
    event("error", &data)
}
