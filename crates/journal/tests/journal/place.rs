//! Where logs are opened: a folder, or a broker.

use crate::broker;
use journal::{
    Change, Entry, Journal, Limits, Log, Membership, Position, Record, Subscription,
    kafka::{Kafka, Settings},
};
use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// More than anything here takes on a slow machine that does other things too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Somewhere to open a log, again and again.
pub(crate) struct Place {
    kind: Kind,
    runtime: Runtime,
}

enum Kind {
    Folder(TempDir),
    Broker(Box<Settings>),
}

/// Runs the check over the embedded journal and over Kafka.
pub(crate) fn check(check: impl Fn(&Place)) {
    check_on(Kind::Folder(tempfile::tempdir().unwrap()), &check);
    check_on(Kind::Broker(Box::new(settings(&broker::address()))), &check);
}

fn check_on(kind: Kind, check: &impl Fn(&Place)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    check(&Place { kind, runtime });
}

/// Topics of their own for each test, with one partition.
pub(crate) fn settings(address: &str) -> Settings {
    static TESTS: AtomicU64 = AtomicU64::new(0);
    let mut settings = Settings::new([address]);
    let (process, test) = (std::process::id(), TESTS.fetch_add(1, Ordering::Relaxed));
    settings.prefix = format!("test-{process}-{test}");
    settings.topic.partitions = 1;
    settings.patience = PATIENCE;
    settings.session = Duration::from_secs(6);
    settings
}

impl Place {
    /// Opens the log with this topic.
    pub(crate) fn open(&self, topic: &str) -> Arc<dyn Log> {
        match &self.kind {
            Kind::Folder(dir) => {
                Arc::new(Journal::open(dir.path(), Limits::bytes(256 << 20)).unwrap())
            }
            Kind::Broker(settings) => {
                let kafka = Kafka::open((**settings).clone()).unwrap();
                self.wait(kafka.prepare(topic)).unwrap();
                Arc::new(kafka)
            }
        }
    }

    /// Whether other processes may read there too.
    pub(crate) fn is_shared(&self) -> bool {
        match self.kind {
            Kind::Folder(_) => false,
            Kind::Broker(_) => true,
        }
    }

    /// Makes another topic, where that has to be done.
    pub(crate) fn also(&self, topic: &str) {
        match &self.kind {
            Kind::Folder(_) => {}
            Kind::Broker(_) => drop(self.open(topic)),
        }
    }

    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        let patient = async { tokio::time::timeout(PATIENCE, future).await };
        self.runtime.block_on(patient).expect("waited in vain")
    }

    /// The next `count` records, in as many reads as it takes: one may bring fewer than there are.
    pub(crate) fn take(&self, worker: &mut Subscription, count: usize) -> Vec<Record> {
        let mut records = Vec::with_capacity(count);
        while records.len() < count {
            let more = self.wait(worker.next(count - records.len(), crate::ALL));
            records.extend(more.unwrap());
        }
        records
    }

    /// Joins a group that has no other member.
    pub(crate) fn join(
        &self,
        log: &dyn Log,
        topic: &str,
        group: &str,
    ) -> (Membership, Subscription) {
        let mut membership = log.join(topic, group).unwrap();
        match self.wait(membership.changed()).unwrap() {
            Change::Given(subscription) => (membership, subscription),
            Change::Taken(partition) => panic!("partition {partition} is taken from nobody"),
        }
    }
}

pub(crate) fn entries(payloads: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<Entry> {
    let entry = |payload: &[u8]| Entry {
        key: Default::default(),
        payload: bytes::Bytes::copy_from_slice(payload),
    };
    payloads.into_iter().map(|payload| entry(payload.as_ref())).collect()
}

/// The records of partition 0 from `from` on.
pub(crate) fn read(log: &dyn Log, topic: &str, from: u64) -> Vec<Record> {
    let (mut at, mut records) = (from, Vec::new());
    let end = log.kept(topic, 0).unwrap().end;
    while at < end {
        let more = log.read(topic, Position { partition: 0, offset: at }, 1_000, 1 << 20).unwrap();
        at = more.last().expect("there is more").offset + 1;
        records.extend(more);
    }
    records
}

#[track_caller]
pub(crate) fn offsets_are(records: &[Record], expected: Range<u64>) {
    let offsets: Vec<u64> = records.iter().map(|record| record.offset).collect();
    assert_eq!(offsets, expected.collect::<Vec<_>>());
}
