//! What holds of every call that is put to other forms, whatever its bytes. The fuzz target `put`
//! compiles this very file.

use dialect::{
    Form,
    translate::{self, Delivery, Impossible, LOSSES_MAX, Loss, Target, Translated},
};
use exchange::{Call, Headers};
use serde_json::{Map, Value};

/// In every form and to every form: it is put as it can be, or it is said why not.
pub(crate) fn translation_law(data: &[u8]) {
    for from in Form::ALL {
        let call = read(from, data);
        for to in Form::ALL {
            let put = put_call(&call, data, to);
            assert_eq!(put, put_call(&call, data, to), "twice the same");
            match put {
                Ok(translated) => translated_law(to, &translated),
                Err(impossible) => assert!(!impossible.field.is_empty()),
            }
        }
    }
}

pub(crate) fn read(form: Form, body: &[u8]) -> Call {
    form.dialect().read_call("POST", &form.path("any"), &Headers::default(), body)
}

pub(crate) fn put(from: Form, body: &[u8], to: Form) -> Result<Translated, Impossible> {
    put_call(&read(from, body), body, to)
}

fn put_call(call: &Call, body: &[u8], to: Form) -> Result<Translated, Impossible> {
    let target = Target {
        form: to,
        model: "gemini-3-any",
        refuses: &[],
        output_tokens_max: Some(1000),
        delivery: Delivery::Whole,
    };
    translate::call(call, body, &target)
}

fn translated_law(to: Form, translated: &Translated) {
    let read = read(to, &translated.body);
    assert_eq!(Form::of(&read), Some(to));
    assert_ne!(read.unreplayable, ["body"], "what is written can be read");
    assert!(translated.losses.is_sorted() && translated.losses.len() <= LOSSES_MAX);
    assert!(translated.losses.iter().all(|loss| !loss.reason.is_empty()));
}

/// There and back: what differs from the call as its own form would write it is in the loss reports.
/// A call that cannot make the journey proves nothing; the law says whether it could.
pub(crate) fn round_law(from: Form, body: &[u8], to: Form) -> bool {
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
