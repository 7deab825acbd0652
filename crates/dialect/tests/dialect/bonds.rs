//! Which conversations could not come back from another model.

use crate::golden;
use dialect::{
    Bond::{self, Store, Thinking},
    Dialect::{self, Anthropic, Gemini, OpenAi},
    Form, bond,
};
use serde_json::{Value, json};

/// The call is put to a model as it is, or in another form.
#[track_caller]
fn check(
    dialect: Dialect,
    path: &str,
    body: &Value,
    (instead, other): (Option<Form>, &str),
    expected: &[Bond],
) {
    let body = body.to_string();
    let call = dialect.read_call("POST", path, &golden::headers(&[]), body.as_bytes());
    let found = |waived| bond(&call, body.as_bytes(), (instead, other), waived);
    assert_eq!(found(None), expected.first().copied(), "{path} {body} to {other} in {instead:?}");
    let thinking = expected.iter().copied().find(|bond| *bond == Thinking);
    assert_eq!(found(Some(Store)), thinking, "{path} {body} to {other} in {instead:?}");
}

const CHAT: (Option<Form>, &str) = (Some(Form::ChatCompletions), "gpt-5-mini");
const GENERATE: (Option<Form>, &str) = (Some(Form::GenerateContent), "gemini-3-flash");

#[test]
fn a_reply_that_is_kept_binds_whoever_else_answers() {
    for other in [(None, "gpt-5-mini"), CHAT, GENERATE] {
        let ask = |store: Option<Value>, expected: &[Bond]| {
            let mut body = json!({"model": "gpt-5", "input": "hi"});
            if let Some(store) = store {
                body["store"] = store;
            }
            check(OpenAi, "/v1/responses", &body, other, expected);
        };
        ask(None, &[Store]);
        ask(Some(Value::Null), &[Store]);
        ask(Some(json!(true)), &[Store]);
        ask(Some(json!(false)), &[]);
        // Completions are kept where a call says so only, and then they are put to nobody.
        let chat = json!({"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}]});
        check(OpenAi, "/v1/chat/completions", &chat, other, &[]);
    }
}

#[test]
fn thoughts_that_the_caller_is_handed_sealed_bind_where_it_gets_them() {
    let include = json!(["reasoning.encrypted_content"]);
    let body = json!({"model": "gpt-5", "input": "hi", "store": false, "include": include});
    check(OpenAi, "/v1/responses", &body, (None, "gpt-5-mini"), &[Thinking]);
    check(OpenAi, "/v1/responses", &body, CHAT, &[]);
    let kept = json!({"model": "gpt-5", "input": "hi", "include": include});
    check(OpenAi, "/v1/responses", &kept, (None, "gpt-5-mini"), &[Store, Thinking]);
}

#[test]
fn thoughts_with_a_budget_bind_where_tools_may_be_called() {
    let ask = |thinking: Value, tools: Value, other: (Option<Form>, &str), expected: &[Bond]| {
        let messages = json!([{"role": "user", "content": "hi"}]);
        let body = json!({"model": "claude-sonnet-4-5", "max_tokens": 4096, "messages": messages,
            "thinking": thinking, "tools": tools});
        check(Anthropic, "/v1/messages", &body, other, expected);
    };
    let tools = || json!([{"name": "look", "input_schema": {"type": "object"}}]);
    let budget = || json!({"type": "enabled", "budget_tokens": 1024});
    ask(budget(), tools(), CHAT, &[Thinking]);
    ask(budget(), tools(), GENERATE, &[Thinking]);
    // Claude's models think themselves, and leave out what they cannot read of each other.
    ask(budget(), tools(), (None, "claude-haiku-4-5"), &[]);
    ask(budget(), json!([]), CHAT, &[]);
    // What others think who speak the dialect is told as it comes, and signed by nobody that Claude's provider
    // knows.
    for thinking in [budget(), json!({"type": "adaptive"})] {
        ask(thinking, json!([]), (None, "glm-5"), &[Thinking]);
    }
    for free in [json!({"type": "disabled"}), Value::Null] {
        ask(free, tools(), (None, "glm-5"), &[]);
    }
    for free in [json!({"type": "adaptive"}), json!({"type": "disabled"}), Value::Null] {
        ask(free, tools(), CHAT, &[]);
    }
}

#[test]
fn thoughts_of_gemini_bind_where_a_model_of_google_has_none() {
    let ask = |model: &str, tools: bool, other: (Option<Form>, &str), expected: &[Bond]| {
        let mut body = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
        if tools {
            body["tools"] = json!([{"functionDeclarations": [{"name": "look"}]}]);
        }
        let path = format!("/v1beta/models/{model}:generateContent");
        check(Gemini, &path, &body, other, expected);
    };
    let older = (None, "gemini-2.5-flash");
    ask("gemini-3-pro-preview", true, older, &[Thinking]);
    ask("gemini-3-pro-preview", true, (None, "gemini-3-flash"), &[]);
    ask("gemini-3-pro-preview", false, older, &[]);
    ask("gemini-2.5-pro", true, older, &[]);
    ask("gemini-flash-latest", true, older, &[Thinking]);
    ask("gemini-flash-latest", true, (None, "gemini-flash-latest"), &[]);
    // Its reply is told anew, with what stands for a thought.
    ask("gemini-3-pro-preview", true, CHAT, &[]);
}
