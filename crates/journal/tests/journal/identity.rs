//! Which journal it is, and what happens when a folder is lost or comes back from a copy.

use crate::{ALL, GROUP, TOPIC, check_records, open, payloads};
use journal::{Error, Journal, Limits};
use std::fs;

#[test]
fn a_journal_keeps_its_id_and_one_begun_anew_gets_another() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).id().to_owned();
    assert_eq!(open(dir.path()).id(), first);
    fs::remove_dir_all(dir.path()).unwrap();
    assert_ne!(open(dir.path()).id(), first);
}

#[test]
fn topics_without_the_id_of_their_journal_are_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).append(TOPIC, &payloads(0..3, 10)).unwrap();
    let id = dir.path().join("ID");
    let whole = fs::read(&id).unwrap();
    fs::write(&id, "").unwrap();
    let refused = Journal::open(dir.path(), Limits::bytes(64 << 20)).map(drop);
    assert!(matches!(refused, Err(Error::Identity { .. })), "{refused:?}");
    fs::remove_file(&id).unwrap();
    let refused = Journal::open(dir.path(), Limits::bytes(64 << 20)).map(drop);
    assert!(matches!(refused, Err(Error::Identity { .. })), "{refused:?}");
    fs::write(&id, whole).unwrap();
    check_records(&open(dir.path()), 0..3, 10);
}

#[tokio::test]
async fn offsets_that_were_skipped_are_never_given() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    journal.append(TOPIC, &payloads(0..3, 10)).unwrap();
    assert!(journal.skip(TOPIC, 10).unwrap());
    assert!(!journal.skip(TOPIC, 10).unwrap() && !journal.skip(TOPIC, 2).unwrap());
    drop(journal);

    let journal = open(dir.path());
    assert_eq!(journal.append(TOPIC, &payloads(10..12, 10)).unwrap(), 10..12);
    check_records(&journal, 10..12, 10);
    let mut worker = journal.subscribe(TOPIC, GROUP).unwrap();
    assert!(worker.next(ALL, ALL).await.unwrap().iter().map(|record| record.offset).eq(0..3));
    let gap = worker.next(ALL, ALL).await;
    assert!(matches!(gap, Err(Error::Damaged { from: 3, next: 10, .. })), "{gap:?}");
}

#[test]
fn a_topic_that_begins_by_a_skip_begins_there() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    assert!(journal.skip(TOPIC, 7).unwrap());
    assert_eq!(journal.append(TOPIC, &payloads(7..9, 10)).unwrap(), 7..9);
    drop(journal);
    assert_eq!(open(dir.path()).start(TOPIC).unwrap(), 7);
}
