//! Appending and reading: order, density, limits, reopening.

use crate::{ALL, TOPIC, check_records, open, payload, payloads, segments};
use journal::{Error, Journal, Limits, RECORD_BYTES_MAX};

#[test]
fn offsets_are_dense_and_records_come_back_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    assert_eq!(journal.append(TOPIC, &payloads(0..3, 100)).unwrap(), 0..3);
    assert_eq!(journal.append(TOPIC, &payloads(3..4, 100)).unwrap(), 3..4);
    assert_eq!(journal.append(TOPIC, &payloads(4..300, 100)).unwrap(), 4..300);
    check_records(&journal, 0..300, 100);
}

#[test]
fn nothing_appended_takes_no_offset() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    journal.append(TOPIC, &["one"]).unwrap();
    assert_eq!(journal.append(TOPIC, &[] as &[&str]).unwrap(), 1..1);
    assert_eq!(journal.append(TOPIC, &[""]).unwrap(), 1..2);
    assert_eq!(journal.read(TOPIC, 1, ALL, ALL).unwrap()[0].payload, "");
}

#[test]
fn topics_count_for_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    journal.append(TOPIC, &["a", "b"]).unwrap();
    assert_eq!(journal.append("ledger", &["spend"]).unwrap(), 0..1);
    assert_eq!(journal.end(TOPIC).unwrap(), 2);
    assert_eq!(journal.read("ledger", 0, ALL, ALL).unwrap().len(), 1);
}

#[test]
fn everything_is_there_after_reopening_and_the_count_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..4 {
        let journal = open(dir.path());
        assert_eq!(journal.end(TOPIC).unwrap(), round * 10);
        journal.append(TOPIC, &payloads(round * 10..round * 10 + 10, 50)).unwrap();
        check_records(&journal, 0..round * 10 + 10, 50);
    }
}

#[test]
fn a_read_keeps_to_its_limits_but_always_gives_one_record() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    journal.append(TOPIC, &payloads(0..20, 100)).unwrap();
    let check = |from, records_max, bytes_max, expected: std::ops::Range<u64>| {
        let records = journal.read(TOPIC, from, records_max, bytes_max).unwrap();
        let offsets: Vec<_> = records.iter().map(|record| record.offset).collect();
        assert_eq!(offsets, expected.collect::<Vec<_>>(), "{from} {records_max} {bytes_max}");
    };
    check(0, 5, ALL, 0..5);
    check(7, 5, ALL, 7..12);
    check(0, ALL, 399, 0..3);
    check(0, ALL, 400, 0..4);
    check(19, ALL, 1, 19..20);
    check(20, ALL, ALL, 20..20);
    check(3, 0, ALL, 3..3);
}

#[test]
fn a_read_goes_on_from_segment_to_segment() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), Limits::bytes(64 << 10)).unwrap();
    for n in 0..30 {
        journal.append(TOPIC, &[payload(n, 1500)]).unwrap();
    }
    assert!(segments(dir.path()).len() > 5, "segments of a sixteenth of the limit");
    check_records(&journal, 0..30, 1500);
    drop(journal);
    check_records(&open(dir.path()), 0..30, 1500);
}

#[test]
fn long_and_short_records_share_a_group() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let records = [payload(0, 5 << 20), payload(1, 1), payload(2, 300 << 10), payload(3, 0)];
    journal.append(TOPIC, &records).unwrap();
    drop(journal);
    let read = open(dir.path()).read(TOPIC, 0, ALL, ALL).unwrap();
    assert!(read.iter().map(|record| &record.payload[..]).eq(records.iter().map(|r| &r[..])));
}

#[test]
fn what_can_never_be_kept_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let too_long = vec![0; RECORD_BYTES_MAX + 1];
    let refused = journal.append(TOPIC, &["kept back".as_bytes(), &too_long]);
    assert!(matches!(refused, Err(Error::TooLong { .. })));
    let small = tempfile::tempdir().unwrap();
    let small = Journal::open(small.path(), Limits::bytes(1000)).unwrap();
    assert!(matches!(small.append(TOPIC, &[[0; 1000]]), Err(Error::TooLong { .. })));
    for journal in [journal, small] {
        assert_eq!(journal.end(TOPIC).unwrap(), 0);
        assert_eq!(journal.append(TOPIC, &["goes on"]).unwrap(), 0..1);
    }
}

#[test]
fn a_second_opener_is_told_who_has_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let second = journal.clone();
    drop(journal);
    let refused = Journal::open(dir.path(), Limits::bytes(1 << 20)).err().unwrap();
    assert!(matches!(refused, Error::Locked { .. }));
    let message = refused.to_string();
    assert!(message.contains(&std::process::id().to_string()), "{message}");
    assert!(message.contains("stop that process"), "{message}");
    drop(second);
    open(dir.path());
}

#[test]
fn names_that_are_no_file_names_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    for name in ["", "..", "a/b", "Upper", "ümlaut", &"x".repeat(65)] {
        assert!(matches!(journal.append(name, &["x"]), Err(Error::Name { .. })), "{name}");
        assert!(matches!(journal.subscribe(TOPIC, name), Err(Error::Name { .. })), "{name}");
        assert!(matches!(journal.commit(TOPIC, name, 0), Err(Error::Name { .. })), "{name}");
    }
}

#[test]
fn concurrent_appends_share_no_offset_and_lose_no_record() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    std::thread::scope(|scope| {
        for writer in 0..8u64 {
            let journal = &journal;
            scope.spawn(move || {
                for n in 0..20 {
                    let group = [payload(writer, 64), payload(n, 64)];
                    let offsets = journal.append(TOPIC, &group).unwrap();
                    let records = journal.read(TOPIC, offsets.start, 2, ALL).unwrap();
                    assert_eq!(records[0].payload, group[0]);
                    assert_eq!(records[1].payload, group[1]);
                }
            });
        }
    });
    let records = journal.read(TOPIC, 0, ALL, ALL).unwrap();
    assert!(records.iter().map(|record| record.offset).eq(0..320));
}
