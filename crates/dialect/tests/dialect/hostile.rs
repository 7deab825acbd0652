//! Whatever arrives, nothing panics and nothing is made up.

use crate::{golden, laws};
use dialect::{Dialect, Form};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn values_of_wrong_types_are_passed_over() {
    let odd =
        [json!(null), json!(true), json!(-1.5e300), json!("x"), json!([[]]), json!({"a": {}})];
    let members = [
        "model",
        "messages",
        "stream",
        "tools",
        "functions",
        "response_format",
        "metadata",
        "user",
        "n",
        "store",
        "modalities",
        "choices",
        "usage",
        "error",
        "conversation",
    ];
    for member in members {
        for value in &odd {
            let mut body = json!({"messages": [{"role": "user", "content": "hi"}]});
            body[member] = value.clone();
            let body = body.to_string();
            let call = Dialect::OpenAi.read_call(
                "POST",
                "/v1/chat/completions",
                &golden::headers(&[]),
                body.as_bytes(),
            );
            assert_eq!(call.endpoint, "chat.completions");
            let reply = Dialect::OpenAi.read_reply(200, &golden::headers(&[]), body.as_bytes());
            assert!(!reply.complete, "{body}");
        }
    }
}

#[test]
fn values_of_wrong_types_are_passed_over_in_every_form() {
    let odd =
        [json!(null), json!(true), json!(-1.5e300), json!("x"), json!([[]]), json!({"a": {}})];
    let members = [
        "system",
        "tools",
        "tool_choice",
        "output_config",
        "metadata",
        "thinking",
        "mcp_servers",
        "instructions",
        "text",
        "include",
        "reasoning",
        "systemInstruction",
        "generationConfig",
        "toolConfig",
        "labels",
        "content",
        "output",
        "candidates",
        "usage",
        "usageMetadata",
        "error",
        "status",
        "stop_reason",
        "promptFeedback",
        "choices",
    ];
    for form in Form::ALL {
        for member in members {
            for value in &odd {
                let mut body = json!({"model": "m", "max_tokens": 1, "input": "hi",
                    "messages": [{"role": "user", "content": "hi"}], "contents": [{"parts": []}]});
                body[member] = value.clone();
                let body = body.to_string();
                let path = form.path("m");
                let headers = golden::headers(&[]);
                let call = form.dialect().read_call("POST", &path, &headers, body.as_bytes());
                assert_eq!(Form::of(&call), Some(form), "{body}");
                let reply = form.dialect().read_reply(200, &headers, body.as_bytes());
                assert!(
                    !reply.complete || member == "promptFeedback" || member == "stop_reason",
                    "{body}"
                );
            }
        }
    }
}

/// Indexes that are missing, counters that contradict each other, blocks that nobody began.
#[test]
fn events_out_of_order_are_read_as_far_as_they_go() {
    let stream = concat!(
        "data: {\"type\":\"content_block_delta\",\"index\":3,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\"}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n",
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"input_tokens\":5,\"cache_read_input_tokens\":18446744073709551615,\"output_tokens\":2,\"output_tokens_details\":{\"thinking_tokens\":9}}}\n\n",
        "data: {\"type\":\"message_start\",\"message\":{\"id\":\"late\",\"model\":\"m\"}}\n\n",
        "data: {\"type\":\"message_stop\"}\n\n",
    );
    let reply = laws::read(Dialect::Anthropic, [stream.as_bytes()]);
    assert_eq!((reply.text.as_deref(), reply.model.as_deref()), (Some("hi"), Some("m")));
    assert!(reply.complete && reply.tool_calls.is_empty());
    let usage = reply.usage.unwrap();
    assert!(usage.cached_tokens <= usage.input_tokens && usage.reasoning_tokens <= 2, "{usage:?}");
}

#[test]
fn deep_nesting_is_a_body_that_cannot_be_read() {
    let deep = format!("{{\"messages\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let path = "/v1/chat/completions";
    let call = Dialect::OpenAi.read_call("POST", path, &golden::headers(&[]), deep.as_bytes());
    assert_eq!(call.unreplayable, ["body"]);
}

fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        "role|content|text|type|function|name|arguments|tool_calls|index|delta|message",
        "choices|usage|error|model|finish_reason|prompt_tokens|stop|refusal|file|image_url",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        kind in prop_oneof!["application/json", "text/event-stream", "text/html"],
        status in 0_u16..600,
    ) {
        let headers = golden::headers(&[("content-type", &kind)]);
        let call = Dialect::OpenAi.read_call("POST", "/v1/chat/completions", &headers, &bytes);
        let reply = Dialect::OpenAi.read_reply(status, &headers, &bytes);
        let usage = Dialect::OpenAi.usage_or_estimate(&call, &reply);
        prop_assert!(usage.cached_tokens <= usage.input_tokens);
        laws::stream_law(&bytes);
    }

    #[test]
    fn any_json_is_read_without_a_panic(body in any_json(), messages in any_json()) {
        let headers = golden::headers(&[]);
        let call = json!({"model": "m", "messages": [messages], "tools": body, "metadata": body});
        let call = call.to_string();
        let path = "/v1/chat/completions";
        let call = Dialect::OpenAi.read_call("POST", path, &headers, call.as_bytes());
        prop_assert_eq!(call.model.as_deref(), Some("m"));
        let chunk = json!({"choices": [{"delta": body, "message": body}], "usage": body});
        let reply = Dialect::OpenAi.read_reply(200, &headers, chunk.to_string().as_bytes());
        prop_assert!(!reply.complete);
        laws::stream_law(format!("data: {body}\n\ndata: {chunk}\n\ndata: [DONE]\n\n").as_bytes());
    }

    #[test]
    fn any_path_and_header_is_read_without_a_panic(
        method in "\\PC{0,5}",
        path in "\\PC{0,40}",
        name in "\\PC{0,12}",
        value in "\\PC{0,40}",
    ) {
        let mut headers = golden::headers(&[(&name, &value), ("content-encoding", &value)]);
        let _ = Dialect::OpenAi.read_call(&method, &path, &headers, b"{}");
        let mut path = path;
        dialect::credentials::strip(&mut headers, &mut path);
    }
}
