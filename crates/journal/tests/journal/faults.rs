//! Faults around a real broker: a network that is cut, disks that are full or gone, records that are no
//! events.

use crate::{
    ALL, GROUP, TOPIC,
    broker::address,
    forward::{Line, append, asked, closed, forward, say},
    place::{PATIENCE, entries, settings},
};
use bytes::Bytes;
use exchange::{Event, Meter, Timestamp};
use journal::{
    Append, Change, Error, Forward, Log, Position, Record, Subscription,
    dead::{self, DEAD_TOPIC, DeadLetter},
    kafka::Kafka,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};
use testkit::broker::Broker;
use tokio::{runtime::Runtime, time::Instant};

const SEED: u64 = 20_261_128;
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// What the small disk under a spool holds.
const DISK_BYTES: u64 = 512 << 10;
const EVENTS: u64 = 2_000;
/// Of so many events one is corrupted.
const ONE_IN: u64 = 100;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn drained(forward: &Forward) {
    assert!(forward.drained(PATIENCE), "the spool is not drained");
}

/// `FORESHADOW_FROZEN_S` asks for a cut that is longer than connections live.
#[test]
fn what_was_under_way_when_the_network_was_cut_is_there_once_when_it_is_mended() {
    let cut = Duration::from_secs(asked("FORESHADOW_FROZEN_S", 0));
    let line = Line::over(Broker::relayed);
    let forward = line.forward(64 << 20);
    drained(&forward);
    append(&forward, 0..50).unwrap();
    let mut appended = 50;
    // Twice, the second time in the middle of what the first one left.
    for _ in 0..2 {
        line.broker.relay().cut();
        let (began, before) = (Instant::now(), appended);
        while appended < before + 150 || began.elapsed() < cut {
            append(&forward, appended..appended + 10).unwrap();
            appended += 10;
            thread::park_timeout(LOOK_EVERY);
        }
        line.broker.relay().mend();
    }
    drained(&forward);
    append(&forward, appended..appended + 10).unwrap();
    let sums = closed(&forward, appended + 10);
    line.check(0..appended + 10);
    assert!(sums.spooled >= 290 && sums.shed == 0, "{sums:?}");
    say(&format!("cut twice for {cut:?}: {} records, each once: {sums:?}", appended + 10));
}

#[test]
fn a_broker_that_lost_its_disk_gets_all_that_it_had_not_acknowledged_and_readers_are_told() {
    let mut line = Line::open();
    let forward = line.forward(64 << 20);
    drained(&forward);
    append(&forward, 0..50).unwrap();
    drained(&forward);
    let runtime = runtime();
    let mut member = line.kafka.join(TOPIC, GROUP).unwrap();
    let mut reader = runtime.block_on(given(&mut member));
    while reader.position() < 50 {
        runtime.block_on(patient(reader.next(ALL, ALL))).unwrap();
    }
    runtime.block_on(patient(reader.commit(50))).unwrap();

    line.broker.kill().unwrap();
    (50..150).step_by(10).for_each(|n| append(&forward, n..n + 10).unwrap());
    line.broker.restart_without_disk().unwrap();
    drained(&forward);
    append(&forward, 150..160).unwrap();
    let sums = closed(&forward, 160);
    assert_eq!((sums.shed, sums.refused), (0, 0), "{sums:?}");
    // What it had acknowledged went with its disk; the rest has its offsets.
    line.check(50..160);

    // Nobody takes new records for those that come after the old ones.
    let told = runtime.block_on(patient(reader.next(ALL, ALL)));
    assert!(matches!(told, Err(Error::Taken { .. } | Error::BeyondEnd { .. })), "{told:?}");
    drop((reader, member));
    let mut member = line.kafka.join(TOPIC, GROUP).unwrap();
    let anew = runtime.block_on(given(&mut member));
    assert_eq!(anew.position(), 0, "where the group stood went with the disk too");
}

async fn patient<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("waited in vain")
}

async fn given(member: &mut journal::Membership) -> Subscription {
    loop {
        if let Change::Given(subscription) = patient(member.changed()).await.unwrap() {
            return subscription;
        }
    }
}

/// A file system of its own, which is soon full.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this process may not mount one.
    fn mount(at: &Path) -> Option<Self> {
        let size = format!("size={DISK_BYTES}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(at)
            .output()
            .is_ok_and(|done| done.status.success());
        mounted.then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_spool_whose_disk_is_full_refuses_and_counts_and_goes_on_when_there_is_room() {
    let line = Line::open();
    let Some(disk) = SmallDisk::mount(line.dir.path()) else {
        return say("not run: it takes the right to mount a file system");
    };
    // Far more than there is room for: the disk ends it, and no limit of ours.
    let forward = forward(&line.kafka, &disk.0, 64 << 20);
    drained(&forward);
    line.broker.freeze().unwrap();
    let (mut taken, mut shed) = (0, 0);
    while shed < 50 {
        match append(&forward, taken..taken + 10) {
            Ok(()) => taken += 10,
            Err(Error::Disk { .. }) => shed += 10,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(taken > 500, "{taken} records of 256 bytes on {DISK_BYTES} bytes");
    line.broker.thaw().unwrap();
    drained(&forward);
    append(&forward, taken..taken + 10).unwrap();
    assert_eq!(closed(&forward, taken + 10 + shed).shed, shed);
    line.check(0..taken + 10);
    say(&format!("a full disk under the spool: {taken} records kept, {shed} shed and counted"));
    drop(forward);
}

/// One in a hundred is cut short, begins with rubbish, or has one byte changed.
fn corrupted(n: u64, event: &[u8]) -> Vec<u8> {
    let mut bytes = event.to_vec();
    match n / ONE_IN % 3 {
        0 => bytes.truncate(bytes.len() / 2),
        1 => bytes.insert(0, 0xff),
        _ => bytes[0] ^= 0x55,
    }
    bytes
}

fn event(n: u64) -> Vec<u8> {
    let meter = Meter {
        proxy_instance: "proxy".to_owned(),
        at: Timestamp(i64::try_from(n).unwrap() * exchange::SECOND_US),
        category: None,
        offered: n,
        accepted: n,
        shed: BTreeMap::new(),
        lost: BTreeMap::new(),
    };
    Event::Meter(meter).to_bytes().unwrap().to_vec()
}

#[test]
fn one_corrupted_event_in_a_hundred_is_buried_as_it_was_and_the_others_are_read() {
    let (runtime, kafka) = (runtime(), Kafka::open(settings(&address())).unwrap());
    runtime.block_on(kafka.prepare(TOPIC)).unwrap();
    runtime.block_on(kafka.prepare(DEAD_TOPIC)).unwrap();
    let is_corrupted = |n: &u64| n % ONE_IN == SEED % ONE_IN;
    let written: Vec<Vec<u8>> = (0..EVENTS)
        .map(|n| if is_corrupted(&n) { corrupted(n, &event(n)) } else { event(n) })
        .collect();
    Append::append(&kafka, TOPIC, &entries(&written)).unwrap();

    let mut member = kafka.join(TOPIC, GROUP).unwrap();
    let mut reader = runtime.block_on(given(&mut member));
    let mut read = BTreeSet::new();
    while reader.position() < EVENTS {
        let records = runtime.block_on(patient(reader.next(ALL, ALL))).unwrap();
        let mut letters = Vec::new();
        for Record { offset, payload } in records {
            match Event::from_bytes(payload.clone()) {
                Ok(Event::Meter(meter)) => assert!(read.insert(meter.offered), "twice"),
                Ok(other) => panic!("{other:?}"),
                Err(error) => letters.push(letter(offset, error.to_string(), payload)),
            }
        }
        dead::bury(&kafka, &letters).unwrap();
    }
    runtime.block_on(patient(reader.commit(EVENTS))).unwrap();
    let (wrong, right): (BTreeSet<u64>, BTreeSet<u64>) = (0..EVENTS).partition(is_corrupted);
    assert_eq!(read, right);

    let mut buried = BTreeSet::new();
    let end = kafka.kept(DEAD_TOPIC, 0).unwrap().end;
    let mut from = Position { partition: 0, offset: 0 };
    while from.offset < end {
        for found in dead::list(&kafka, from, 64).unwrap() {
            let letter = found.letter.expect("a letter");
            assert_eq!(letter.payload, written[letter.origin.offset as usize]);
            assert!(!letter.reason.is_empty() && letter.topic == TOPIC);
            assert!(buried.insert(letter.origin.offset), "buried twice");
            from.offset = found.at.offset + 1;
        }
    }
    assert_eq!(buried, wrong);
    say(&format!("{EVENTS} events: {} read, {} buried", read.len(), buried.len()));
}

fn letter(offset: u64, reason: String, payload: Bytes) -> DeadLetter {
    let origin = Position { partition: 0, offset };
    DeadLetter { topic: TOPIC.to_owned(), origin, reason, payload }
}
