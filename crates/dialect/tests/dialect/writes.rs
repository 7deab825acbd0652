//! What the dialect writes itself.

use dialect::{Dialect, Form};
use exchange::Headers;
use serde_json::{Value, json};

#[test]
fn an_error_of_ours_has_the_dialects_shape_and_is_read_back() {
    let body = Dialect::OpenAi.error_body(429, "try later", "foreshadow_error");
    let parsed: Value = serde_json::from_slice(&body).unwrap();
    let expected = json!({"error": {
        "message": "try later", "type": "foreshadow_error", "param": null, "code": "rate_limit_exceeded",
    }});
    assert_eq!(parsed, expected);
    let reply = Dialect::OpenAi.read_reply(429, &exchange::Headers::default(), &body);
    assert_eq!(reply.error.as_deref(), Some("rate_limit_exceeded: try later"));
}

#[test]
fn a_judge_call_is_a_call_that_can_be_read() {
    let schema = json!({"type": "object"});
    let body = Dialect::OpenAi.judge_body("judge", "be strict", "compare", Some(&schema));
    let dialect = Dialect::OpenAi;
    let call =
        dialect.read_call("POST", &dialect.path("judge"), &exchange::Headers::default(), &body);
    assert_eq!(call.model.as_deref(), Some("judge"));
    assert_eq!(call.system.as_deref(), Some("be strict"));
    assert_eq!(call.first_user.as_deref(), Some("compare"));
    assert_eq!(call.response_schema, Some(schema));
    assert!(call.unreplayable.is_empty());
    // Reasoning models refuse a temperature and are cut by a token limit.
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(!text.contains("temperature") && !text.contains("max_"), "{text}");
}

#[test]
fn an_error_of_ours_has_the_shape_of_each_dialect_and_its_class() {
    let cases = [
        (Dialect::Anthropic, 429, "rate_limit_error"),
        (Dialect::Anthropic, 401, "authentication_error"),
        (Dialect::Anthropic, 404, "not_found_error"),
        (Dialect::Anthropic, 529, "overloaded_error"),
        (Dialect::Anthropic, 502, "api_error"),
        (Dialect::Gemini, 400, "INVALID_ARGUMENT"),
        (Dialect::Gemini, 401, "UNAUTHENTICATED"),
        (Dialect::Gemini, 429, "RESOURCE_EXHAUSTED"),
        (Dialect::Gemini, 503, "UNAVAILABLE"),
        (Dialect::Gemini, 504, "DEADLINE_EXCEEDED"),
    ];
    for (dialect, status, name) in cases {
        let body = dialect.error_body(status, "try later", "foreshadow_error");
        let parsed: Value = serde_json::from_slice(&body).unwrap();
        match dialect {
            Dialect::OpenAi => {}
            Dialect::Anthropic => {
                assert_eq!(parsed["type"], "error");
                assert_eq!(parsed["error"], json!({"type": name, "message": "try later"}));
            }
            Dialect::Gemini => {
                let error = json!({"code": status, "message": "try later", "status": name});
                assert_eq!(parsed, json!({ "error": error }));
            }
        }
        let reply = dialect.read_reply(status, &exchange::Headers::default(), &body);
        assert_eq!(reply.error, Some(format!("{name}: try later")));
    }
}

#[test]
fn calls_of_ours_are_read_by_their_own_dialect_at_their_own_path() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false});
    for dialect in Dialect::ALL {
        let bodies = [
            dialect.judge_body("judge", "be strict", "compare", Some(&schema)),
            dialect.prompt_body("judge", Some("be strict"), "compare"),
        ];
        for body in bodies {
            let path = dialect.path("judge");
            let call = dialect.read_call("POST", &path, &exchange::Headers::default(), &body);
            assert_eq!(call.model.as_deref(), Some("judge"), "{dialect}");
            assert_eq!(call.system.as_deref(), Some("be strict"), "{dialect}");
            assert_eq!(call.first_user.as_deref(), Some("compare"), "{dialect}");
            assert!(call.unreplayable.is_empty(), "{dialect}");
            assert_eq!(dialect.replay_path(&call, "judge"), path);
            assert_eq!(dialect.read_body(&body).first_user, call.first_user, "{dialect}");
        }
    }
    let held = Dialect::Anthropic.judge_body("judge", "s", "u", Some(&schema));
    let call = Dialect::Anthropic.read_body(&held);
    assert_eq!((call.response_schema, call.output_tokens_max), (Some(schema), Some(8_192)));
    assert_eq!(Dialect::Anthropic.headers(), [("anthropic-version", "2023-06-01")]);
    assert!(!Dialect::Anthropic.takes_schema("claude-3-haiku-20240307"));
    assert!(Dialect::Anthropic.takes_schema("anthropic/claude-haiku-4-5"));
}

/// A model's name cannot leave its place in a path.
#[test]
fn only_gemini_has_the_model_in_its_path() {
    let cases = [
        ("gemini-3-pro", "/v1beta/models/gemini-3-pro:generateContent"),
        ("models/gemini-3-pro", "/v1beta/models/gemini-3-pro:generateContent"),
        ("../x?key=1#", "/v1beta/models/..%2Fx%3Fkey%3D1%23:generateContent"),
    ];
    for (model, path) in cases {
        assert_eq!(Dialect::Gemini.path(model), path);
    }
    assert_eq!(Dialect::OpenAi.path("any"), "/v1/chat/completions");
    assert_eq!(Dialect::Anthropic.path("any"), "/v1/messages");
    let streamed = "/v1/models/big:streamGenerateContent?alt=sse&x=1";
    let headers = Headers::default();
    let call = Dialect::Gemini.read_call("POST", streamed, &headers, b"{}");
    let renamed = Dialect::Gemini.live_path(&call, streamed, "small");
    assert_eq!(renamed, "/v1/models/small:streamGenerateContent?alt=sse&x=1");
    let unstreamed = Dialect::Gemini.unstreamed_path(streamed);
    assert_eq!(unstreamed, "/v1/models/big:generateContent?x=1");
}

/// Azure goes by the deployment in the path, whatever the body says: live as in shadow another one is asked.
#[test]
fn a_path_that_names_the_model_that_was_asked_for_is_not_put_to_another() {
    let azure = "/openai/deployments/gpt-5/chat/completions?api-version=2024-10-21";
    let call = Dialect::OpenAi.read_call("POST", azure, &Headers::default(), b"{\"messages\":[]}");
    assert_eq!(Form::of(&call), Some(Form::ChatCompletions));
    assert_eq!(Dialect::OpenAi.live_path(&call, azure, "gpt-5-mini"), "/v1/chat/completions");
    assert_eq!(Dialect::OpenAi.replay_path(&call, "gpt-5-mini"), "/v1/chat/completions");
    let beta = "/v1/messages?beta=true";
    let call =
        Dialect::Anthropic.read_call("POST", beta, &Headers::default(), b"{\"messages\":[]}");
    assert_eq!(Dialect::Anthropic.live_path(&call, beta, "claude-haiku-4-5"), "/v1/messages");
}

#[test]
fn a_replay_of_a_response_is_not_kept_and_carries_no_foreign_thoughts() {
    let body = r#"{"model":"big","stream":true,"input":[{"type":"reasoning","id":"r"},{"role":"user","content":"hi"}]}"#;
    let replay = Dialect::OpenAi.replay_body(body.as_bytes(), "small").unwrap();
    let expected = r#"{"store":false,"model":"small","input":[{"content":"hi","role":"user"}]}"#;
    let parsed = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap();
    assert_eq!(parsed(&replay), parsed(expected.as_bytes()));
    let plain = r#"{"model":"big", "input" : "hi" ,"store":true}"#;
    let replay = Dialect::OpenAi.replay_body(plain.as_bytes(), "small").unwrap();
    assert_eq!(&replay[..], br#"{"store":false,"model":"small", "input" : "hi"}"#);
}

#[test]
fn a_dialect_is_found_by_its_name() {
    for dialect in Dialect::ALL {
        assert_eq!(dialect.name().parse(), Ok(dialect));
    }
    assert!("smoke-signals".parse::<Dialect>().is_err());
}

#[test]
fn a_judge_is_asked_for_nothing_that_its_model_refuses() {
    let schema = json!({"type": "object"});
    for (model, takes) in [
        ("gpt-4.1", true),
        ("gpt-5-mini", true),
        ("openai/o3", true),
        ("mistral-large-latest", true),
        ("gpt-4", false),
        ("gpt-4-turbo", false),
        ("openai/gpt-3.5-turbo", false),
        ("o1-mini", false),
    ] {
        assert_eq!(Dialect::OpenAi.takes_schema(model), takes, "{model}");
    }
    let body = |model| {
        let body = Dialect::OpenAi.judge_body(model, "task", "pair", None);
        serde_json::from_slice::<Value>(&body).unwrap()
    };
    let plain = body("gpt-5");
    for parameter in ["temperature", "max_tokens", "max_completion_tokens", "response_format"] {
        assert_eq!(plain.get(parameter), None, "{parameter}");
    }
    assert_eq!(plain["messages"][0]["role"], "system");
    assert_eq!(body("o1-mini")["messages"], json!([{"role": "user", "content": "task\n\npair"}]));
    let held = Dialect::OpenAi.judge_body("gpt-5", "task", "pair", Some(&schema));
    assert!(held.windows(11).any(|window| window == b"json_schema"));
}
