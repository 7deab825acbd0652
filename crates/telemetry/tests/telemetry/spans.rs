//! Exchanges and calls of ours, as spans.

use crate::{
    collector::{Collector, Manner, Told},
    support::{AT, PROMPT, REPLY, exchange, headers, id, start, told, told_of},
};
use exchange::{
    Body, Capture, ConversationSource, Exchange, FinishReason, Route, Usage, UsageSource,
};
use std::collections::BTreeMap;
use telemetry::{Answered, OurCall};

const CLIENT: i32 = 3;
const ERROR: i32 = 2;

#[track_caller]
fn check(span: &Told, name: &str, attributes: &[(&str, &str)]) {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let attributes: BTreeMap<_, _> = attributes.iter().map(own).collect();
    assert_eq!(span.attributes, attributes);
    assert_eq!(span.name, name);
}

/// A few attributes of many; an empty one is not there.
#[track_caller]
fn check_some(exchange: Exchange, attributes: &[(&str, &str)]) {
    let span = told_of(exchange);
    for (name, value) in attributes {
        assert_eq!(span.get(name), *value, "{name} of {span:?}");
    }
}

#[test]
fn an_exchange_is_told_in_the_words_of_the_conventions() {
    let span = told_of(exchange(1));
    check(
        &span,
        "chat gpt-4.1",
        &[
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.provider.name", "openai"),
            ("gen_ai.request.model", "gpt-4.1"),
            ("gen_ai.request.stream", "false"),
            ("gen_ai.response.model", "gpt-4.1-2025-04-14"),
            ("gen_ai.response.finish_reasons", "[\"stop\"]"),
            ("gen_ai.usage.input_tokens", "12"),
            ("gen_ai.usage.output_tokens", "5"),
            ("gen_ai.usage.cache_read.input_tokens", "8"),
            ("http.response.status_code", "200"),
            ("server.address", "api.openai.com"),
            ("server.port", "443"),
            ("foreshadow.provider", "openai"),
            ("foreshadow.exchange", &id(1).to_string()),
            ("foreshadow.category", "summarize"),
            ("foreshadow.route", "reference"),
            ("foreshadow.capture", "complete"),
        ],
    );
    let start = AT.0 as u64 * 1_000;
    assert_eq!((span.start, span.end), (start, start + 1_500_000_000));
    assert_eq!((span.kind, span.links.len()), (CLIENT, 0));
    assert_eq!(span.status.map(|(code, _)| code), Some(0));
    assert_eq!(span.resource["service.name"], "foreshadow");
    assert_eq!(span.resource["service.instance.id"], "proxy-1");
}

#[test]
fn a_stream_says_when_its_first_chunk_came() {
    let mut exchange = exchange(1);
    let call = "{\"model\":\"gpt-4.1\",\"stream\":true,\"messages\":[]}";
    exchange.call.body = Body::Inline(call.into());
    exchange.reply.headers = headers(&[("content-type", "text/event-stream")]);
    let chunk = "{\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\
                 \"finish_reason\":\"length\"}]}";
    exchange.reply.body = Body::Inline(format!("data: {chunk}\n\ndata: [DONE]\n\n").into());
    check_some(
        exchange,
        &[
            ("gen_ai.request.stream", "true"),
            ("gen_ai.response.time_to_first_chunk", "0.25"),
            ("gen_ai.response.finish_reasons", "[\"length\"]"),
            // Nobody said what was used, and an estimate of ours is not told as a fact.
            ("gen_ai.usage.input_tokens", ""),
        ],
    );
}

#[test]
fn a_candidate_that_answers_is_told_with_its_own_provider() {
    let mut exchange = exchange(1);
    exchange.served.route = Route::Canary;
    exchange.served.candidate = Some("harbor-mini".to_owned());
    check_some(
        exchange,
        &[
            ("gen_ai.request.model", "gpt-4.1"),
            ("foreshadow.candidate", "harbor-mini"),
            ("foreshadow.route", "canary"),
            ("foreshadow.provider", "harbor"),
            ("server.address", "harbor.example"),
        ],
    );
}

#[test]
fn an_error_has_a_class_and_none_of_its_words() {
    let words = "{\"error\":{\"message\":\"the account of Ada is empty\",\"type\":\"x\"}}";
    let failed = |status: u16, capture: Capture| {
        let mut exchange = exchange(1);
        exchange.reply.status = status;
        exchange.reply.body = Body::Inline(words.into());
        exchange.capture = capture;
        told_of(exchange)
    };
    let cases = [
        (failed(429, Capture::Complete), "429"),
        (failed(500, Capture::Aborted), "500"),
        (failed(0, Capture::Aborted), "client_gone"),
        (failed(200, Capture::Aborted), "client_gone"),
        (failed(200, Capture::Complete), "provider_error"),
    ];
    for (span, class) in cases {
        assert_eq!(span.get("error.type"), class);
        assert_eq!(span.status, Some((ERROR, String::new())), "{class}");
        assert!(!format!("{span:?}").contains("Ada"), "{span:?}");
    }
}

#[test]
fn what_no_convention_for_models_covers_is_told_as_http() {
    let mut opaque = exchange(1);
    opaque.call.method = "GET".to_owned();
    opaque.call.path = "/v1/files/secret-name".to_owned();
    opaque.call.body = Body::default();
    let span = told_of(opaque);
    check(
        &span,
        "GET",
        &[
            ("http.request.method", "GET"),
            ("http.response.status_code", "200"),
            ("server.address", "api.openai.com"),
            ("server.port", "443"),
            ("foreshadow.provider", "openai"),
            ("foreshadow.exchange", &id(1).to_string()),
            ("foreshadow.category", "summarize"),
            ("foreshadow.route", "reference"),
            ("foreshadow.capture", "complete"),
        ],
    );
    let mut strange = exchange(2);
    strange.provider = "nobody".to_owned();
    strange.call.method = "BREW".to_owned();
    let span = told_of(strange);
    assert_eq!((span.name.as_str(), span.get("http.request.method")), ("HTTP", "_OTHER"));
    let mut embedded = exchange(3);
    embedded.call.path = "/v1/embeddings?x=y".to_owned();
    assert_eq!(told_of(embedded).name, "embeddings gpt-4.1");
}

#[test]
fn what_a_caller_chose_is_bounded() {
    let mut exchange = exchange(1);
    let call = format!("{{\"model\":\"{}\",\"messages\":[]}}", "m".repeat(5_000));
    exchange.call.body = Body::Inline(call.into());
    exchange.conversation.source = ConversationSource::Header;
    exchange.conversation.key = "k".repeat(5_000);
    // A category that the pipeline does not know is nobody's.
    exchange.declared.category = Some("c".repeat(5_000));
    let span = told_of(exchange);
    assert_eq!(span.get("gen_ai.request.model"), "m".repeat(256));
    assert_eq!(span.get("gen_ai.conversation.id"), "k".repeat(256));
    assert_eq!(span.get("foreshadow.category"), "other");
    assert_eq!(span.name.len(), 256);
}

#[test]
fn neither_content_nor_a_path_nor_a_header_leaves() {
    let collector = Collector::start(Manner::Takes);
    let traces = start(&collector.endpoint());
    let mut exchange = exchange(1);
    exchange.call.path += "?user=Ada";
    exchange.call.headers = headers(&[("x-note", "note-of-the-caller")]);
    exchange.reply.headers = headers(&[("openai-organization", "org-of-the-caller")]);
    traces.tap().exchange(Box::new(exchange));
    traces.stop();
    assert_eq!(collector.spans().len(), 1);
    let bytes = collector.bytes();
    for word in [PROMPT, REPLY, "Ada", "note-of-the-caller", "org-of-the-caller"] {
        let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
        assert!(!found, "{word:?} left");
    }
}

fn our_call() -> OurCall {
    let usage = Usage {
        input_tokens: 12,
        output_tokens: 4,
        reasoning_tokens: 2,
        ..Usage::none(UsageSource::Reported)
    };
    let answer = Answered {
        model: Some("harbor-mini-1".to_owned()),
        finish_reason: Some(FinishReason::Stop),
        usage: Some(usage),
    };
    OurCall {
        id: id(77),
        purpose: "shadow",
        provider: "harbor".to_owned(),
        model: "harbor-mini".to_owned(),
        attempt: 2,
        started_at: AT.plus(2_000_000),
        latency_us: 500_000,
        status: Some(200),
        answer: Some(answer),
    }
}

#[test]
fn a_call_of_ours_is_a_span_of_a_trace_of_its_own_linked_to_the_exchange_s() {
    let mut live = exchange(1);
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    live.call.headers = headers(&[("traceparent", traceparent)]);
    let spans = told(|tap| {
        tap.call(&live, our_call);
        tap.call(&live, || OurCall { id: id(78), purpose: "judge", ..our_call() });
        tap.exchange(Box::new(live.clone()));
    });
    let [shadow, judge, live] = spans.try_into().unwrap();
    check(
        &shadow,
        "chat harbor-mini",
        &[
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.provider.name", "openai"),
            ("gen_ai.request.model", "harbor-mini"),
            ("gen_ai.response.model", "harbor-mini-1"),
            ("gen_ai.response.finish_reasons", "[\"stop\"]"),
            ("gen_ai.usage.input_tokens", "12"),
            ("gen_ai.usage.output_tokens", "4"),
            ("gen_ai.usage.reasoning.output_tokens", "2"),
            ("http.response.status_code", "200"),
            ("server.address", "harbor.example"),
            ("server.port", "443"),
            ("foreshadow.provider", "harbor"),
            ("foreshadow.exchange", &id(1).to_string()),
            ("foreshadow.purpose", "shadow"),
            ("foreshadow.attempt", "2"),
        ],
    );
    assert_eq!(shadow.links, [(live.trace.clone(), live.id.clone())]);
    assert_eq!(judge.links, shadow.links);
    assert_eq!(judge.trace, shadow.trace, "what was made for one exchange stands together");
    assert_ne!(shadow.trace, live.trace, "and lengthens no trace of a caller");
    assert_ne!(judge.id, shadow.id);
    assert_eq!((shadow.parent.as_str(), shadow.start - live.start), ("", 2_000_000_000));
}

#[test]
fn a_call_of_ours_without_a_reply_of_use_says_which_kind_of_failure_it_was() {
    let failed = |status| OurCall { status, answer: None, ..our_call() };
    let spans = told(|tap| {
        for status in [None, Some(503), Some(200)] {
            tap.call(&exchange(1), || failed(status));
        }
    });
    let classes: Vec<&str> = spans.iter().map(|span| span.get("error.type")).collect();
    assert_eq!(classes, ["no_reply", "503", "unusable_reply"]);
}

#[test]
fn the_calls_of_an_exchange_that_is_not_kept_are_not_kept_either() {
    let mut live = exchange(1);
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    live.call.headers = headers(&[("traceparent", traceparent)]);
    let spans = told(|tap| tap.call(&live, our_call));
    assert!(spans.is_empty());
}
