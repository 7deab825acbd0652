//! Groups, waking, trimming and being full.

use crate::{ALL, GROUP, TOPIC, check_records, open, payload, payloads, segments};
use journal::{Error, GROUPS_MAX, Journal, Limits};
use std::time::Duration;

const SMALL: Limits = Limits { bytes_max: 64 << 10, records_max: None, consumed_bytes_max: 0 };

fn small(dir: &std::path::Path) -> Journal {
    Journal::open(dir, SMALL).unwrap()
}

/// Appends records of 1000 bytes one by one until the journal refuses; returns how many it took.
fn fill(journal: &Journal) -> u64 {
    let begun = journal.end(TOPIC).unwrap();
    loop {
        let n = journal.end(TOPIC).unwrap();
        match journal.append(TOPIC, &[payload(n, 1000)]) {
            Ok(_) => assert!(journal.bytes(TOPIC).unwrap() <= SMALL.bytes_max),
            Err(Error::Full { .. }) => return n - begun,
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_position_may_go_back_but_not_past_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    journal.append(TOPIC, &payloads(0..10, 10)).unwrap();
    journal.commit(TOPIC, GROUP, 10).unwrap();
    journal.commit(TOPIC, GROUP, 3).unwrap();
    let refused = journal.commit(TOPIC, GROUP, 11);
    assert!(matches!(refused, Err(Error::BeyondEnd { asked: 11, end: 10, .. })));
    assert!(journal.subscribe(TOPIC, GROUP).unwrap().seek(11).is_err());
    drop(journal);
    assert_eq!(open(dir.path()).committed(TOPIC, GROUP).unwrap(), 3);
}

#[tokio::test]
async fn an_append_wakes_who_waits() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let mut worker = journal.subscribe(TOPIC, GROUP).unwrap();
    let mut next = std::pin::pin!(worker.next(ALL, ALL));
    let early = tokio::time::timeout(Duration::from_millis(20), &mut next).await;
    assert!(early.is_err(), "there is nothing to read yet");
    let appender = journal.clone();
    let appended = tokio::task::spawn_blocking(move || appender.append(TOPIC, &["woken"]));
    let records = tokio::time::timeout(Duration::from_secs(30), next).await.unwrap().unwrap();
    assert_eq!(records[0].payload, "woken");
    assert_eq!(appended.await.unwrap().unwrap(), 0..1);
    assert_eq!(journal.wait(TOPIC, 0).await.unwrap(), 1);
}

#[test]
fn unconsumed_records_are_never_trimmed_and_the_journal_says_full() {
    let dir = tempfile::tempdir().unwrap();
    let journal = small(dir.path());
    let taken = fill(&journal);
    assert!(taken > 50, "{taken} records of 1000 bytes in 64 KiB");
    check_records(&journal, 0..taken, 1000);
    let unread = journal.append(TOPIC, &[payload(0, 1000)]).unwrap_err().to_string();
    assert!(unread.contains("none has subscribed"), "{unread}");
    journal.commit(TOPIC, "slow", 0).unwrap();
    journal.commit(TOPIC, "fast", taken).unwrap();
    let held = journal.append(TOPIC, &[payload(0, 1000)]).unwrap_err().to_string();
    assert!(held.contains("slow at offset 0"), "{held}");
    check_records(&journal, 0..taken, 1000);
}

#[test]
fn consumed_records_make_room() {
    let dir = tempfile::tempdir().unwrap();
    let journal = small(dir.path());
    let taken = fill(&journal);
    journal.commit(TOPIC, "slow", taken / 2).unwrap();
    journal.commit(TOPIC, "fast", taken).unwrap();
    let start = journal.start(TOPIC).unwrap();
    assert!((taken / 2 - 6..=taken / 2).contains(&start), "trimmed to {start} of {}", taken / 2);
    let more = fill(&journal);
    assert!(more + 8 > taken / 2, "{more} more");
    check_records(&journal, journal.start(TOPIC).unwrap()..taken + more, 1000);
    assert!(matches!(journal.read(TOPIC, 0, 1, ALL), Err(Error::Trimmed { .. })));
}

#[test]
fn a_forgotten_group_holds_nothing_back() {
    let dir = tempfile::tempdir().unwrap();
    let journal = small(dir.path());
    journal.commit(TOPIC, "gone", 0).unwrap();
    let taken = fill(&journal);
    journal.commit(TOPIC, GROUP, taken).unwrap();
    assert!(matches!(journal.append(TOPIC, &[[0; 1000]]), Err(Error::Full { .. })));
    journal.forget(TOPIC, "gone").unwrap();
    journal.append(TOPIC, &[[0; 1000]]).unwrap();
    drop(journal);
    let journal = small(dir.path());
    journal.commit(TOPIC, GROUP, taken + 1).unwrap();
    assert!(fill(&journal) > 50);
}

#[test]
fn the_offset_never_goes_back_even_after_everything_was_trimmed() {
    let dir = tempfile::tempdir().unwrap();
    let mut next = 0;
    for _ in 0..5 {
        let journal = small(dir.path());
        assert_eq!(journal.end(TOPIC).unwrap(), next);
        next += fill(&journal);
        journal.commit(TOPIC, GROUP, next).unwrap();
        // As long as a topic may be, so that nothing but these records is kept.
        let last = payload(next, 65_500);
        assert_eq!(journal.append(TOPIC, &[&last]).unwrap(), next..next + 1);
        assert_eq!(journal.start(TOPIC).unwrap(), next);
        next += 1;
        journal.commit(TOPIC, GROUP, next).unwrap();
    }
    assert_eq!(segments(dir.path()).len(), 1);
}

#[test]
fn retention_keeps_consumed_records_while_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { consumed_bytes_max: 20_000, ..SMALL };
    let journal = Journal::open(dir.path(), limits).unwrap();
    let taken = fill(&journal);
    journal.commit(TOPIC, GROUP, taken).unwrap();
    let kept = taken - journal.start(TOPIC).unwrap();
    assert!((15..=25).contains(&kept), "{kept} records of 1000 bytes");
    fill(&journal);
    assert!(journal.start(TOPIC).unwrap() >= taken - 5, "room goes before retention");
}

#[test]
fn records_are_limited_in_number_too() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { records_max: Some(5), ..Limits::bytes(1 << 20) };
    let journal = Journal::open(dir.path(), limits).unwrap();
    journal.append(TOPIC, &payloads(0..5, 1)).unwrap();
    assert!(matches!(journal.append(TOPIC, &["x"]), Err(Error::Full { records: 5, .. })));
    journal.commit(TOPIC, GROUP, 5).unwrap();
    journal.append(TOPIC, &payloads(5..10, 1)).unwrap();
    check_records(&journal, 5..10, 1);
}

#[test]
fn a_topic_has_only_so_many_groups() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    for group in 0..GROUPS_MAX {
        journal.commit(TOPIC, &format!("g{group}"), 0).unwrap();
    }
    assert!(matches!(journal.commit(TOPIC, "more", 0), Err(Error::TooMany { .. })));
    journal.forget(TOPIC, "g0").unwrap();
    journal.commit(TOPIC, "more", 0).unwrap();
}
