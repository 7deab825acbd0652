//! There and back: calls of every kind through every pair of forms, and calls of no kind.

use crate::{golden, matrix, translate_laws};
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

fn part() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => "[a-zß ]{1,12}".prop_map(|text| json!({"type": "text", "text": text})),
        1 => Just(json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}})),
        1 => Just(json!({"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}})),
        1 => Just(json!({"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="}})),
    ]
}

fn result() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{0,9}", Just("{\"rain\":true}".to_owned()), Just("[1,2]".to_owned())]
}

/// A question and its answer: words, or calls of tools with their results.
fn round() -> impl Strategy<Value = Vec<Value>> {
    let question = prop::collection::vec(part(), 1..3)
        .prop_map(|parts| json!({"role": "user", "content": parts}));
    let answer = "[a-z ]{1,9}".prop_map(|text| vec![json!({"role": "assistant", "content": text})]);
    let arguments = prop_oneof![
        Just("{}".to_owned()),
        "[a-z]{0,5}".prop_map(|text| json!({"q": text}).to_string()),
        Just("not JSON".to_owned()),
    ];
    let calls = prop::collection::vec((arguments, result()), 1..4).prop_map(|calls| {
        let ids = (0..).map(|nth| format!("call_{nth}"));
        let made = ids.clone().zip(&calls).map(|(id, (arguments, _))| {
            json!({"id": id, "type": "function", "function": {"name": "look", "arguments": arguments}})
        });
        let message =
            json!({"role": "assistant", "content": null, "tool_calls": made.collect::<Vec<_>>()});
        let results = ids.zip(&calls).map(
            |(id, (_, text))| json!({"role": "tool", "tool_call_id": id, "content": text}),
        );
        std::iter::once(message).chain(results).collect()
    });
    (question, prop_oneof![answer, calls])
        .prop_map(|(question, answer)| std::iter::once(question).chain(answer).collect())
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({"type": "string"})),
        Just(json!({"type": ["integer", "null"]})),
        Just(json!({"type": "number", "minimum": 0})),
        Just(json!({"type": "string", "enum": ["a", "b"]})),
        Just(json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true})),
        Just(json!({"const": 7})),
        Just(json!({"surprise": 1})),
    ];
    prop::collection::btree_map("[a-c]", leaf, 0..3).prop_flat_map(|properties| {
        let required: Vec<String> = properties.keys().cloned().collect();
        let open = json!({"type": "object", "properties": properties, "required": required});
        let mut closed = open.clone();
        closed["additionalProperties"] = json!(false);
        prop_oneof![Just(open), Just(closed)]
    })
}

/// Members that a call may have beside its messages.
fn options() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let format = (schema(), any::<bool>()).prop_map(|(schema, strict)| {
        let held = json!({"name": "place", "schema": schema, "strict": strict});
        ("response_format", json!({"type": "json_schema", "json_schema": held}))
    });
    let option = prop_oneof![
        (0_u8..21).prop_map(|it| ("temperature", json!(f64::from(it) / 10.0))),
        Just(("top_p", json!(0.5))),
        Just(("seed", json!(7))),
        Just(("presence_penalty", json!(0.5))),
        Just(("frequency_penalty", json!(0.5))),
        (1_u16..999).prop_map(|it| ("max_tokens", json!(it))),
        prop::collection::vec("[A-C \n]{1,3}", 1..7).prop_map(|it| ("stop", json!(it))),
        Just(("stop", json!("END"))),
        Just(("reasoning_effort", json!("low"))),
        Just(("user", json!("u-1"))),
        Just(("metadata", json!({"task": "t"}))),
        Just(("parallel_tool_calls", json!(false))),
        prop_oneof!["auto", "none", "required"].prop_map(|it| ("tool_choice", json!(it))),
        Just(("tool_choice", json!({"type": "function", "function": {"name": "look"}}))),
        Just(("response_format", json!({"type": "json_object"}))),
        format,
        Just(("logit_bias", json!({"1": 1}))),
        Just(("service_tier", json!("flex"))),
    ];
    prop::collection::vec(option, 0..5)
}

fn chat() -> impl Strategy<Value = Value> {
    let system = prop::collection::vec(
        prop_oneof!["system", "developer"]
            .prop_map(|role| json!({"role": role, "content": "Be brief."})),
        0..3,
    );
    let tool = (schema(), any::<bool>()).prop_map(|(schema, strict)| {
        json!([
            {"type": "function", "function": {"name": "look", "description": "Looks", "parameters": schema, "strict": strict}},
            {"type": "function", "function": {"name": "now"}},
        ])
    });
    (system, prop::collection::vec(round(), 0..3), tool, options()).prop_map(
        |(system, rounds, tools, options)| {
            let mut messages = system;
            // Ids are told apart over the whole conversation.
            for (nth, round) in rounds.into_iter().enumerate() {
                let text = Value::from(round).to_string();
                let text = text.replace("\"call_", &format!("\"call_{nth}_"));
                messages.extend(serde_json::from_str::<Vec<Value>>(&text).unwrap());
            }
            messages.push(json!({"role": "user", "content": "Well?"}));
            let mut body = json!({"model": "m", "messages": messages, "tools": tools});
            for (name, value) in options {
                body[name] = value;
            }
            body
        },
    )
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
    fn there_and_back_loses_nothing_that_is_not_reported(body in chat()) {
        let body = body.to_string();
        for from in Form::ALL {
            let Ok(own) = put(Form::ChatCompletions, body.as_bytes(), from) else {
                continue;
            };
            for to in Form::ALL {
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
