//! Schemas that Messages holds replies to, as they are written for it.

use dialect::{
    Dialect, Form,
    translate::{self, Delivery, LossKind, Target},
};
use exchange::Headers;
use serde_json::{Value, json};

/// The schema that a call with `schema` is written with, and what is lost of it in words.
fn held(schema: &Value) -> (Option<Value>, Vec<String>) {
    let format = json!({"type": "json_schema", "json_schema": {
        "name": "answer", "strict": true, "schema": schema,
    }});
    let body = json!({
        "model": "m", "max_completion_tokens": 10, "response_format": format,
        "messages": [{"role": "user", "content": "hi"}],
    });
    let body = body.to_string().into_bytes();
    let path = Form::ChatCompletions.path("m");
    let call = Dialect::OpenAi.read_call("POST", &path, &Headers::default(), &body);
    let target = Target {
        form: Form::Messages,
        model: "claude-haiku-5-5",
        refuses: &[],
        output_tokens_max: None,
        delivery: Delivery::Whole,
    };
    let told = translate::call(&call, &body, &target).unwrap();
    let written: Value = serde_json::from_slice(&told.body).unwrap();
    let schema = written["output_config"]["format"].get("schema").cloned();
    let loss = |loss: &translate::Loss| {
        let mark = match loss.kind {
            LossKind::Dropped => "dropped",
            LossKind::Approximated => "approximated",
        };
        format!("{mark} {}: {}", loss.field, loss.reason)
    };
    (schema, told.losses.iter().map(loss).collect())
}

fn check(schema: Value, expected: Value, losses: &[&str]) {
    let (written, told) = held(&schema);
    assert_eq!(written, Some(expected), "{schema:#}");
    let losses: Vec<String> =
        losses.iter().map(|it| format!("approximated response_format: {it}")).collect();
    assert_eq!(told, losses, "{schema:#}");
}

#[test]
fn what_the_api_takes_is_left_as_it_is() {
    for schema in [
        json!({"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^[a-z]+$"}}),
        json!({"type": "string", "format": "date-time", "default": "now", "description": "when"}),
        json!({"type": "object", "additionalProperties": false, "required": ["minimum"],
            "properties": {"minimum": {"enum": ["a", 1, null]}, "oneOf": {"const": 2}}}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/b"}]},
            "b": {"type": "integer"}}}),
    ] {
        check(schema.clone(), schema, &[]);
    }
}

#[test]
fn what_it_refuses_is_left_out_and_told() {
    let cases = [
        (
            json!({"type": "integer", "minimum": 1}),
            json!({"type": "integer"}),
            "`minimum` cannot be said",
        ),
        (
            json!({"type": "array", "minItems": 2, "items": {"type": "null"}}),
            json!({"type": "array", "items": {"type": "null"}}),
            "`minItems` cannot be said",
        ),
        (
            json!({"type": "string", "pattern": "(?=a)b"}),
            json!({"type": "string"}),
            "`pattern` cannot be said",
        ),
        (
            json!({"type": "string", "format": "iri"}),
            json!({"type": "string"}),
            "`format` cannot be said",
        ),
        (json!({"enum": [{"a": 1}]}), json!({}), "`enum` cannot be said"),
        (
            json!({"oneOf": [{"type": "null"}, {"type": "string"}]}),
            json!({"anyOf": [{"type": "null"}, {"type": "string"}]}),
            "`oneOf` is said as `anyOf`",
        ),
        (
            json!({"type": "string", "not": {"const": "x"}}),
            json!({"type": "string"}),
            "`not` cannot be said",
        ),
    ];
    for (schema, expected, loss) in cases {
        check(schema, expected, &[loss]);
    }
}

#[test]
fn a_schema_that_leads_back_to_itself_holds_no_reply() {
    let node = json!({"type": "object", "additionalProperties": false, "required": ["next"],
        "properties": {"next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]}}});
    let both = json!({"$ref": "#/$defs/a", "$defs": {
        "a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"anyOf": [{"$ref": "#/$defs/a"}]},
    }});
    let chain: serde_json::Map<String, Value> = (0..40)
        .map(|at| (format!("l{at}"), json!({"anyOf": [{"$ref": format!("#/$defs/l{}", at + 1)}]})))
        .collect();
    for schema in [
        json!({"$ref": "#"}),
        json!({"$ref": "#/$defs/node", "$defs": {"node": node}}),
        both,
        json!({"$ref": "#/$defs/l0", "$defs": chain}),
    ] {
        let (written, told) = held(&schema);
        assert_eq!(written, None, "{schema:#}");
        let loss =
            "dropped response_format: the target is held to no schema that leads back to itself";
        assert_eq!(told, [loss], "{schema:#}");
    }
}
