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
    let body = Dialect::OpenAi.judge_body("judge", "be strict", "compare", &schema);
    let dialect = Dialect::OpenAi;
    let call = dialect.read_call("POST", dialect.path(), &exchange::Headers::default(), &body);
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
