//! A collector that is well, slow, hung, gone or mad: nobody waits for it, and every span that it does
//! not get is counted.

use crate::{
    collector::{Collector, Manner},
    support::{exchange, start, told, until},
};
use exchange::Body;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::{net::TcpListener, sync::OnceLock};
use telemetry::{BATCH_MAX, BYTES_MAX, WAITING_MAX};

const MIB: usize = 1 << 20;

/// What was counted in this process, whichever test it was.
fn counted(name: &str) -> u64 {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    let recorder = RECORDER.get_or_init(|| PrometheusBuilder::new().install_recorder().unwrap());
    let said = recorder.render();
    let figure = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    figure.map_or(0, |figure| figure.parse().unwrap())
}

fn dropped(reason: &str) -> u64 {
    counted(&format!("foreshadow_traces_dropped_total{{reason=\"{reason}\"}}"))
}

#[test]
fn everything_that_was_left_before_the_end_is_exported_in_batches() {
    let count = BATCH_MAX as u64 * 2 + 1;
    let spans = told(|tap| (0..count).for_each(|number| tap.exchange(Box::new(exchange(number)))));
    assert_eq!(spans.len() as u64, count);
}

#[test]
fn a_collector_that_hangs_fills_the_queue_and_what_is_past_its_limits_is_counted() {
    assert_eq!(dropped("queue_full") + dropped("memory"), 0, "no other test drops for this");
    let collector = Collector::start(Manner::Silent);
    let traces = start(&collector.endpoint());
    let tap = traces.tap();
    tap.exchange(Box::new(exchange(0)));
    until("the first export", || collector.exports() == 1);
    // From here on nothing is taken out.
    let long = |number| {
        let mut exchange = exchange(number);
        exchange.call.body = Body::Inline(vec![b' '; MIB].into());
        exchange
    };
    let fitting = (BYTES_MAX / MIB) as u64 - 2;
    (fitting..WAITING_MAX as u64).for_each(|number| tap.exchange(Box::new(exchange(number))));
    (0..fitting).for_each(|number| tap.exchange(Box::new(long(number))));
    (0..3).for_each(|number| tap.exchange(Box::new(long(number))));
    (0..5).for_each(|number| tap.exchange(Box::new(exchange(number))));
    assert_eq!((dropped("memory"), dropped("queue_full")), (3, 5));
    traces.stop();
    assert_eq!(dropped("shutdown"), WAITING_MAX as u64 + 1, "each is counted at the end");
    tap.exchange(Box::new(exchange(0)));
    assert_eq!(dropped("shutdown"), WAITING_MAX as u64 + 2, "and what comes later");
}

#[test]
fn a_collector_that_refuses_or_is_gone_costs_its_batches_and_nothing_else() {
    let before = dropped("export");
    let collector = Collector::start(Manner::Refuses(400));
    let traces = start(&collector.endpoint());
    traces.tap().exchange(Box::new(exchange(0)));
    until("a refusal", || dropped("export") > before);
    collector.set(Manner::Takes);
    traces.tap().exchange(Box::new(exchange(1)));
    traces.stop();
    assert_eq!(collector.spans().len(), 1, "what was refused is not kept");

    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let traces = start(&format!("http://{gone}"));
    traces.tap().exchange(Box::new(exchange(0)));
    traces.stop();
    assert_eq!(dropped("export"), before + 2);
}

#[test]
fn a_collector_that_is_busy_is_asked_again_and_one_that_answers_nonsense_is_not() {
    let collector = Collector::start(Manner::Refuses(503));
    let traces = start(&collector.endpoint());
    traces.tap().exchange(Box::new(exchange(0)));
    until("a second try", || collector.exports() == 2);
    collector.set(Manner::Garbage);
    traces.tap().exchange(Box::new(exchange(1)));
    traces.stop();
    assert_eq!(collector.spans().len(), 2);
}

#[test]
fn what_cannot_be_read_is_a_span_all_the_same() {
    let spans = told(|tap| {
        for body in [&b"\xff\xfe"[..], b"{", b"[]", b"{\"model\":7,\"messages\":{}}"] {
            let mut exchange = exchange(0);
            exchange.call.body = Body::Inline(body.into());
            exchange.reply.body = Body::Inline(body.into());
            tap.exchange(Box::new(exchange));
        }
    });
    assert_eq!(spans.len(), 4);
}
