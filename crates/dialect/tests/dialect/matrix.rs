//! Calls put to other forms, from golden files: a folder for each case, with the call in each form
//! (`chat.json`) and what another form gets of it (`chat_to_messages.json`).

use crate::golden;
use dialect::{
    Dialect, Form,
    translate::{self, Delivery, Impossible, Target, Translated},
};
use exchange::Call;
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

/// How the files name a form.
pub(crate) fn name(form: Form) -> &'static str {
    match form {
        Form::ChatCompletions => "chat",
        Form::Responses => "responses",
        Form::Messages => "messages",
        Form::GenerateContent => "generate",
    }
}

/// The model that each form is asked for.
pub(crate) fn model(form: Form) -> &'static str {
    match form {
        Form::ChatCompletions => "gpt-4.1-mini",
        Form::Responses => "gpt-5-mini",
        Form::Messages => "claude-haiku-4-5",
        Form::GenerateContent => "gemini-3-flash",
    }
}

pub(crate) fn read(form: Form, body: &[u8]) -> Call {
    form.dialect().read_call("POST", &form.path("any"), &golden::headers(&[]), body)
}

pub(crate) fn put(from: Form, body: &Value, to: Form) -> Result<Translated, Impossible> {
    let body = body.to_string();
    let target = Target {
        form: to,
        model: model(to),
        refuses: &[],
        output_tokens_max: Some(64_000),
        delivery: Delivery::Whole,
    };
    translate::call(&read(from, body.as_bytes()), body.as_bytes(), &target)
}

fn told(result: &Result<Translated, Impossible>) -> Value {
    match result {
        Ok(translated) => json!({
            "path": translated.path,
            "headers": translated.headers,
            "body": serde_json::from_slice::<Value>(&translated.body).unwrap(),
            "losses": translated.losses.iter()
                .map(|loss| json!([loss.kind.name(), loss.field, loss.reason]))
                .collect::<Vec<_>>(),
        }),
        Err(impossible) => json!({"impossible": [impossible.field, impossible.reason]}),
    }
}

pub(crate) fn cases() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/dialect/golden/matrix");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 8, "cases are gone");
    cases
}

#[test]
fn every_case_is_put_to_every_other_form_as_expected() {
    let mut pairs = 0;
    for case in cases() {
        for from in Form::ALL {
            let source = case.join(format!("{}.json", name(from)));
            if !source.exists() {
                continue;
            }
            let body = golden::json(&source);
            for to in Form::ALL.into_iter().filter(|to| *to != from) {
                let file = case.join(format!("{}_to_{}.json", name(from), name(to)));
                let actual = told(&put(from, &body, to));
                golden::assert_same(file.to_str().unwrap(), &actual, &golden::json(&file));
                pairs += 1;
            }
        }
    }
    assert!(pairs >= 120, "{pairs} pairs only");
}

/// What is written is read again by its own dialect, and nothing in it is out of place.
#[test]
fn every_translated_call_is_a_call_that_can_be_replayed() {
    for case in cases() {
        for from in Form::ALL {
            let source = case.join(format!("{}.json", name(from)));
            let Some(body) = source.exists().then(|| golden::json(&source)) else { continue };
            for to in Form::ALL {
                let Ok(translated) = put(from, &body, to) else { continue };
                let call = read(to, &translated.body);
                assert_eq!(call.unreplayable, [""; 0], "{}: {from:?} to {to:?}", case.display());
                assert_eq!(Form::of(&call), Some(to));
                assert_eq!(
                    Dialect::read_call(
                        to.dialect(),
                        "POST",
                        &translated.path,
                        &golden::headers(&[]),
                        &translated.body
                    )
                    .model
                    .as_deref(),
                    Some(model(to)),
                );
            }
        }
    }
}

#[test]
fn what_a_model_refuses_is_left_out_and_reported() {
    let body = json!({"model": "m", "temperature": 0.5, "max_tokens": 5, "stream": true,
        "messages": [{"role": "user", "content": "hi"}]});
    let text = body.to_string();
    let refuses = ["temperature".to_owned(), "max_tokens".to_owned()];
    let target = Target {
        form: Form::ChatCompletions,
        model: "o4-mini",
        refuses: &refuses,
        output_tokens_max: None,
        delivery: Delivery::Streamed,
    };
    let call = read(Form::ChatCompletions, text.as_bytes());
    let translated = translate::call(&call, text.as_bytes(), &target).unwrap();
    let written: Value = serde_json::from_slice(&translated.body).unwrap();
    let expected = json!({"model": "o4-mini", "max_completion_tokens": 5, "stream": true,
        "stream_options": {"include_usage": true}, "messages": [{"role": "user", "content": "hi"}]});
    assert_eq!(written, expected);
    let fields: Vec<&str> = translated.losses.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["temperature"]);
}

/// A call of Chat Completions with these members, put to a Claude model that refuses these.
fn claude(members: &Value, refuses: &[&str]) -> Result<Translated, Impossible> {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}],
        "tools": [{"type": "function", "function": {"name": "f"}}]});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let body = body.to_string();
    let refuses: Vec<String> = refuses.iter().map(|name| (*name).to_owned()).collect();
    let target = Target {
        form: Form::Messages,
        model: "claude-any",
        refuses: &refuses,
        output_tokens_max: Some(64_000),
        delivery: Delivery::Whole,
    };
    translate::call(&read(Form::ChatCompletions, body.as_bytes()), body.as_bytes(), &target)
}

#[track_caller]
fn check_claude(members: Value, refuses: &[&str], expected: &Value, losses: &[&str]) {
    let translated = claude(&members, refuses).unwrap();
    let written: Value = serde_json::from_slice(&translated.body).unwrap();
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(written[name], *value, "{members}: {written:#}");
    }
    let fields: Vec<&str> = translated.losses.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, losses, "{members}");
}

/// Newer Claude models refuse a temperature that is not the usual one, to be made to call a tool, and to go
/// on with a reply that was begun for them.
#[test]
fn what_newer_claude_models_refuse_is_left_out() {
    let temperature = &["temperature"];
    check_claude(
        json!({"temperature": 0.2}),
        temperature,
        &json!({"temperature": null}),
        temperature,
    );
    check_claude(json!({"temperature": 1}), temperature, &json!({"temperature": null}), &[]);
    check_claude(json!({"temperature": 1}), &[], &json!({"temperature": 1}), &[]);

    let forced = &["forced_tool_choice"];
    let free = json!({"tool_choice": {"type": "auto"}});
    let named = json!({"type": "function", "function": {"name": "f"}});
    check_claude(json!({"tool_choice": "required"}), forced, &free, &["tool_choice"]);
    check_claude(json!({"tool_choice": named}), forced, &free, &["tool_choice"]);
    let none = json!({"tool_choice": {"type": "none"}});
    check_claude(json!({"tool_choice": "none"}), forced, &none, &[]);
    let any = json!({"tool_choice": {"type": "any"}});
    check_claude(json!({"tool_choice": "required"}), &[], &any, &[]);

    let begun = json!({"messages": [{"role": "user", "content": "hi"},
        {"role": "assistant", "content": "Dear"}]});
    assert!(claude(&begun, &[]).is_ok());
    assert_eq!(claude(&begun, &["prefill"]).unwrap_err().field, "messages");
}

/// Of a call in the model's own words the same is known by name, to be held against what it refuses.
#[test]
fn what_claude_models_refuse_beside_parameters_is_read_of_calls_in_their_own_words() {
    let names = |body: Value| read(Form::Messages, body.to_string().as_bytes()).parameters;
    let user = json!({"role": "user", "content": "hi"});
    let plain = names(json!({"messages": [user], "tool_choice": {"type": "auto"}}));
    assert_eq!(plain, ["messages", "tool_choice"]);
    for kind in ["any", "tool"] {
        let forced = names(json!({"messages": [user], "tool_choice": {"type": kind}}));
        assert_eq!(forced, ["messages", "tool_choice", "forced_tool_choice"]);
    }
    let begun = json!([user, {"role": "assistant", "content": "Dear"}]);
    assert_eq!(names(json!({ "messages": begun })), ["messages", "prefill"]);
    let thinks = |kind: &str| {
        names(json!({"messages": [user], "thinking": {"type": kind, "budget_tokens": 1024}}))
    };
    assert_eq!(thinks("enabled"), ["messages", "thinking", "thinking_budget"]);
    assert_eq!(thinks("disabled"), ["messages", "thinking", "thinking_disabled"]);
    assert_eq!(thinks("adaptive"), ["messages", "thinking"]);
}

/// A limit of our own is no loss where it is the model's, and one where nobody knows the model's.
#[test]
fn a_limit_that_is_demanded_is_the_models_own_or_reported() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).to_string();
    let call = read(Form::ChatCompletions, body.as_bytes());
    for (known, limit, losses) in [(Some(64_000), 64_000, 0), (None, 8_192, 1)] {
        let target = Target {
            form: Form::Messages,
            model: "claude-any",
            refuses: &[],
            output_tokens_max: known,
            delivery: Delivery::Whole,
        };
        let translated = translate::call(&call, body.as_bytes(), &target).unwrap();
        let written: Value = serde_json::from_slice(&translated.body).unwrap();
        assert_eq!((&written["max_tokens"], translated.losses.len()), (&json!(limit), losses));
    }
}

/// Calls that no form could tell apart, or whose tools no provider would take.
#[test]
fn hostile_calls_are_impossible_and_say_why() {
    let call = |id: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{"}});
    let cases = [
        json!({"messages": [{"role": "assistant", "tool_calls": [call("a"), call("a")]}]}),
        json!({"messages": [{"role": "tool", "tool_call_id": "nobody", "content": "x"}]}),
        json!({"messages": [{"role": "narrator", "content": "x"}]}),
        json!({"messages": [{"role": "user", "content": [{"type": "hologram"}]}]}),
        json!({"messages": [], "tools": [{"type": "function", "function": {"name": "no spaces"}}]}),
        json!({"messages": [], "tools": [{"type": "custom", "custom": {"name": "f"}}]}),
        json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/tiff;base64,aGk="}}]}]}),
    ];
    for body in cases {
        for to in [Form::Messages, Form::GenerateContent] {
            let result = put(Form::ChatCompletions, &body, to);
            assert!(result.is_err(), "{to:?}: {body}");
        }
    }
}

/// What the target's provider refuses whatever its model is, and would be blamed on the model.
#[test]
fn forms_of_replies_that_a_provider_refuses_are_impossible() {
    let schema = |schema: Value| {
        let tools = json!([{"type": "function", "function": {"name": "look"}}]);
        json!({"messages": [{"role": "user", "content": "hi"}], "tools": tools, "response_format":
            {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}})
    };
    let object = || json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let field = |from: Form, body: &Value, (to, model): (Form, &str)| {
        let text = body.to_string();
        let output_tokens_max = Some(1_000);
        let target =
            Target { form: to, model, refuses: &[], output_tokens_max, delivery: Delivery::Whole };
        translate::call(&read(from, text.as_bytes()), text.as_bytes(), &target)
            .err()
            .map(|it| it.field)
    };
    // Tools beside a form of the reply.
    let older = (Form::GenerateContent, "gemini-2.5-flash");
    let format = Some("response_format".to_owned());
    assert_eq!(field(Form::ChatCompletions, &schema(object()), older), format);
    let newer = (Form::GenerateContent, "gemini-3-flash");
    assert_eq!(field(Form::ChatCompletions, &schema(object()), newer), None);
    let mut without_tools = schema(object());
    without_tools["tools"] = json!([]);
    assert_eq!(field(Form::ChatCompletions, &without_tools, older), None);
    // A list at the root, which Gemini's own callers ask for.
    let config = |schema: Value| {
        let config = json!({"responseMimeType": "application/json", "responseSchema": schema});
        json!({"contents": [{"parts": [{"text": "hi"}]}], "generationConfig": config})
    };
    let list = config(json!({"type": "ARRAY", "items": {"type": "STRING"}}));
    for to in [Form::ChatCompletions, Form::Responses] {
        assert_eq!(field(Form::GenerateContent, &list, (to, "gpt-4.1-mini")), format);
        let object = config(json!({"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}));
        assert_eq!(field(Form::GenerateContent, &object, (to, "gpt-4.1-mini")), None);
    }
}

/// A few bytes of a call ask for a copy of the whole of it each: what is written has an end, and so has
/// the work. Members of a schema, messages, calls and their results are looked at once.
#[test]
fn a_long_call_is_no_longer_work_than_it_is_long() {
    let many = 0..50_000;
    let references = many.clone().map(|nth| (format!("p{nth}"), json!({"$ref": "#"})));
    let references: serde_json::Map<String, Value> = references.collect();
    let schema = json!({"type": "object", "properties": references});
    let strict = many.clone().map(|nth| (format!("p{nth}"), json!({"type": "string"})));
    let strict: serde_json::Map<String, Value> = strict.collect();
    let required: Vec<&String> = strict.keys().collect();
    let closed = json!({"type": "object", "required": required, "additionalProperties": false,
        "properties": strict});
    let tool = |schema: Value| json!({"name": "look", "parameters": schema, "strict": true});
    for schema in [schema, closed] {
        let body =
            json!({"messages": [{"role": "user", "content": "hi"}], "functions": [tool(schema)]});
        let length = body.to_string().len();
        let translated = put(Form::ChatCompletions, &body, Form::GenerateContent).unwrap();
        assert!(translated.body.len() < length, "{} of {length}", translated.body.len());
        assert!(translated.losses.iter().any(|loss| loss.field == "tools.parameters"));
        put(Form::ChatCompletions, &body, Form::Responses).unwrap();
    }
    let turns = many.clone().map(|_| json!({"role": "assistant", "content": "a"}));
    let body = json!({"messages": turns.collect::<Value>()});
    put(Form::ChatCompletions, &body, Form::GenerateContent).unwrap();
    let call = many.clone().map(|_| json!({"functionCall": {"name": "f"}}));
    let result = many.map(|_| json!({"functionResponse": {"name": "f", "response": {}}}));
    let turn = |role: &str, parts: Value| json!({"role": role, "parts": parts});
    let (calls, results) = (turn("model", call.collect()), turn("user", result.collect()));
    for to in [Form::GenerateContent, Form::Responses] {
        let body = json!({"contents": [calls, results]});
        put(Form::GenerateContent, &body, to).unwrap();
    }
}

/// References multiply and lead in circles; what is written has an end all the same.
#[test]
fn schemas_that_explode_are_cut_and_reported() {
    let mut definitions = json!({"l0": {"type": "string"}});
    for level in 1..16 {
        let below = json!({"$ref": format!("#/$defs/l{}", level - 1)});
        let properties = json!({"a": below, "b": below, "c": below, "d": below});
        definitions[format!("l{level}")] = json!({"type": "object", "properties": properties});
    }
    let schema = json!({"$ref": "#/$defs/l15", "$defs": definitions});
    let body = json!({"messages": [{"role": "user", "content": "hi"}], "response_format":
        {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}});
    let translated = put(Form::ChatCompletions, &body, Form::GenerateContent).unwrap();
    assert!(translated.body.len() < 2 << 20, "{}", translated.body.len());
    assert!(translated.losses.iter().any(|loss| loss.reason.contains("too large")));
}
