//! Calls, from golden files: `{dialect, method, path, headers, body, expect}`.

use crate::golden;
use dialect::Dialect;
use exchange::Call;
use serde_json::json;

fn read(path: &str, body: &str) -> Call {
    Dialect::OpenAi.read_call("POST", path, &golden::headers(&[]), body.as_bytes())
}

#[test]
fn every_golden_call_is_read_as_expected() {
    for path in golden::files("calls", ".json") {
        let case = golden::json(&path);
        let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
        let headers = serde_json::from_value(case["headers"].clone()).unwrap_or_default();
        let body = match &case["body"] {
            serde_json::Value::String(raw) => raw.clone(),
            parsed => parsed.to_string(),
        };
        let dialect = golden::dialect(&case);
        let call = dialect.read_call(&text("method"), &text("path"), &headers, body.as_bytes());
        golden::assert_same(path.to_str().unwrap(), &golden::of_call(&call), &case["expect"]);
    }
}

/// Each member alone makes the call unreplayable, for exactly its reason.
#[test]
fn what_cannot_be_replayed_says_why() {
    let message = json!([{"role": "user", "content": "hi"}]);
    let image = |url: &str| json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]);
    let cases = [
        ("n", json!(2), &["choices"][..]),
        ("n", json!("two"), &["choices"]),
        ("n", json!(1), &[]),
        ("n", json!(null), &[]),
        ("store", json!(true), &["store"]),
        ("store", json!(false), &[]),
        ("web_search_options", json!({}), &["web_search"]),
        ("modalities", json!(["text", "audio"]), &["audio"]),
        ("modalities", json!(["text"]), &[]),
        ("audio", json!({"voice": "x"}), &["audio"]),
        ("logprobs", json!(true), &["logprobs"]),
        ("previous_response_id", json!("resp_1"), &["stateful"]),
        ("conversation", json!("conv_1"), &["stateful"]),
        ("messages", json!([{"role": "assistant", "audio": {"id": "a"}}]), &["stateful"]),
        (
            "messages",
            json!([{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]),
            &["stateful"],
        ),
        (
            "messages",
            json!([{"role": "user", "content": [{"type": "file", "file": {"file_data": "f"}}]}]),
            &[],
        ),
        ("messages", image("https://example.org/cat.png?v=2"), &[]),
        ("messages", image("https://b.example.org/cat.png?X-Amz-Expires=60"), &["expiring_media"]),
        ("messages", image("data:image/png;base64,aaaa"), &[]),
        ("tools", json!([{"type": "function", "function": {"name": "f"}}]), &[]),
        ("tools", json!([{"type": "custom", "custom": {"name": "f"}}]), &[]),
        ("tools", json!([{"type": "mcp", "server_url": "x"}]), &["server_tool"]),
        ("messages", json!("hi"), &["body"]),
        ("messages", json!(null), &["body"]),
    ];
    for (member, value, reasons) in cases {
        let mut body = json!({"model": "m", "messages": message});
        body[member] = value.clone();
        let call = read("/v1/chat/completions", &body.to_string());
        assert_eq!(call.unreplayable, reasons, "{member}: {value}");
    }
}

#[test]
fn endpoints_are_known_by_name_but_only_chat_is_replayable() {
    let cases = [
        ("POST", "/v1/chat/completions", "chat.completions"),
        ("POST", "/v1/chat/completions/?beta=1", "chat.completions"),
        ("post", "/openai/deployments/gpt/chat/completions?api-version=1", "chat.completions"),
        ("GET", "/v1/chat/completions", "opaque"),
        ("GET", "/v1/chat/completions/id", "opaque"),
        ("POST", "/v1/responses", "responses"),
        ("GET", "/v1/responses/resp_1", "responses"),
        ("POST", "/v1/embeddings", "embeddings"),
        ("GET", "/v1/models", "models"),
        ("POST", "/v1/completions", "completions"),
        ("POST", "/v1/audio/speech", "audio"),
        ("GET", "/", "opaque"),
        ("POST", "/v1/something/new", "opaque"),
    ];
    for (method, path, endpoint) in cases {
        let body = br#"{"model":"m","messages":[]}"#;
        let call = Dialect::OpenAi.read_call(method, path, &golden::headers(&[]), body);
        assert_eq!(call.endpoint, endpoint, "{method} {path}");
        let replayable = endpoint == "chat.completions";
        assert_eq!(call.unreplayable.is_empty(), replayable, "{method} {path}");
    }
}

#[test]
fn a_body_that_cannot_be_read_keeps_the_endpoint_and_says_so() {
    for body in ["", "null", "[]", "{\"messages\":[", "\u{0}", "{\"model\":\"m\"}"] {
        let call = read("/v1/chat/completions", body);
        assert_eq!(call.endpoint, "chat.completions");
        assert_eq!(call.unreplayable, ["body"], "{body}");
    }
}

#[test]
fn a_longer_prompt_is_estimated_longer() {
    let estimate = |words: usize| {
        let body = json!({"messages": [{"role": "user", "content": "word ".repeat(words)}]});
        Dialect::OpenAi.prompt_tokens(&read("/v1/chat/completions", &body.to_string()))
    };
    assert!((100..=120).contains(&estimate(100)), "{}", estimate(100));
    // Far past the part that is counted, the estimate still grows in proportion.
    assert!((99_000..=101_100).contains(&estimate(100_000)), "{}", estimate(100_000));
}

#[test]
fn what_a_tool_of_geminis_gave_back_may_be_media() {
    let result = json!({"name": "f", "response": {"result": "See"},
        "parts": [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}]});
    let body = json!({"contents": [{"role": "user", "parts": [{"functionResponse": result}]}]});
    let path = Dialect::Gemini.path("m");
    let body = body.to_string();
    let call = Dialect::Gemini.read_call("POST", &path, &golden::headers(&[]), body.as_bytes());
    assert_eq!(call.media, ["image"]);
    let said = "{\"result\":\"See\"}\n[image]".to_owned();
    assert_eq!(call.transcript, [("tool".to_owned(), said)]);
}

/// A null that the provider takes is one that the scorer of schemas takes.
#[test]
fn a_schema_of_geminis_takes_null_wherever_it_says_so() {
    let schema = json!({"type": "OBJECT", "properties": {
        "unit": {"type": "STRING", "enum": ["a"], "nullable": true},
        "more": {"any_of": [{"type": "STRING"}, {"type": "NUMBER"}], "nullable": true},
        "town": {"type": "STRING"},
    }});
    let expected = json!({"type": "object", "properties": {
        "unit": {"type": ["string", "null"], "enum": ["a", null]},
        "more": {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]},
        "town": {"type": "string"},
    }});
    let config = json!({"responseMimeType": "application/json", "responseSchema": schema});
    let body = json!({"contents": [{"parts": [{"text": "hi"}]}], "generationConfig": config});
    let path = Dialect::Gemini.path("m");
    let body = body.to_string();
    let call = Dialect::Gemini.read_call("POST", &path, &golden::headers(&[]), body.as_bytes());
    assert_eq!(call.response_schema, Some(expected));
}
