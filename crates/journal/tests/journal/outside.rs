//! Payloads longer than a record of the brokers: beside them, and read as if they were not.

use crate::{
    GROUP, TOPIC, broker,
    forward::{Line, closed, forward},
    place::{PATIENCE, entries, offsets_are, settings},
};
use bytes::Bytes;
use journal::{
    Append, Change, Error, Log, Membership, Outside, Position, Record, Subscription,
    kafka::Kafka,
    outside::{OUTSIDE_BYTES_MAX, left_at},
};
use std::{
    fs,
    future::poll_fn,
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::SystemTime,
};
use tempfile::TempDir;
use tokio::{runtime::Runtime, time::timeout};

/// Records may be so long here.
const RECORD_BYTES_MAX: u32 = 64 << 10;
const START: Position = Position { partition: 0, offset: 0 };

/// A folder, which can be moved away, and from which nothing is fetched while somebody holds the gate.
struct Folder {
    path: PathBuf,
    gate: Mutex<()>,
}

impl Outside for Folder {
    fn put(&self, name: &str, payload: Bytes) -> Result<(), String> {
        fs::write(self.path.join(name), payload).map_err(|error| error.to_string())
    }

    fn get(&self, name: &str) -> Result<Option<Bytes>, String> {
        drop(self.gate.lock().unwrap());
        let found = fs::read_dir(&self.path).map_err(|error| error.to_string())?;
        let mut names = found.map(|file| file.unwrap().file_name());
        let is_there = names.any(|there| there == *name);
        is_there
            .then(|| fs::read(self.path.join(name)).map(Bytes::from))
            .transpose()
            .map_err(|error| error.to_string())
    }
}

/// A topic with short records, and the folder beside it.
struct World {
    dir: TempDir,
    outside: Arc<Folder>,
    kafka: Kafka,
    runtime: Runtime,
}

impl World {
    fn open(address: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("there")).unwrap();
        let mut settings = settings(address);
        settings.record_bytes_max = RECORD_BYTES_MAX;
        let outside = Arc::new(Folder { path: dir.path().join("there"), gate: Mutex::default() });
        let kafka = Kafka::open_beside(settings, Arc::clone(&outside) as Arc<_>).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(kafka.prepare(TOPIC)).unwrap();
        Self { dir, outside, kafka, runtime }
    }

    fn move_away(&self) {
        fs::rename(self.folder(), self.dir.path().join("away")).unwrap();
    }

    fn move_back(&self) {
        fs::rename(self.dir.path().join("away"), self.folder()).unwrap();
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("there")
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { timeout(PATIENCE, future).await.expect("waited in vain") })
    }

    fn worker(&self) -> (Membership, Subscription) {
        let mut membership = self.kafka.join(TOPIC, GROUP).unwrap();
        match self.wait(membership.changed()).unwrap() {
            Change::Given(subscription) => (membership, subscription),
            Change::Taken(partition) => panic!("partition {partition} is taken from nobody"),
        }
    }

    fn take(&self, worker: &mut Subscription, count: usize, bytes_max: usize) -> Vec<Record> {
        let mut records = Vec::new();
        while records.len() < count {
            records.extend(self.wait(worker.next(count, bytes_max)).unwrap());
        }
        records
    }
}

/// Record `n`: every other one is too long for the brokers.
fn number(n: u64) -> Vec<u8> {
    let len = if n % 2 == 1 { 200_000 + n as usize } else { 100 };
    n.to_le_bytes().into_iter().cycle().take(len).collect()
}

#[track_caller]
fn numbers_are(records: &[Record], from: u64) {
    offsets_are(records, from..from + records.len() as u64);
    for record in records {
        assert_eq!(record.payload, number(record.offset), "record {}", record.offset);
    }
}

fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn what_is_too_long_for_the_brokers_is_read_as_if_it_were_not() {
    let world = World::open(&broker::address());
    world.kafka.append(TOPIC, &entries((0..10).map(number))).unwrap();
    let names = names(&world.folder());
    assert_eq!(names.len(), 5);
    for name in &names {
        let left = SystemTime::UNIX_EPOCH + left_at(name).unwrap();
        let written = fs::metadata(world.folder().join(name)).unwrap().modified().unwrap();
        assert!(written < left + PATIENCE && left < written + PATIENCE, "{name}: {written:?}");
    }
    assert_eq!(left_at("0198c0de-0000-4000-8000-000000000001"), None);

    numbers_are(&world.kafka.read(TOPIC, START, 100, usize::MAX).unwrap(), 0);
    // The limit holds for what is returned, and not for what the brokers have of it.
    let some = world.kafka.read(TOPIC, START, 100, 300_000).unwrap();
    assert_eq!(some.len(), 3);
    numbers_are(&some, 0);

    let (_membership, mut worker) = world.worker();
    let one = world.wait(worker.next(100, 1)).unwrap();
    assert_eq!((one.len(), worker.position()), (1, 1));
    numbers_are(&one, 0);
    numbers_are(&world.take(&mut worker, 9, 300_000), 1);
    world.wait(worker.commit(10)).unwrap();
}

#[test]
fn what_is_too_long_for_any_place_is_refused_as_a_whole() {
    let world = World::open(&broker::address());
    let longest = vec![7; OUTSIDE_BYTES_MAX as usize + 1];
    let refused = world.kafka.append(TOPIC, &entries([vec![1], longest]));
    assert!(matches!(refused, Err(Error::TooLong { .. })), "{refused:?}");
    assert_eq!((world.kafka.kept(TOPIC, 0).unwrap(), names(&world.folder()).len()), (0..0, 0));
}

#[test]
fn a_payload_that_is_gone_leaves_a_record_that_nobody_takes_for_one() {
    let world = World::open(&broker::address());
    world.kafka.append(TOPIC, &entries((0..4).map(number))).unwrap();
    let mut names = names(&world.folder());
    names.sort();
    fs::remove_file(world.folder().join(&names[0])).unwrap();
    fs::write(world.folder().join(&names[1]), "cut").unwrap();
    let (_membership, mut worker) = world.worker();
    let records = world.take(&mut worker, 4, usize::MAX);
    offsets_are(&records, 0..4);
    for (n, record) in records.iter().enumerate() {
        let is_whole = record.payload == number(n as u64);
        let is_pointer = record.payload.starts_with(b"FX");
        assert_eq!((is_whole, is_pointer), (n % 2 == 0, n % 2 == 1), "record {n}");
    }
}

#[test]
fn whoever_cannot_fetch_a_payload_or_stops_waiting_for_it_loses_no_record() {
    let world = World::open(&broker::address());
    world.kafka.append(TOPIC, &entries((0..6).map(number))).unwrap();
    let (_membership, mut worker) = world.worker();
    numbers_are(&world.take(&mut worker, 1, 1), 0);
    world.move_away();
    let failed = world.wait(worker.next(100, usize::MAX));
    assert!(matches!(failed, Err(Error::Outside { .. })), "{failed:?}");
    assert_eq!(worker.position(), 1);
    world.move_back();
    let gate = world.outside.gate.lock().unwrap();
    world.wait(async {
        let mut next = pin!(worker.next(100, usize::MAX));
        let polled = poll_fn(|context| Poll::Ready(next.as_mut().poll(context).is_ready())).await;
        assert!(!polled, "nothing was fetched");
    });
    drop(gate);
    numbers_are(&world.take(&mut worker, 5, usize::MAX), 1);
    worker.seek(3).unwrap();
    numbers_are(&world.take(&mut worker, 3, usize::MAX), 3);
}

#[test]
fn where_nothing_can_be_left_outside_the_spool_keeps_it_in_its_order() {
    let line = Line::open();
    let world = World::open(&line.broker.address());
    let spool = forward(&world.kafka, line.dir.path(), 64 << 20);
    assert!(spool.drained(PATIENCE));
    spool.append(TOPIC, &entries((0..4).map(number))).unwrap();
    world.move_away();
    spool.append(TOPIC, &entries((4..8).map(number))).unwrap();
    spool.append(TOPIC, &entries((8..9).map(number))).unwrap();
    let sums = spool.sums();
    assert!(sums.spooled >= 5 && sums.direct + sums.spooled == 9, "{sums:?}");
    world.move_back();
    assert!(spool.drained(PATIENCE), "the spool is not drained");
    spool.append(TOPIC, &entries((9..12).map(number))).unwrap();
    closed(&spool, 12);
    let records = world.kafka.read(TOPIC, START, 100, usize::MAX).unwrap();
    assert_eq!(records.len(), 12);
    numbers_are(&records, 0);
}
