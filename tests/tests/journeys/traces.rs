//! Traces of what `up` serves, seen from a collector behind it.

#[path = "../../../crates/telemetry/tests/telemetry/collector.rs"]
mod collector;

use crate::{
    deployment::Deployment,
    town::{CALLER_SECRET, LARGE, SHADOW_SECRET, SMALL, Town, call, is_right},
    up::Foreshadow,
    wait::{PATIENCE, until},
};
use collector::{Collector, Manner, Told};
use std::net::TcpListener;
use testkit::LiveCall;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
/// What a collector asks for, perhaps.
const COLLECTOR_SECRET: &str = "town-collector-secret";
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// A deployment that sends its traces there.
fn traced(town: &Town, endpoint: &str) -> Deployment {
    let headers = format!("x-collector-key={COLLECTOR_SECRET}");
    town.deployment_with(&[
        (ENDPOINT, endpoint),
        ("OTEL_EXPORTER_OTLP_HEADERS", &headers),
        ("OTEL_SERVICE_NAME", "town"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=journey"),
    ])
}

fn with_parent(number: u64, flags: &str) -> LiveCall {
    let mut call = call(number);
    call.headers.push(("traceparent".to_owned(), format!("00-{TRACE}-{PARENT}-{flags}")));
    call.headers.push(("tracestate".to_owned(), "vendor=value".to_owned()));
    call
}

/// Sends each of these calls and sees it answered.
#[track_caller]
fn send(town: &Town, up: &Foreshadow, calls: &[(u64, LiveCall)]) {
    let client = Town::client(&up.base_url("openai"));
    for (number, call) in calls {
        let played = town.runtime.block_on(client.send(call)).unwrap();
        assert!(is_right(*number, &played), "call {number}: {played:?}");
    }
}

fn is_live(span: &&Told) -> bool {
    !span.get("foreshadow.route").is_empty()
}

#[test]
fn a_call_is_a_span_of_its_caller_s_trace_and_what_it_was_put_to_is_linked() {
    let (town, collector) = (Town::open(), Collector::start(Manner::Takes));
    let deployment = traced(&town, &collector.endpoint());
    let up = deployment.up();
    send(&town, &up, &[(1, with_parent(1, "01")), (2, with_parent(2, "00")), (3, call(3))]);
    // The one whose trace is not kept has none, nor have the calls that were made for it.
    until("every span", PATIENCE, || (collector.spans().len() == 4).then_some(()));
    // Counted when the collector's answer has come.
    let exported = || up.metric("foreshadow_traces_exported_total") as usize;
    until("every span is counted", PATIENCE, || (exported() == 4).then_some(()));
    up.stop();
    let spans = collector.spans();
    assert_eq!(spans.len(), 4, "{spans:#?}");
    let live: Vec<&Told> = spans.iter().filter(is_live).collect();
    let joined = live.iter().find(|span| span.trace == TRACE).expect("a trace is joined");
    check_live(joined);
    assert_eq!((joined.parent.as_str(), joined.state.as_str()), (PARENT, "vendor=value"));
    let alone = live.iter().find(|span| span.trace != TRACE).expect("a trace begins");
    assert_eq!(alone.trace, alone.get("foreshadow.exchange").replace('-', ""));
    assert_eq!(alone.parent, "");
    for live in &live {
        let of_it = |span: &&Told| span.links == [(live.trace.clone(), live.id.clone())];
        let shadow = spans.iter().find(of_it).expect("the shadow call is linked");
        assert_eq!(shadow.get("foreshadow.purpose"), "shadow");
        assert_eq!(shadow.get("gen_ai.request.model"), SMALL);
        assert_eq!(shadow.get("foreshadow.exchange"), live.get("foreshadow.exchange"));
        assert!(shadow.start >= live.end, "what is off the live path comes behind it");
    }
    check_in_the_tables(&deployment, joined);
    check_nothing_of_a_call_left(&collector);
}

fn check_live(span: &Told) {
    assert_eq!(span.name, format!("chat {LARGE}"));
    for (name, value) in [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "openai"),
        ("gen_ai.request.model", LARGE),
        ("gen_ai.response.model", LARGE),
        ("gen_ai.response.finish_reasons", "[\"stop\"]"),
        ("http.response.status_code", "200"),
        ("server.address", "127.0.0.1"),
        ("foreshadow.category", "codes"),
        ("foreshadow.route", "reference"),
        ("foreshadow.provider", "openai"),
        ("error.type", ""),
    ] {
        assert_eq!(span.get(name), value, "{name} of {span:#?}");
    }
    assert_eq!(span.resource["service.name"], "town");
    assert_eq!(span.resource["deployment.environment.name"], "journey");
}

/// The span and the row of an exchange agree.
fn check_in_the_tables(deployment: &Deployment, span: &Told) {
    let query = format!(
        "SELECT proxy_instance, input_tokens, output_tokens, latency_ms FROM exchanges \
         WHERE exchange_id = '{}'",
        span.get("foreshadow.exchange")
    );
    let rows = deployment.rows(&query);
    let [row] = rows.as_slice() else { panic!("{query}: {rows:?}") };
    assert_eq!(span.get("gen_ai.usage.input_tokens"), row["input_tokens"].to_string());
    assert_eq!(span.get("gen_ai.usage.output_tokens"), row["output_tokens"].to_string());
    assert_eq!(span.resource["service.instance.id"], row["proxy_instance"].as_str().unwrap());
    let micros = (span.end - span.start) / 1_000;
    assert_eq!(micros as f64 / 1_000.0, row["latency_ms"].as_f64().unwrap());
}

/// The collector's own key is there, so the search finds what there is.
fn check_nothing_of_a_call_left(collector: &Collector) {
    let bytes = collector.bytes();
    let holds = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
    assert!(holds(COLLECTOR_SECRET));
    for word in [CALLER_SECRET, SHADOW_SECRET, "The code of order", "code-1", "code-3"] {
        assert!(!holds(word), "{word} left for the collector");
    }
}

#[test]
fn a_share_of_the_traces_that_begin_here_is_kept_and_every_one_that_its_caller_keeps() {
    let (town, collector) = (Town::open(), Collector::start(Manner::Takes));
    let endpoint = collector.endpoint();
    let deployment = town.deployment_with(&[
        (ENDPOINT, &endpoint),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.5"),
    ]);
    let up = deployment.up();
    town.play(&up.base_url("openai"), 0..200);
    send(&town, &up, &[(200, with_parent(200, "01")), (201, with_parent(201, "01"))]);
    up.stop();
    let spans = collector.spans();
    let (joined, begun): (Vec<&Told>, Vec<&Told>) =
        spans.iter().filter(is_live).partition(|span| span.trace == TRACE);
    assert_eq!(joined.len(), 2);
    // Chance stays within six deviations of half of 200, also for calls of one millisecond.
    assert!((57..=143).contains(&begun.len()), "{} of 200 are kept", begun.len());
}

/// A port of loopback at which nobody listens.
fn nobody() -> String {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    format!("http://{free}")
}

#[test]
fn a_collector_that_is_gone_changes_nothing_and_what_it_missed_is_counted() {
    let town = Town::open();
    let deployment = traced(&town, &nobody());
    let up = deployment.up();
    town.check_same(&up.base_url("openai"), 0..20);
    until("the spans that nobody took", PATIENCE, || {
        (up.metric("foreshadow_traces_dropped_total") >= 20.0).then_some(())
    });
    assert_eq!(up.metric("foreshadow_traces_exported_total"), 0.0);
    assert_eq!(up.metric("foreshadow_mirror_lost_total"), 0.0);
    until("the evidence as it would have been", PATIENCE, || {
        (deployment.count("SELECT count(*) AS n FROM shadows") == 20).then_some(())
    });
    up.stop();
}

#[test]
fn a_collector_that_hangs_or_raves_changes_nothing_and_does_not_hold_up_the_end() {
    let (town, collector) = (Town::open(), Collector::start(Manner::Takes));
    for manner in [Manner::Silent, Manner::Garbage, Manner::Refuses(500)] {
        collector.set(manner);
        let before = collector.exports();
        let deployment = traced(&town, &collector.endpoint());
        let up = deployment.up();
        town.check_same(&up.base_url("openai"), 0..20);
        until("an export", PATIENCE, || (collector.exports() > before).then_some(()));
        up.stop();
        let log = std::fs::read_to_string(deployment.beside("up.log")).unwrap();
        assert!(!log.contains(COLLECTOR_SECRET), "the log holds the collector's key");
    }
}

#[test]
fn an_endpoint_that_is_none_is_said_without_its_value_and_clients_are_served() {
    let town = Town::open();
    let deployment = traced(&town, "otlp://user:hunter2@nowhere");
    let up = deployment.up();
    town.check_same(&up.base_url("openai"), 0..3);
    up.stop();
    let log = std::fs::read_to_string(deployment.beside("up.log")).unwrap();
    assert!(log.contains(ENDPOINT) && !log.contains("hunter2"), "{log}");
}
