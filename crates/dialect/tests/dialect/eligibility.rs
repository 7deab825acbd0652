//! Which calls can be put to another model: each member alone makes a call unreplayable, for exactly
//! its reason.

use crate::golden;
use dialect::{Dialect, Form, Forms};
use exchange::Headers;
use serde_json::{Value, json};

fn check(form: Form, cases: &[(&str, Value, &[&str])]) {
    for (pointer, value, reasons) in cases {
        let mut body = match form {
            Form::ChatCompletions => {
                json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]})
            }
            Form::Responses => json!({"model": "m", "input": "hi"}),
            Form::Messages => {
                json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]})
            }
            Form::GenerateContent => json!({"contents": [{"parts": [{"text": "hi"}]}]}),
        };
        body[*pointer] = value.clone();
        let call = form.dialect().read_call(
            "POST",
            &form.path("m"),
            &golden::headers(&[]),
            body.to_string().as_bytes(),
        );
        assert_eq!(call.unreplayable, *reasons, "{form:?} {pointer}: {value}");
    }
}

#[test]
fn of_responses() {
    let input = |part: Value| json!([{"role": "user", "content": [part]}]);
    check(
        Form::Responses,
        &[
            ("previous_response_id", json!("resp_1"), &["stateful"]),
            ("previous_response_id", json!(null), &[]),
            ("conversation", json!({"id": "conv_1"}), &["stateful"]),
            ("prompt", json!({"id": "pmpt_1"}), &["stateful"]),
            ("background", json!(true), &["stateful"]),
            ("background", json!(false), &[]),
            ("store", json!(true), &["store"]),
            ("store", json!(false), &[]),
            ("input", json!([{"type": "item_reference", "id": "msg_1"}]), &["stateful"]),
            ("input", input(json!({"type": "input_file", "file_id": "f"})), &["stateful"]),
            ("input", input(json!({"type": "input_file", "file_data": "data:x;base64,aGk="})), &[]),
            (
                "input",
                input(json!({"type": "input_image", "image_url": "https://e.org/a?se=1"})),
                &["expiring_media"],
            ),
            (
                "input",
                json!([{"type": "reasoning", "id": "rs_1", "encrypted_content": "eA=="}]),
                &[],
            ),
            ("input", json!(7), &["body"]),
            ("tools", json!([{"type": "function", "name": "f"}]), &[]),
            ("tools", json!([{"type": "custom", "name": "f"}]), &[]),
            ("tools", json!([{"type": "web_search_preview"}]), &["web_search"]),
            ("tools", json!([{"type": "file_search"}]), &["server_tool"]),
            (
                "tools",
                json!([{"type": "code_interpreter", "container": {"type": "auto"}}]),
                &["server_tool"],
            ),
            ("tools", json!([{"type": "mcp", "server_url": "x"}]), &["server_tool"]),
            ("tools", json!([{"type": "image_generation"}]), &["server_tool"]),
            ("top_logprobs", json!(2), &["logprobs"]),
            ("top_logprobs", json!(0), &[]),
            ("include", json!(["message.output_text.logprobs"]), &["logprobs"]),
            ("include", json!(["reasoning.encrypted_content"]), &[]),
        ],
    );
}

#[test]
fn of_messages() {
    let content = |block: Value| json!([{"role": "user", "content": [block]}]);
    let inside = json!([{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t",
        "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}]}]}]);
    check(
        Form::Messages,
        &[
            ("container", json!("c_1"), &["stateful"]),
            ("container", json!(null), &[]),
            ("mcp_servers", json!([{"type": "url", "url": "x", "name": "m"}]), &["server_tool"]),
            ("mcp_servers", json!([]), &[]),
            (
                "messages",
                content(json!({"type": "document", "source": {"type": "file", "file_id": "f"}})),
                &["stateful"],
            ),
            ("messages", inside, &["stateful"]),
            (
                "messages",
                content(json!({"type": "container_upload", "file_id": "f"})),
                &["stateful"],
            ),
            (
                "messages",
                content(
                    json!({"type": "image", "source": {"type": "url", "url": "https://e.org/a"}}),
                ),
                &[],
            ),
            (
                "messages",
                content(
                    json!({"type": "image", "source": {"type": "url", "url": "https://e.org/a?Expires=1"}}),
                ),
                &["expiring_media"],
            ),
            ("messages", json!("hi"), &["body"]),
            ("tools", json!([{"name": "f", "input_schema": {}}]), &[]),
            ("tools", json!([{"type": "custom", "name": "f"}]), &[]),
            ("tools", json!([{"type": "bash_20250124", "name": "bash"}]), &[]),
            (
                "tools",
                json!([{"type": "web_search_20250305", "name": "web_search"}]),
                &["web_search"],
            ),
            (
                "tools",
                json!([{"type": "web_fetch_20250910", "name": "web_fetch"}]),
                &["server_tool"],
            ),
            ("tools", json!([{"type": "code_execution_20250825", "name": "x"}]), &["server_tool"]),
            ("thinking", json!({"type": "enabled", "budget_tokens": 1024}), &[]),
        ],
    );
}

#[test]
fn of_gemini() {
    let part = |part: Value| json!([{"role": "user", "parts": [part]}]);
    check(
        Form::GenerateContent,
        &[
            ("cachedContent", json!("cachedContents/1"), &["stateful"]),
            ("cached_content", json!("cachedContents/1"), &["stateful"]),
            ("generationConfig", json!({"candidateCount": 2}), &["choices"]),
            ("generationConfig", json!({"candidate_count": 2}), &["choices"]),
            ("generationConfig", json!({"candidateCount": 1}), &[]),
            ("generationConfig", json!({"responseLogprobs": true}), &["logprobs"]),
            ("generationConfig", json!({"responseModalities": ["AUDIO"]}), &["audio"]),
            ("generationConfig", json!({"responseModalities": ["TEXT", "Image"]}), &["image"]),
            ("generation_config", json!({"logprobs": 3}), &["logprobs"]),
            (
                "contents",
                part(
                    json!({"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/a"}}),
                ),
                &["stateful"],
            ),
            ("contents", part(json!({"file_data": {"file_uri": "gs://bucket/a"}})), &["stateful"]),
            (
                "contents",
                part(json!({"fileData": {"fileUri": "https://e.org/a?X-Goog-Expires=9"}})),
                &["expiring_media"],
            ),
            ("contents", part(json!({"fileData": {"fileUri": "https://e.org/a"}})), &[]),
            (
                "contents",
                part(
                    json!({"functionResponse": {"name": "f", "parts": [{"fileData": {"fileUri": "gs://b/a"}}]}}),
                ),
                &["stateful"],
            ),
            ("contents", json!("hi"), &["body"]),
            ("tools", json!([{"functionDeclarations": [{"name": "f"}]}]), &[]),
            ("tools", json!([{"function_declarations": [{"name": "f"}]}]), &[]),
            ("tools", json!([{"googleSearch": {}}]), &["web_search"]),
            ("tools", json!([{"google_search": {}}]), &["web_search"]),
            ("tools", json!([{"codeExecution": {}}]), &["server_tool"]),
            ("tools", json!([{"url_context": {}}]), &["server_tool"]),
        ],
    );
}

/// Endpoints that do not ask a model to speak are known by name, and metered where they count.
#[test]
fn endpoints_are_known_by_name_but_only_chat_is_replayable() {
    use dialect::Dialect::{Anthropic, Gemini, OpenAi};
    let cases = [
        (OpenAi, "POST", "/v1/responses/", "responses", true),
        (OpenAi, "POST", "/openai/v1/responses?api-version=preview", "responses", true),
        (OpenAi, "GET", "/v1/responses/resp_1", "responses", false),
        (OpenAi, "POST", "/v1/responses/resp_1/cancel", "responses", false),
        (Anthropic, "POST", "/v1/messages", "messages", true),
        (Anthropic, "POST", "/v1/messages?beta=true", "messages", true),
        (Anthropic, "GET", "/v1/messages", "opaque", false),
        (Anthropic, "POST", "/v1/messages/count_tokens", "messages.count_tokens", false),
        (Anthropic, "POST", "/v1/messages/batches", "batches", false),
        (Anthropic, "GET", "/v1/models", "models", false),
        (Anthropic, "POST", "/v1/something/new", "opaque", false),
        (Gemini, "POST", "/v1beta/models/m:generateContent", "generateContent", true),
        (Gemini, "POST", "/v1/models/m:streamGenerateContent?alt=sse", "generateContent", true),
        (Gemini, "POST", "/v1beta/tunedModels/m:generateContent", "generateContent", true),
        (Gemini, "GET", "/v1beta/models/m:generateContent", "opaque", false),
        (Gemini, "POST", "/v1beta/models/m:countTokens", "countTokens", false),
        (Gemini, "POST", "/v1beta/models/m:embedContent", "embedContent", false),
        (Gemini, "POST", "/v1beta/models/m:batchEmbedContents", "batchEmbedContents", false),
        (Gemini, "POST", "/v1beta/models/m:something", "opaque", false),
        (Gemini, "GET", "/v1beta/models", "models", false),
        (Gemini, "POST", "/v1beta/cachedContents", "cachedContents", false),
    ];
    for (dialect, method, path, endpoint, replayable) in cases {
        let body = br#"{"model":"m","messages":[],"input":[],"contents":[],"max_tokens":1}"#;
        let call = dialect.read_call(method, path, &golden::headers(&[]), body);
        assert_eq!(call.endpoint, endpoint, "{dialect} {method} {path}");
        assert_eq!(call.unreplayable.is_empty(), replayable, "{dialect} {method} {path}");
        assert_eq!(call.stream, path.contains("stream"), "{dialect} {method} {path}");
    }
}

/// In its own form where the provider has it, else in the one that all providers of its dialect have.
#[test]
fn a_call_is_put_in_its_own_form_only_where_the_provider_has_it() {
    use Dialect::{Anthropic, Gemini, OpenAi};
    let cases = [
        (OpenAi, "/v1/responses", OpenAi, Forms::All, None),
        (OpenAi, "/v1/responses", OpenAi, Forms::Common, Some(Form::ChatCompletions)),
        (OpenAi, "/v1/chat/completions", OpenAi, Forms::Common, None),
        (OpenAi, "/v1/embeddings", OpenAi, Forms::Common, None),
        (OpenAi, "/v1/responses", Anthropic, Forms::Common, Some(Form::Messages)),
        (Anthropic, "/v1/messages", OpenAi, Forms::All, Some(Form::ChatCompletions)),
        (Gemini, "/v1beta/models/m:generateContent", Gemini, Forms::Common, None),
    ];
    for (from, path, to, forms, expected) in cases {
        let call = from.read_call("POST", path, &Headers::default(), b"{}");
        assert_eq!(forms.instead(&call, (from, to)), expected, "{path} at {to} with {forms:?}");
    }
}
