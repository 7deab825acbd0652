//! What the dialect writes itself.

use dialect::Dialect;
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
