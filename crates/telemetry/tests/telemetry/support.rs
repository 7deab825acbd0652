//! A deployment of two providers, exchanges on it, and what a collector hears of them.

use crate::collector::{Collector, Manner, Told};
use dialect::Dialect;
use exchange::{
    Body, Capture, Conversation, ConversationSource, Declared, Exchange, ExchangeId, Headers,
    Origin, RawCall, RawReply, Route, Served, Timestamp,
};
use policy::{Categorizer, Rule};
use serde_json::json;
use std::{collections::BTreeMap, thread, time::Duration};
use telemetry::{Known, Provider, Settings, Tap, Traces};
use tokio::time::Instant;

/// 2026-11-20T00:00:00Z
pub(crate) const AT: Timestamp = Timestamp(1_795_132_800_000_000);
pub(crate) const PROMPT: &str = "the prompt of the caller";
pub(crate) const REPLY: &str = "the reply of the model";

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn settings(endpoint: &str) -> Settings {
    let named = |name: &str| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| endpoint.to_owned());
    Settings::read(&named).unwrap().unwrap()
}

pub(crate) fn start(endpoint: &str) -> Traces {
    let provider = |address: &str| Provider {
        dialect: Dialect::OpenAi,
        address: address.to_owned(),
        port: 443,
    };
    let rules = [Rule { category: "summarize".to_owned(), when: None }];
    let known = Known {
        providers: BTreeMap::from([
            ("openai".to_owned(), provider("api.openai.com")),
            ("harbor".to_owned(), provider("harbor.example")),
        ]),
        models: BTreeMap::from([("harbor-mini".to_owned(), "harbor".to_owned())]),
        categorizer: Categorizer::new(&rules).unwrap(),
    };
    Traces::start(&settings(endpoint), known, "proxy-1").unwrap()
}

/// What a collector hears of what is left in a tap, in any order.
pub(crate) fn told(leave: impl FnOnce(&Tap)) -> Vec<Told> {
    let collector = Collector::start(Manner::Takes);
    let traces = start(&collector.endpoint());
    leave(&traces.tap());
    traces.stop();
    collector.spans()
}

/// The one span of an exchange.
pub(crate) fn told_of(exchange: Exchange) -> Told {
    let spans = told(|tap| tap.exchange(Box::new(exchange)));
    let [span] = spans.try_into().unwrap();
    span
}

pub(crate) fn id(number: u64) -> ExchangeId {
    ExchangeId::new(AT, u128::from(number) | 0xabcd << 64)
}

/// A chat completion, unstreamed, by the reference.
pub(crate) fn exchange(number: u64) -> Exchange {
    let call = json!({"model": "gpt-4.1", "messages": [{"role": "user", "content": PROMPT}]});
    let usage = json!({
        "prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17,
        "prompt_tokens_details": {"cached_tokens": 8},
    });
    let message = json!({"role": "assistant", "content": REPLY});
    let reply = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4.1-2025-04-14",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage,
    });
    Exchange {
        id: id(number),
        observed_at: AT,
        origin: Origin { proxy_instance: "proxy-1".to_owned(), offer_seq: number },
        provider: "openai".to_owned(),
        declared: Declared { category: Some("summarize".to_owned()), ..Declared::default() },
        conversation: Conversation { key: "c".to_owned(), source: ConversationSource::Digest },
        call: RawCall {
            method: "POST".to_owned(),
            path: "/v1/chat/completions".to_owned(),
            headers: headers(&[("content-type", "application/json")]),
            body: Body::Inline(call.to_string().into()),
        },
        reply: RawReply {
            status: 200,
            headers: headers(&[("content-type", "application/json")]),
            body: Body::Inline(reply.to_string().into()),
        },
        capture: Capture::Complete,
        served: Served {
            route: Route::Reference,
            category: None,
            candidate: None,
            policy_version: 0,
        },
        unused: None,
        latency_us: 1_500_000,
        ttft_us: Some(250_000),
        redacted: false,
    }
}

pub(crate) fn headers(fields: &[(&str, &str)]) -> Headers {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Headers(fields.iter().map(own).collect())
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::park_timeout(Duration::from_millis(2));
    }
}
