//! Invariant 3: offered = accepted + shed, accepted = journaled + lost, whatever happens.

use crate::support::{Setup, Sums, System, parted, sums};
use exchange::{Exchange, Meter};
use journal::Limits;
use mirror::TOPIC;
use proxy::QueueLimits;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    num::NonZeroUsize,
};

const CHAT: &str = "/p/v1/chat/completions";
const GROUP: &str = "worker";

fn post(system: &System, calls: usize, more: &str) {
    let mut client = system.client();
    for _ in 0..calls {
        client.post(CHAT, more, &[b'x'; 1_000]);
    }
}

fn counts(reason: &str, count: u64) -> BTreeMap<String, u64> {
    BTreeMap::from([(reason.to_owned(), count)])
}

/// Every exchange that was accepted is in the journal or counted as lost; returns the sums.
fn check_closes(system: &System) -> Sums {
    let sums = sums(&system.meters());
    let journaled = system.exchanges().len() as u64;
    assert_eq!(sums.accepted, journaled + sums.lost.values().sum::<u64>(), "{sums:?}");
    sums
}

#[test]
fn invariant_3_books_close() {
    let mut system = System::start(Setup::default());
    post(&system, 3, "");
    system.flush();
    system.clock.advance_second();
    post(&system, 4, "x-foreshadow-category: summarize\r\n");
    system.clock.advance_second();
    post(&system, 5, "x-foreshadow-category: classify\r\n");
    system.settle();
    let all = check_closes(&system);
    assert_eq!((all.offered, all.accepted), (12, 12));
    let of = |category: Option<&str>| {
        let meters: Vec<Meter> = system.meters();
        let mine = meters.iter().filter(|meter| meter.category.as_deref() == category);
        mine.map(|meter| meter.offered).sum::<u64>()
    };
    assert_eq!((of(None), of(Some("summarize")), of(Some("classify"))), (3, 4, 5));
    let mut said = BTreeSet::new();
    for meter in system.meters() {
        assert!(said.insert((meter.at, meter.category.clone())), "{meter:?} is like another");
    }
}

#[test]
fn a_second_closes_by_itself() {
    let system = System::start(Setup::default());
    let subscription = system.journal.end(TOPIC).unwrap();
    assert_eq!(subscription, 0);
    post(&system, 2, "");
    system.clock.advance_second();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Two exchanges and the meter of their second come without anybody's order.
    let waited = system.journal.wait(TOPIC, 2);
    let end =
        runtime.block_on(async { tokio::time::timeout(crate::support::PATIENCE, waited).await });
    assert!(end.unwrap().unwrap() >= 3);
    assert!(!system.meters().is_empty());
}

#[test]
fn a_full_queue_sheds_and_the_books_close() {
    let queue = QueueLimits { exchanges_max: NonZeroUsize::new(2).unwrap(), categories_max: 4 };
    let mut system = System::without_thread(Setup { queue, ..Setup::default() });
    post(&system, 9, "");
    system.start_thread();
    system.settle();
    let sums = check_closes(&system);
    assert_eq!((sums.offered, sums.accepted), (9, 2));
    assert_eq!(sums.shed, counts("queue_full", 7));
    let seqs: Vec<_> = system.exchanges().iter().map(|e| e.origin.offer_seq).collect();
    assert_eq!(seqs, [0, 1], "what is shed takes no number");
}

#[test]
fn captures_without_memory_are_shed_and_the_books_close() {
    let mut system = System::start(Setup { capture_total_bytes_max: 100, ..Setup::default() });
    post(&system, 5, "");
    system.settle();
    let sums = check_closes(&system);
    assert_eq!((sums.offered, sums.accepted, sums.shed), (5, 0, counts("memory", 5)));
}

#[test]
fn a_full_journal_loses_what_comes_and_says_so_when_it_has_room_again() {
    let journal = Limits { records_max: Some(4), ..Limits::bytes(1 << 20) };
    let mut system = System::without_thread(Setup { journal, ..Setup::default() });
    system.journal.subscribe(TOPIC, GROUP).unwrap();
    system.start_thread();
    post(&system, 4, "");
    system.flush();
    // The books have no room either.
    post(&system, 6, "");
    system.flush();
    let mut events = system.events_from(0);
    let end = system.journal.end(TOPIC).unwrap();
    system.journal.commit(TOPIC, GROUP, end).unwrap();
    system.settle();
    events.extend(system.events_from(end));
    let (exchanges, meters) = parted(events);
    let sums = sums(&meters);
    assert_eq!((sums.offered, sums.accepted), (10, 10));
    assert_eq!(sums.lost, counts("full", 10 - exchanges.len() as u64));
    assert!((3..=4).contains(&exchanges.len()), "{}", exchanges.len());
}

#[test]
fn a_failing_disk_loses_what_comes_and_says_so_when_it_is_mended() {
    // A group fills a segment, and a folder that is gone takes no new one.
    let journal = Limits::bytes(40_000);
    let mut system = System::start(Setup { journal, ..Setup::default() });
    post(&system, 1, "");
    system.flush();
    let (topic, away) = (system.dir.path().join(TOPIC), system.dir.path().join("away"));
    fs::rename(&topic, &away).unwrap();
    for _ in 0..3 {
        post(&system, 2, "");
        system.flush();
        system.clock.advance_second();
    }
    fs::rename(&away, &topic).unwrap();
    post(&system, 1, "");
    system.settle();
    let sums = check_closes(&system);
    assert_eq!((sums.offered, sums.accepted), (8, 8));
    // The segment that was open took one group more.
    assert!(sums.lost["disk"] >= 4 && sums.lost.len() == 1, "{sums:?}");
    let seqs: Vec<_> = system.exchanges().iter().map(|e| e.origin.offer_seq).collect();
    assert!(
        seqs[0] == 0 && seqs.ends_with(&[7]) && seqs.len() < 8,
        "what is lost is a gap: {seqs:?}"
    );
}

#[test]
fn an_exchange_too_long_for_the_journal_takes_no_other_with_it() {
    let journal = Limits::bytes(9 << 20);
    let mut system = System::without_thread(Setup { journal, ..Setup::default() });
    let mut client = system.client();
    for length in [10, 5 << 20, 10] {
        client.post(CHAT, "", &vec![b'x'; length]);
    }
    system.start_thread();
    system.settle();
    let sums = check_closes(&system);
    assert_eq!((sums.accepted, sums.lost), (3, counts("too_long", 1)));
    let seqs: Vec<_> = system.exchanges().iter().map(|e| e.origin.offer_seq).collect();
    assert_eq!(seqs, [0, 2]);
}

#[test]
fn a_redaction_that_panics_loses_its_exchange_and_nothing_else() {
    let redact = |exchange: &mut Exchange| {
        let body = exchange.call.body.inline().unwrap();
        assert!(body != "trip", "as the test wants it");
        false
    };
    let mut system = System::start(Setup { redact: Box::new(redact), ..Setup::default() });
    let mut client = system.client();
    for body in ["a", "trip", "b", "trip", "c"] {
        client.post(CHAT, "", body.as_bytes());
    }
    system.settle();
    let sums = check_closes(&system);
    assert_eq!((sums.accepted, sums.lost), (5, counts("panicked", 2)));
    let seqs: Vec<_> = system.exchanges().iter().map(|e| e.origin.offer_seq).collect();
    assert_eq!(seqs, [0, 2, 4]);
}

#[test]
fn meters_that_a_journal_does_not_take_are_bounded_and_still_close() {
    let journal = Limits { records_max: Some(1_500), ..Limits::bytes(64 << 20) };
    let mut system = System::without_thread(Setup { journal, ..Setup::default() });
    system.journal.subscribe(TOPIC, GROUP).unwrap();
    let end = system.journal.append(TOPIC, &vec!["of somebody else"; 1_500]).unwrap().end;
    system.start_thread();
    for n in 0..700 {
        post(&system, 1, &format!("x-foreshadow-category: c{}\r\n", n % 7));
        system.clock.advance_second();
        system.flush();
    }
    system.journal.commit(TOPIC, GROUP, end).unwrap();
    system.settle();
    let (exchanges, meters) = parted(system.events_from(end));
    let sums = sums(&meters);
    assert_eq!((sums.offered, sums.accepted), (700, 700));
    assert_eq!(sums.lost.values().sum::<u64>() + exchanges.len() as u64, 700);
    assert!(meters.len() < 1_000, "{} meters for 1,400 seconds and categories", meters.len());
}
