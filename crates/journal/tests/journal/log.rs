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
