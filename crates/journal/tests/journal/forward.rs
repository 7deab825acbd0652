//! Store and forward, against a broker that is away, stands still, or is killed.

use crate::{
    TOPIC, broker,
    metrics::{count, counted},
    place::{PATIENCE, entries, offsets_are, read, settings},
};
use journal::{
    Append, Error, Forward, ForwardSettings, Limits,
    forward::{Fact, Passage, Sums, Way},
    kafka::Kafka,
};
use proptest::prelude::{Just, Strategy, prop, prop_assert, prop_assert_eq, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use std::{
    io::Write,
    ops::Range,
    path::Path,
    sync::{
        MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use testkit::broker::Broker;
use tokio::time::Instant;

const CASES: u32 = 512;
const KILLS_USUAL: u64 = 2;
const SEED: u64 = 20_261_127;
/// Load beyond this waits, so that a slow machine is not asked for ever more.
const BEHIND_MAX: u64 = 5_000;
const LOOK_EVERY: Duration = Duration::from_millis(2);

#[derive(Clone, Copy, Debug)]
enum Op {
    Prepare,
    /// So many are appended, of which so many the brokers acknowledge and so many they refuse, where
    /// they go directly; the rest goes to the spool, or finds no room.
    Append {
        records: u64,
        acknowledged: u64,
        refused: u64,
        is_full: bool,
    },
    /// So many of what waits is forwarded.
    Forward(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let append = (1..20u64, 0..20u64, 0..3u64, prop::bool::weighted(0.2));
    prop_oneof![
        1 => Just(Op::Prepare),
        6 => append.prop_map(|(records, acknowledged, refused, is_full)| {
            Op::Append { records, acknowledged, refused, is_full }
        }),
        4 => (0..30u64).prop_map(Op::Forward),
    ]
}

#[test]
fn no_record_passes_an_older_one_and_the_sums_close() {
    let config = Config { failure_persistence: None, ..Config::with_cases(CASES) };
    let ops = (0..5u64, 0..5u64, prop::collection::vec(op(), 1..40));
    TestRunner::new(config)
        .run(&ops, |(next, found, ops)| {
            let mut passage = Passage::new(next, next + found);
            let (mut end, mut appended, mut forwarded) = (next + found, 0, next);
            for op in ops {
                match op {
                    Op::Prepare => passage.learn(Fact::Prepared),
                    Op::Append { records, acknowledged, refused, is_full } => {
                        appended += records;
                        let mut rest = records;
                        if passage.way() == Way::Direct {
                            prop_assert_eq!(forwarded, end, "an older record waits");
                            let acknowledged = acknowledged.min(rest);
                            let refused = refused.min(rest - acknowledged);
                            passage.learn(Fact::Acknowledged(acknowledged));
                            passage.learn(Fact::Refused(refused));
                            rest -= acknowledged + refused;
                        }
                        if is_full {
                            passage.learn(Fact::Shed(rest));
                        } else {
                            end += rest;
                            passage.learn(Fact::Spooled { records: rest, end });
                        }
                    }
                    Op::Forward(records) => {
                        if let Some(from) = passage.waiting() {
                            prop_assert_eq!(from, forwarded);
                            forwarded = end.min(from + records);
                            passage.learn(Fact::Forwarded { next: forwarded, refused: 0 });
                        }
                    }
                }
                let sums = passage.sums();
                prop_assert_eq!(passage.behind(), end - forwarded);
                prop_assert_eq!(sums.found, found);
                prop_assert_eq!(appended, sums.direct + sums.spooled + sums.shed + sums.refused);
                prop_assert_eq!(found + sums.spooled, sums.forwarded + passage.behind());
                prop_assert!(passage.is_prepared() || passage.way() == Way::Spool);
            }
            Ok(())
        })
        .unwrap();
}

/// A broker that nobody else uses meanwhile, and the way to it.
pub(crate) struct Line {
    pub(crate) broker: MutexGuard<'static, Broker>,
    pub(crate) kafka: Kafka,
    pub(crate) dir: tempfile::TempDir,
}

impl Line {
    pub(crate) fn open() -> Self {
        Self::over(Broker::address)
    }

    /// By one of the broker's doors.
    pub(crate) fn over(address: impl Fn(&Broker) -> String) -> Self {
        let broker = broker::faulty();
        let kafka = Kafka::open(settings(&address(&broker))).unwrap();
        Self { broker, kafka, dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn forward(&self, spool_bytes: u64) -> Forward {
        forward(&self.kafka, self.dir.path(), spool_bytes)
    }

    /// The broker has the records `range`, each once, in their order.
    #[track_caller]
    pub(crate) fn check(&self, range: Range<u64>) {
        let records = read(&self.kafka, TOPIC, 0);
        offsets_are(&records, 0..range.end - range.start);
        for (record, n) in records.iter().zip(range) {
            assert_eq!(record.payload, number(n), "record {}", record.offset);
        }
    }
}

pub(crate) fn forward(kafka: &Kafka, dir: &Path, spool_bytes: u64) -> Forward {
    let settings = ForwardSettings {
        topics: vec![TOPIC.to_owned()],
        spool: Limits::bytes(spool_bytes),
        patience: Duration::from_millis(500),
    };
    Forward::open(kafka.clone(), dir, settings).unwrap()
}

pub(crate) fn number(n: u64) -> Vec<u8> {
    n.to_le_bytes().repeat(32)
}

pub(crate) fn append(forward: &Forward, range: Range<u64>) -> Result<(), Error> {
    forward.append(TOPIC, &entries(range.map(number)))
}

/// Of all that was appended since it was opened it is known what has become, and nothing waits.
#[track_caller]
pub(crate) fn closed(forward: &Forward, appended: u64) -> Sums {
    assert!(forward.drained(PATIENCE), "the spool is not drained");
    let sums = forward.sums();
    assert_eq!(
        sums.direct + sums.spooled + sums.shed + sums.held + sums.refused,
        appended,
        "{sums:?}"
    );
    assert_eq!(sums.found + sums.spooled, sums.forwarded, "{sums:?}");
    sums
}

#[test]
fn what_is_appended_while_the_broker_is_away_is_there_once_it_is_back() {
    let mut line = Line::open();
    line.broker.kill().unwrap();
    let forward = line.forward(64 << 20);
    for group in 0..10 {
        append(&forward, group * 10..group * 10 + 10).unwrap();
    }
    assert_eq!((forward.behind(), forward.sums().spooled), (100, 100));
    assert!(forward.spool_bytes() > 100 * 256);
    // Whoever dies with a spool finds it again.
    drop(forward);
    let forward = line.forward(64 << 20);
    assert_eq!((forward.behind(), forward.sums().found), (100, 100));
    append(&forward, 100..110).unwrap();
    line.broker.restart().unwrap();
    assert!(forward.drained(PATIENCE), "the spool is not drained");
    append(&forward, 110..120).unwrap();
    let sums = closed(&forward, 20);
    line.check(0..120);
    assert_eq!((sums.found, sums.shed), (100, 0));
}

/// `FORESHADOW_FROZEN_S` asks for longer than every run has the time for: for longer than requests
/// live, so that they are made again.
#[test]
fn what_is_handed_over_to_a_broker_that_stands_still_is_there_once() {
    let frozen = Duration::from_secs(asked("FORESHADOW_FROZEN_S", 0));
    let line = Line::open();
    let forward = line.forward(64 << 20);
    assert!(forward.drained(PATIENCE), "the topic is not prepared");
    append(&forward, 0..50).unwrap();
    line.broker.freeze().unwrap();
    let began = Instant::now();
    // The first group waits, and is in the spool when it has waited; the others go there at once.
    let mut appended = 50;
    while appended < 200 || began.elapsed() < frozen {
        append(&forward, appended..appended + 10).unwrap();
        appended += 10;
        std::thread::park_timeout(LOOK_EVERY);
    }
    assert!(forward.behind() >= appended - 50, "{} wait", forward.behind());
    line.broker.thaw().unwrap();
    assert!(forward.drained(PATIENCE), "the spool is not drained");
    append(&forward, appended..appended + 10).unwrap();
    let sums = closed(&forward, appended + 10);
    line.check(0..appended + 10);
    assert!(sums.spooled >= appended - 50 && sums.shed == 0, "{sums:?}");
    say(&format!("frozen for {frozen:?}: {} records, each once: {sums:?}", appended + 10));
}

#[test]
fn what_finds_no_room_is_refused_and_counted_and_the_rest_goes_on() {
    let line = Line::open();
    let forward = line.forward(64 << 10);
    assert!(forward.drained(PATIENCE), "the topic is not prepared");
    line.broker.freeze().unwrap();
    let (mut taken, mut shed) = (0, 0);
    while shed < 30 {
        match append(&forward, taken..taken + 10) {
            Ok(()) => taken += 10,
            Err(Error::Full { .. }) => shed += 10,
            Err(other) => panic!("{other}"),
        }
        assert!(forward.spool_bytes() <= 64 << 10);
    }
    assert!(taken > 100, "{taken} records of 256 bytes in 64 KiB");
    line.broker.thaw().unwrap();
    assert!(forward.drained(PATIENCE), "the spool is not drained");
    append(&forward, taken..taken + 10).unwrap();
    assert_eq!(closed(&forward, taken + 10 + shed).shed, shed);
    line.check(0..taken + 10);
}

/// What became of records, as it is told to whoever scrapes this process.
fn told() -> Sums {
    let of =
        |outcome: &str| counted(&format!("foreshadow_spool_passed_total{{outcome=\"{outcome}\"}}"));
    Sums {
        found: of("found"),
        direct: of("direct"),
        spooled: of("spooled"),
        forwarded: of("forwarded"),
        shed: of("shed"),
        held: of("held"),
        refused: of("refused"),
    }
}

#[test]
fn what_becomes_of_records_and_what_waits_is_told() {
    count();
    // No other test forwards anything meanwhile.
    let line = Line::open();
    let before = told();
    let forward = line.forward(64 << 10);
    assert!(forward.drained(PATIENCE), "the topic is not prepared");
    append(&forward, 0..10).unwrap();
    line.broker.freeze().unwrap();
    while append(&forward, 10..20).is_ok() {}
    assert_eq!(counted("foreshadow_spool_records"), forward.behind());
    assert_eq!(counted("foreshadow_spool_bytes"), forward.spool_bytes());
    line.broker.thaw().unwrap();
    assert!(forward.drained(PATIENCE), "the spool is not drained");
    until(|| counted("foreshadow_spool_records") == 0);
    let (sums, now) = (forward.sums(), told());
    assert!(sums.forwarded > 0 && sums.shed == 10, "{sums:?}");
    let since = Sums {
        found: now.found - before.found,
        direct: now.direct - before.direct,
        spooled: now.spooled - before.spooled,
        forwarded: now.forwarded - before.forwarded,
        shed: now.shed - before.shed,
        held: now.held - before.held,
        refused: now.refused - before.refused,
    };
    assert_eq!(since, sums);
}

pub(crate) fn asked(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var_os(variable);
    text.map_or(otherwise, |text| text.to_str().unwrap().parse().unwrap())
}

pub(crate) fn say(what: &str) {
    writeln!(std::io::stdout(), "{what}").unwrap();
}

#[track_caller]
pub(crate) fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain");
        std::thread::park_timeout(LOOK_EVERY);
    }
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// `FORESHADOW_KILLS` asks for more of them than every run has the time for.
#[test]
fn a_broker_that_is_killed_under_load_costs_no_record_and_doubles_none() {
    let kills = asked("FORESHADOW_KILLS", KILLS_USUAL);
    let mut line = Line::open();
    let forward = line.forward(256 << 20);
    let (is_over, appended) = (AtomicBool::new(false), AtomicU64::new(0));
    let (mut up, mut direct_again) = (Duration::ZERO, Duration::ZERO);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let from = appended.load(Ordering::Relaxed);
                append(&forward, from..from + 20).unwrap();
                appended.store(from + 20, Ordering::Relaxed);
                std::thread::park_timeout(LOOK_EVERY);
                while forward.behind() > BEHIND_MAX && !is_over.load(Ordering::Relaxed) {
                    std::thread::park_timeout(LOOK_EVERY);
                }
            }
        });
        // However this ends, the load ends with it.
        let _over = Over(&is_over);
        let mut seed = SEED;
        for _ in 0..kills {
            // Records go directly again, though more come all the time.
            let (began, direct) = (Instant::now(), forward.sums().direct);
            until(|| forward.sums().direct > direct);
            direct_again += began.elapsed();
            // So many records more, and it is killed: at another point of the load each time.
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let count = appended.load(Ordering::Relaxed) + 20 + (seed >> 33) % 2_000;
            until(|| appended.load(Ordering::Relaxed) >= count);
            line.broker.kill().unwrap();
            let behind = forward.behind();
            until(|| forward.behind() >= behind + 100);
            let began = Instant::now();
            line.broker.restart().unwrap();
            up += began.elapsed();
        }
    });
    let appended = appended.into_inner();
    let sums = closed(&forward, appended);
    line.check(0..appended);
    say(&format!(
        "{kills} kills: {appended} records, each once and in order: {sums:?}; the broker took \
         {up:.1?} to come up, the records {direct_again:.1?} to go directly again"
    ));
}
