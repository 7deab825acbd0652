//! What was ever published is still read. The fixtures are never written again: a change of the
//! wire form that these tests notice needs a new version beside the old one.

use bytes::Bytes;
use exchange::{
    Body, Capture, Conversation, ConversationSource, Declared, Disuse, Event, Exchange, ExchangeId,
    Headers, Meter, Origin, RawCall, RawReply, Route, Served, Timestamp, Unused, Usage,
    UsageSource,
};
use serde_json::Value;
use std::{collections::BTreeSet, path::PathBuf};

const AT: Timestamp = Timestamp(1_767_571_200_000_000);

fn schemas() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas"))
}

fn headers(fields: &[(&str, &str)]) -> Headers {
    let field = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Headers(fields.iter().map(field).collect())
}

fn exchange() -> Event {
    Event::Exchange(Box::new(plain()))
}

/// The first thing that version 1 cannot say.
fn exchange_with_unused_reply() -> Event {
    let served = Served { route: Route::Fallback, candidate: None, ..plain().served };
    let usage = Usage {
        input_tokens: 12,
        cached_tokens: 4,
        output_tokens: 3,
        ..Usage::none(UsageSource::Reported)
    };
    let unused = Unused {
        candidate: "small".into(),
        why: Disuse::Blocked,
        status: 200,
        usage: Some(usage),
        latency_us: 700,
    };
    Event::Exchange(Box::new(Exchange { served, unused: Some(Box::new(unused)), ..plain() }))
}

fn plain() -> Exchange {
    Exchange {
        id: ExchangeId::new(AT, 7),
        observed_at: AT,
        origin: Origin { proxy_instance: "proxy-1".into(), offer_seq: 41 },
        provider: "openai".into(),
        declared: Declared { category: Some("extract".into()), ..Declared::default() },
        conversation: Conversation { key: "c-1".into(), source: ConversationSource::Header },
        call: RawCall {
            method: "POST".into(),
            path: "/v1/chat/completions".into(),
            headers: headers(&[("content-type", "application/json"), ("x-odd", "\u{e9}")]),
            body: Body::Inline(Bytes::from_static(b"{\"model\":\"m\"}")),
        },
        reply: RawReply {
            status: 200,
            headers: headers(&[("content-type", "application/json")]),
            body: Body::External { key: "k".into(), digest: "00ff".into(), length: 3 },
        },
        capture: Capture::Complete,
        served: Served {
            route: Route::Live,
            category: Some("extract".into()),
            candidate: Some("small".into()),
            policy_version: 2,
        },
        unused: None,
        latency_us: 1_500,
        ttft_us: Some(900),
        redacted: false,
    }
}

fn meter() -> Event {
    Event::Meter(Meter {
        proxy_instance: "proxy-1".into(),
        at: AT,
        category: None,
        offered: 3,
        accepted: 2,
        shed: [("queue_full".to_owned(), 1)].into(),
        lost: [("full".to_owned(), 1)].into(),
    })
}

fn check(name: &str, event: &Event) {
    let path = schemas().join("fixtures").join(name);
    if !path.exists() {
        std::fs::write(&path, event.to_bytes().unwrap()).unwrap();
        panic!("{name} was not there and is written now: it is published once it is committed");
    }
    let published = Bytes::from(std::fs::read(path).unwrap());
    assert_eq!(&Event::from_bytes(published.clone()).unwrap(), event);
    assert_eq!(event.to_bytes().unwrap(), published, "{name} is written as it was");
}

#[test]
fn the_published_exchange_is_still_read() {
    check("exchange.v1.bin", &exchange());
}

#[test]
fn the_published_exchange_with_an_unused_reply_is_still_read() {
    check("exchange.v2.bin", &exchange_with_unused_reply());
}

#[test]
fn the_published_meter_is_still_read() {
    check("meter.v1.bin", &meter());
}

#[test]
fn the_schemas_name_the_header_s_fields_and_no_other() {
    check_schema(1, &exchange());
    check_schema(2, &exchange_with_unused_reply());
}

fn check_schema(version: u8, event: &Event) {
    let bytes = event.to_bytes().unwrap();
    assert_eq!(bytes[2], version);
    let length = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let schema = std::fs::read(schemas().join(format!("exchange.v{version}.json"))).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    let keys = |of: &Value| of.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(&header), keys(&schema["properties"]));
    let required = schema["required"].as_array().unwrap().iter();
    let required: BTreeSet<_> = required.map(|name| name.as_str().unwrap().to_owned()).collect();
    assert_eq!(keys(&header), required);
    if let Some(unused) = header.get("unused") {
        let schema = &schema["properties"]["unused"]["properties"];
        assert_eq!(keys(unused), keys(schema));
        assert_eq!(keys(&unused["usage"]), keys(&schema["usage"]["properties"]));
    }
}
