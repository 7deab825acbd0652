//! What is counted, by name and label.

use crate::{
    limits::counted,
    live::{Script, call},
    support::{PATIENCE, Provider, Setup, json},
};
use exchange::Route;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use proxy::{Queue, QueueLimits};
use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::channel,
    },
};

/// Counts in memory, by `name{label=value,…}`.
#[derive(Default)]
pub(crate) struct Counts {
    counters: Mutex<BTreeMap<String, Arc<Count>>>,
    histograms: Mutex<BTreeMap<String, Arc<Values>>>,
}

/// Every value that was recorded.
#[derive(Default)]
struct Values(Mutex<Vec<f64>>);

impl HistogramFn for Values {
    fn record(&self, value: f64) {
        self.0.lock().unwrap().push(value);
    }
}

#[derive(Default)]
pub(crate) struct Count(AtomicU64);

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::SeqCst);
    }

    fn absolute(&self, value: u64) {
        self.0.store(value, Ordering::SeqCst);
    }
}

impl Recorder for Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let mut counters = self.counters.lock().unwrap();
        Counter::from_arc(Arc::clone(counters.entry(named(key)).or_default()))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let mut histograms = self.histograms.lock().unwrap();
        Histogram::from_arc(Arc::clone(histograms.entry(named(key)).or_default()))
    }
}

fn named(key: &Key) -> String {
    let labels = key.labels().map(|label| format!("{}={}", label.key(), label.value()));
    format!("{}{{{}}}", key.name(), labels.collect::<Vec<_>>().join(","))
}

impl Counts {
    pub(crate) fn above_zero(&self) -> Vec<(String, u64)> {
        let read =
            |(name, count): (&String, &Arc<Count>)| (name.clone(), count.0.load(Ordering::SeqCst));
        let counters = self.counters.lock().unwrap();
        counters.iter().map(read).filter(|(_, count)| *count > 0).collect()
    }

    /// The values of each histogram that has any.
    fn timed(&self) -> BTreeMap<String, Vec<f64>> {
        let read = |(name, values): (&String, &Arc<Values>)| {
            (name.clone(), values.0.lock().unwrap().clone())
        };
        let histograms = self.histograms.lock().unwrap();
        histograms.iter().map(read).filter(|(_, values)| !values.is_empty()).collect()
    }
}

#[test]
fn every_call_is_counted_by_who_answered_it() {
    let reference = Provider::answering(|_, _| json("200 OK", "{}"));
    let failing = Provider::answering(|_, _| json("500 Internal Server Error", "{}"));
    let counts = Counts::default();
    let queue = Queue::new(QueueLimits { exchanges_max: NonZeroUsize::MIN, categories_max: 1 });
    let live = Arc::new(AtomicBool::new(true));
    let rig = metrics::with_local_recorder(&counts, || {
        Setup::of(&[("p", reference.url()), ("c", failing.url())])
            .steered_by(Script { turn: Route::Live, live })
            .mirrored_by(queue)
            .start()
    });
    let mut client = rig.client();
    client.ask(&call("key", "summarise"));
    client.ask(&call("key", "summarise"));
    client.ask(&call("key", "summarise bound"));
    client.ask("GET /c/x HTTP/1.1\r\nhost: a\r\n\r\n");
    drop(client);
    rig.stop();
    let expected = [
        ("foreshadow_live_bound_total{provider=p,reason=store}", 1),
        ("foreshadow_live_fallbacks_total{provider=p}", 1),
        ("foreshadow_live_guard_refusals_total{provider=p}", 1),
        ("foreshadow_live_requests_total{provider=c,route=reference,status=5xx}", 1),
        ("foreshadow_live_requests_total{provider=p,route=fallback,status=2xx}", 1),
        ("foreshadow_live_requests_total{provider=p,route=reference,status=2xx}", 2),
        ("foreshadow_mirror_accepted_total{}", 1),
        ("foreshadow_mirror_offered_total{}", 4),
        ("foreshadow_mirror_shed_total{reason=queue_full}", 3),
    ];
    assert_eq!(counts.above_zero(), expected.map(|(name, count)| (name.to_owned(), count)));
}

const BEGUN: &str = "foreshadow_live_first_byte_seconds{provider=p,status=2xx}";
const ENDED: &str = "foreshadow_live_call_seconds{provider=p,status=2xx}";

#[test]
fn a_streamed_call_is_timed_to_its_first_byte_and_to_its_end() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let provider = Provider::scripted(move |mut wire| {
        wire.read_call();
        wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        for part in ["3\r\none\r\n", "3\r\ntwo\r\n0\r\n\r\n"] {
            wait.lock().unwrap().recv_timeout(PATIENCE).unwrap();
            wire.send(part);
        }
    });
    let (rig, counts) = counted(&provider, |_| {});
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    client.read_head();
    assert!(counts.timed().is_empty(), "its head is no byte of its body");
    go.send(()).unwrap();
    client.read_until("one\r\n");
    let begun = counts.timed()[BEGUN].clone();
    assert_eq!((begun.len(), counts.timed().len()), (1, 1), "it has begun and has not ended");
    go.send(()).unwrap();
    client.read_until("0\r\n\r\n");
    drop(client);
    rig.stop();
    let timed = counts.timed();
    assert_eq!((&timed[BEGUN], timed[ENDED].len(), timed.len()), (&begun, 1, 2));
    assert!(timed[ENDED][0] > begun[0] && begun[0] > 0.0, "{timed:?}");
}

#[test]
fn a_call_is_timed_however_it_ends_if_it_names_a_provider() {
    let provider = Provider::scripted(|mut wire| {
        let (head, _) = wire.read_call().unwrap();
        match head.split(' ').nth(1).unwrap() {
            "/empty" => wire.send("HTTP/1.1 204 No Content\r\n\r\n"),
            "/cut" => wire.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"),
            _ => {}
        }
    });
    let (rig, counts) = counted(&provider, |_| {});
    for path in ["/p/empty", "/p/cut", "/p/dead", "/nobody/x"] {
        let mut client = rig.client();
        client.send(format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"));
        client.read_to_close();
    }
    rig.stop();
    let timed: Vec<(String, usize)> =
        counts.timed().into_iter().map(|(name, values)| (name, values.len())).collect();
    let failed = |name: &str| name.replace("2xx", "5xx");
    let expected = [(ENDED.into(), 2), (failed(ENDED), 1), (BEGUN.into(), 1), (failed(BEGUN), 1)];
    assert_eq!(timed, expected);
}

#[test]
fn what_becomes_a_tunnel_is_not_timed() {
    let provider = Provider::scripted(|mut wire| {
        wire.read_call();
        wire.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
        let said = wire.read_exact(4);
        wire.send(said);
    });
    let (rig, counts) = counted(&provider, |_| {});
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
    client.read_head();
    client.send("ping");
    assert_eq!(client.read_to_close().0, "ping");
    rig.stop();
    let counted = ("foreshadow_live_tunnels_total{provider=p}".to_owned(), 1);
    assert!(counts.above_zero().contains(&counted), "{:?}", counts.above_zero());
    assert!(counts.timed().is_empty(), "{:?}", counts.timed());
}
