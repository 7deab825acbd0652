//! What is counted, by name and label.

use crate::{
    live::{Script, call},
    support::{Provider, Setup, json},
};
use exchange::Route;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use proxy::{Queue, QueueLimits};
use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// Counts in memory, by `name{label=value,…}`.
#[derive(Default)]
pub(crate) struct Counts(Mutex<BTreeMap<String, Arc<Count>>>);

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
        let labels = key.labels().map(|label| format!("{}={}", label.key(), label.value()));
        let name = format!("{}{{{}}}", key.name(), labels.collect::<Vec<_>>().join(","));
        Counter::from_arc(Arc::clone(self.0.lock().unwrap().entry(name).or_default()))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

impl Counts {
    pub(crate) fn above_zero(&self) -> Vec<(String, u64)> {
        let read =
            |(name, count): (&String, &Arc<Count>)| (name.clone(), count.0.load(Ordering::SeqCst));
        self.0.lock().unwrap().iter().map(read).filter(|(_, count)| *count > 0).collect()
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
    client.ask("GET /c/x HTTP/1.1\r\nhost: a\r\n\r\n");
    drop(client);
    rig.stop();
    let expected = [
        ("foreshadow_live_fallbacks_total{provider=p}", 1),
        ("foreshadow_live_guard_refusals_total{provider=p}", 1),
        ("foreshadow_live_requests_total{provider=c,route=reference,status=5xx}", 1),
        ("foreshadow_live_requests_total{provider=p,route=fallback,status=2xx}", 1),
        ("foreshadow_live_requests_total{provider=p,route=reference,status=2xx}", 1),
        ("foreshadow_mirror_accepted_total{}", 1),
        ("foreshadow_mirror_offered_total{}", 3),
        ("foreshadow_mirror_shed_total{reason=queue_full}", 2),
    ];
    assert_eq!(counts.above_zero(), expected.map(|(name, count)| (name.to_owned(), count)));
}
