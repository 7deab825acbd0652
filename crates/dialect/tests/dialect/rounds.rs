//! There and back: calls of every kind through every pair of forms, and calls of no kind.

use crate::{bodies, golden, matrix, translate_laws};
use dialect::{
    Form,
    translate::{Impossible, Loss, Translated},
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::fs;

#[test]
fn every_golden_call_obeys_the_law() {
    for case in matrix::cases() {
        for entry in fs::read_dir(&case).unwrap() {
            let path = entry.unwrap().path();
            let body = golden::json(&path);
            let body = body.get("body").unwrap_or(&body).to_string();
            translate_laws::translation_law(body.as_bytes());
        }
    }
}

fn put(from: Form, body: &[u8], to: Form) -> Result<Translated, Impossible> {
    translate_laws::put(&translate_laws::read(from, body), body, to)
}

/// There and back: what differs from the call as its own form would write it is in the loss reports.
/// A call that cannot make the journey proves nothing; the law says whether it could.
fn round_law(from: Form, body: &[u8], to: Form) -> bool {
    let (Ok(own), Ok(there)) = (put(from, body, from), put(from, body, to)) else { return false };
    let Ok(back) = put(to, &there.body, from) else { return false };
    let losses: Vec<&Loss> = own.losses.iter().chain(&there.losses).chain(&back.losses).collect();
    let (own, back) = (members(&own.body), members(&back.body));
    for name in own.keys().chain(back.keys()) {
        let is_same = own.get(name) == back.get(name);
        // A model's own limit is told where the form demands one.
        let is_limit = !own.contains_key(name) && name == "limit";
        let is_reported = losses.iter().any(|loss| concerns(&loss.field) == *name);
        assert!(
            is_same || is_limit || is_reported,
            "{from:?} to {to:?} and back: `{name}` is {:?}, was {:?}; losses: {losses:?}",
            back.get(name),
            own.get(name),
        );
    }
    true
}

/// The members of a body, in words that all forms share.
fn members(body: &[u8]) -> Map<String, Value> {
    let mut fields: Map<String, Value> = serde_json::from_slice(body).unwrap();
    if let Some(Value::Object(config)) = fields.remove("generationConfig") {
        fields.extend(config);
    }
    let mut shared: Map<String, Value> = Map::new();
    for (name, mut value) in fields {
        unname(&mut value);
        spread(&mut value);
        let entry = shared.entry(concerns(&name)).or_insert(Value::Array(Vec::new()));
        entry.as_array_mut().unwrap().push(value);
    }
    shared
}

/// Labels of schemas are no part of them.
fn unname(value: &mut Value) {
    for pointer in ["/json_schema/name", "/format/name"] {
        if let Some(name) = value.pointer_mut(pointer) {
            *name = Value::Null;
        }
    }
}

/// A list of types is the same as alternatives of one type each, with the keywords of each.
fn spread(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(spread);
            let Some(Value::Array(kinds)) = members.get("type").cloned() else { return };
            members.remove("type");
            let own = [("items", "array"), ("minLength", "string"), ("enum", "string")];
            let own = own.map(|(name, of)| (name, of, members.remove(name)));
            let each = kinds.iter().map(|kind| {
                let mut one = json!({"type": kind});
                for (name, of, keyword) in &own {
                    if let (true, Some(keyword)) = (kind == of, keyword) {
                        one[name] = keyword.clone();
                    }
                }
                one
            });
            members.insert("anyOf".to_owned(), each.collect());
        }
        Value::Array(items) => items.iter_mut().for_each(spread),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What a member, or a field of a loss, is about.
fn concerns(field: &str) -> String {
    match field.split('.').next().unwrap() {
        "messages" | "contents" | "input" | "system" | "systemInstruction" | "cache_control" => {
            "words"
        }
        "tool_choice" | "toolConfig" | "parallel_tool_calls" => "choice",
        "response_format" | "text" | "output_config" | "responseSchema" | "responseMimeType" => {
            "format"
        }
        "stop" | "stop_sequences" | "stopSequences" => "stop",
        "max_tokens" | "max_output_tokens" | "maxOutputTokens" | "max_completion_tokens" => "limit",
        "user" | "safety_identifier" | "metadata" => "user",
        "reasoning" | "reasoning_effort" => "effort",
        "top_k" | "topK" => "top_k",
        "top_p" | "topP" => "top_p",
        "presence_penalty" | "presencePenalty" => "presence",
        "frequency_penalty" | "frequencyPenalty" => "frequency",
        other => other,
    }
    .to_owned()
}

fn any_json() -> impl Strategy<Value = Value> {
    let word = "role|content|text|type|function|name|arguments|tool_calls|id|input|output|parts|\
        functionCall|functionResponse|args|response|image|source|data|url|call_id|tool_use_id|user|\
        assistant|model|tool_use|tool_result|base64|media_type|\\$ref|properties|anyOf|items|enum";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word.prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 30, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word, inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn there_and_back_loses_nothing_that_is_not_reported((native, body) in bodies::native()) {
        let body = body.to_string();
        for from in Form::ALL {
            let Ok(own) = put(native, body.as_bytes(), from) else {
                continue;
            };
            for to in Form::ALL {
                // As its own form has it, and as another form's writer made it.
                if from == native {
                    round_law(from, body.as_bytes(), to);
                }
                round_law(from, &own.body, to);
            }
        }
    }

    #[test]
    fn any_json_is_put_without_a_panic(one in any_json(), other in any_json()) {
        let body = json!({
            "model": "m", "max_tokens": 1, "messages": [one, other], "input": [one, other],
            "contents": [one, {"parts": [other]}], "tools": [other], "system": one, "stop": other,
            "response_format": {"type": "json_schema", "json_schema": {"schema": one}},
            "generationConfig": {"responseSchema": other}, "tool_choice": one,
        });
        translate_laws::translation_law(body.to_string().as_bytes());
    }
}

/// Most generated calls make every journey, so that the law is not empty.
#[test]
fn a_plain_call_makes_every_journey() {
    let body = json!({"model": "m", "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{\"q\":1}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "Sun"},
    ]});
    for from in Form::ALL {
        let own = put(Form::ChatCompletions, body.to_string().as_bytes(), from);
        for to in Form::ALL {
            assert!(round_law(from, &own.as_ref().unwrap().body, to));
        }
    }
}
