//! Replies, from golden files: `NAME.json` or `NAME.sse` beside `NAME.expect`, which says
//! `{dialect, status, expect}`.

use crate::golden;
use dialect::{Dialect, SoFar};
use exchange::{Call, Reply, ToolCall, Usage, UsageSource};
use std::fs;

#[test]
fn every_golden_reply_is_read_as_expected() {
    for (ending, kind) in [(".json", "application/json"), (".sse", "text/event-stream")] {
        for path in golden::files("replies", ending) {
            let case = golden::json(&path.with_extension("expect"));
            let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
            let headers = golden::headers(&[("content-type", kind)]);
            let body = fs::read(&path).unwrap();
            let reply = golden::dialect(&case).read_reply(status, &headers, &body);
            golden::assert_same(path.to_str().unwrap(), &golden::of_reply(&reply), &case["expect"]);
        }
    }
}

/// The same answer, streamed and not, is the same reply: else streaming would look like a
/// difference between models.
#[test]
fn a_streamed_reply_equals_the_unstreamed_one() {
    for name in [
        "text",
        "parallel_tools",
        "forced_tool",
        "empty_arguments",
        "refusal",
        "anthropic_text",
        "anthropic_tools",
        "gemini_text",
        "gemini_tools",
        "responses_text",
        "responses_tools",
    ] {
        let expect = |suffix: &str| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dialect/golden/replies");
            golden::json(format!("{folder}/{name}{suffix}.expect").as_ref())["expect"].clone()
        };
        assert_eq!(expect(""), expect("_stream"), "{name}");
        assert!(expect("")["complete"] == true, "{name}");
    }
}

#[test]
fn without_a_content_type_the_first_bytes_tell_a_stream() {
    let stream = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let reply = Dialect::OpenAi.read_reply(200, &golden::headers(&[]), stream);
    assert_eq!((reply.text.as_deref(), reply.complete), (Some("hi"), true));
}

#[test]
fn an_error_that_is_not_in_the_dialect_is_reported_with_its_status() {
    let headers = golden::headers(&[("content-type", "text/html")]);
    let reply = Dialect::OpenAi.read_reply(502, &headers, b"<h1>Bad Gateway</h1>");
    assert_eq!(reply.error.as_deref(), Some("status 502: <h1>Bad Gateway</h1>"));
    assert!(!reply.complete);
    let silent = Dialect::OpenAi.read_reply(500, &headers, b"");
    assert_eq!(silent.error.as_deref(), Some("status 500"));
}

fn said(text: &str) -> Reply {
    Reply { text: Some(text.to_owned()), ..Reply::default() }
}

fn usage(reply: &Reply) -> Usage {
    // One token a word, three for the message and three for the start of the reply.
    let prompt = vec![("user".into(), ["word"; 34].join(" "))];
    let call = Call { transcript: prompt, ..Call::default() };
    Dialect::OpenAi.usage_or_estimate(&call, reply)
}

#[test]
fn reported_usage_is_taken_as_it_is() {
    let reported = Usage { source: UsageSource::Reported, ..usage(&said("hi")) };
    let reply = Reply { usage: Some(reported), ..said("far more words than that") };
    assert_eq!(usage(&reply), reported);
}

#[test]
fn missing_usage_is_estimated_and_marked_so() {
    let reply = Reply {
        tool_calls: vec![ToolCall { name: "look".into(), arguments: "{}".into() }],
        ..said("hello world")
    };
    let estimate = usage(&reply);
    assert_eq!(estimate.source, UsageSource::Estimated);
    assert_eq!((estimate.input_tokens, estimate.output_tokens), (40, 4));
}

#[test]
fn a_refused_call_costs_nothing_but_a_broken_answer_does() {
    let refused = Reply { error: Some("overloaded".into()), ..Reply::default() };
    assert_eq!((usage(&refused).input_tokens, usage(&refused).output_tokens), (0, 0));
    let broken = Reply { error: Some("overloaded".into()), ..said("hello world") };
    assert_eq!((usage(&broken).input_tokens, usage(&broken).output_tokens), (40, 2));
}

/// What had come of a reply that was given up, and what it took by that.
#[test]
fn what_a_reply_took_that_was_given_up_is_known_as_far_as_it_had_come() {
    let call =
        || Call { transcript: vec![("user".into(), "hello there".into())], ..Call::default() };
    let took = |status: u16, kind: &str, body: &str, is_whole: bool| {
        let headers = golden::headers(&[("content-type", kind)]);
        let came = SoFar { status, headers: &headers, body: body.as_bytes(), is_whole };
        let usage = Dialect::Anthropic.usage_so_far(&came, call);
        usage.map(|usage| (usage.input_tokens > 0, usage.output_tokens, usage.source))
    };
    let counted = r#"{"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"refusal",
        "usage":{"input_tokens":9,"output_tokens":4}}"#;
    let uncounted =
        r#"{"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"refusal"}"#;
    let begun = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":\
                 {\"input_tokens\":9,\"output_tokens\":1}}}\n\n";
    let said = ["It ", "rains."].map(|text| {
        let delta = format!("{{\"type\":\"text_delta\",\"text\":\"{text}\"}}");
        format!("data: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{delta}}}\n\n")
    });
    let half = format!("{begun}{}", said.concat());
    let (json, sse) = ("application/json", "text/event-stream");
    let (reported, estimated) = (UsageSource::Reported, UsageSource::Estimated);
    assert_eq!(took(200, json, counted, true), Some((true, 4, reported)));
    assert_eq!(took(200, json, uncounted, true), Some((true, 1, estimated)));
    assert_eq!(took(200, sse, begun, false), Some((true, 1, estimated)), "it went on");
    assert_eq!(took(200, sse, &half, false), Some((true, 3, estimated)), "more than was counted");
    assert_eq!(took(200, json, "{\"type\":\"mess", false), None, "nobody knows");
    assert_eq!(took(200, json, "", false), None);
    assert_eq!(took(0, json, "", false), None);
    assert_eq!(took(429, json, counted, true), None, "a refused call is not billed");
}
