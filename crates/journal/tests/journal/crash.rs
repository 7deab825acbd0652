//! What is acknowledged survives: kill -9, torn tails, flipped bytes, a full disk.

use crate::{ALL, GROUP, TOPIC, check_records, open, payload, payloads, segments};
use journal::{Error, Journal, Limits};
use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write},
    os::unix::fs::FileExt,
    path::Path,
    process::{Child, Command, Stdio},
};

const CHILD_DIR: &str = "JOURNAL_TEST_CHILD_DIR";
const KILLS: u64 = 24;
const RECORD_BYTES: usize = 700;
/// Small enough for rolling and trimming to happen between the kills.
const LIMITS: Limits =
    Limits { bytes_max: 1 << 20, records_max: None, consumed_bytes_max: 100_000 };

#[test]
fn kill_9_loses_nothing_acknowledged_and_tears_nothing() {
    if let Some(dir) = std::env::var_os(CHILD_DIR) {
        return append_until_killed(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let mut seed = 0x5eed_u64;
    for round in 0..KILLS {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (ended, committed) = kill_after((seed >> 33) % 60, dir.path());

        let journal = Journal::open(dir.path(), LIMITS).unwrap();
        let (start, end) = (journal.start(TOPIC).unwrap(), journal.end(TOPIC).unwrap());
        assert!(end >= ended, "round {round}: acknowledged up to {ended}, kept up to {end}");
        assert!(start <= journal.committed(TOPIC, GROUP).unwrap(), "round {round}");
        assert!(journal.committed(TOPIC, GROUP).unwrap() >= committed, "round {round}");
        check_records(&journal, start..end, RECORD_BYTES);
        assert_eq!(journal.append(TOPIC, &[payload(end, RECORD_BYTES)]).unwrap(), end..end + 1);
    }
}

/// Lets a child append until it has acknowledged `lines` times, kills it, and returns the end and
/// the position that it has told last.
fn kill_after(lines: u64, dir: &Path) -> (u64, u64) {
    let mut child = spawn_self("crash::kill_9_loses_nothing_acknowledged_and_tears_nothing", dir);
    let mut told = (0, 0);
    let mut heard = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        // A line is written with one call, so there is no half of one.
        let mut words = line.split(' ').skip_while(|word| *word != "acknowledged").skip(1);
        if let (Some(end), Some(committed)) = (words.next(), words.next()) {
            told = (end.parse().unwrap(), committed.parse().unwrap());
            heard += 1;
            if heard > lines {
                child.kill().unwrap();
            }
        }
    }
    child.wait().unwrap();
    assert!(heard > lines, "the child ended by itself after {heard} appends");
    told
}

fn spawn_self(test: &str, dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD_DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn append_until_killed(dir: &Path) {
    let journal = Journal::open(dir, LIMITS).unwrap();
    journal.subscribe(TOPIC, GROUP).unwrap();
    loop {
        let from = journal.end(TOPIC).unwrap();
        let group = payloads(from..from + 1 + from % 40, RECORD_BYTES);
        let end = journal.append(TOPIC, &group).unwrap().end;
        let committed = end.saturating_sub(200).max(journal.committed(TOPIC, GROUP).unwrap());
        journal.commit(TOPIC, GROUP, committed).unwrap();
        let line = format!("acknowledged {end} {committed} \n");
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    }
}

/// The newest segment, the only one here, ends where its last good group ends.
#[track_caller]
fn check_nothing_left_behind(journal: &Journal, dir: &Path) {
    let len = std::fs::metadata(&segments(dir)[0]).unwrap().len();
    assert_eq!(len, journal.bytes(TOPIC).unwrap());
}

/// Appends two groups, lets `spoil` loose on the file, and expects what is left after reopening.
#[track_caller]
fn check_tail(spoil: impl Fn(&File, u64, u64), expected: u64) {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    journal.append(TOPIC, &payloads(0..5, 3000)).unwrap();
    let first = journal.bytes(TOPIC).unwrap();
    journal.append(TOPIC, &payloads(5..9, 3000)).unwrap();
    let second = journal.bytes(TOPIC).unwrap();
    drop(journal);
    let newest = segments(dir.path()).pop().unwrap();
    spoil(&OpenOptions::new().write(true).open(newest).unwrap(), first, second);

    let journal = open(dir.path());
    check_nothing_left_behind(&journal, dir.path());
    check_records(&journal, 0..expected, 3000);
    journal.append(TOPIC, &payloads(expected..expected + 7, 3000)).unwrap();
    drop(journal);
    check_records(&open(dir.path()), 0..expected + 7, 3000);
}

#[test]
fn a_torn_tail_is_cut_off_whole_and_appending_goes_on() {
    // The file ends within the last group, at any place of it.
    for kept in [0, 1, 27, 28, 30, 36, 2000, 9000, 12_059] {
        check_tail(|file, first, _| file.set_len(first + kept).unwrap(), 5);
    }
    // Its pages came to the disk out of order: the end is there, something before it is not.
    for at in [0, 10, 28, 33, 4000, 8000] {
        check_tail(|file, first, _| file.write_all_at(&[0; 512], first + at).unwrap(), 5);
    }
    // Its last bytes are garbage.
    check_tail(|file, _, end| file.write_all_at(&[0xa5; 20], end - 20).unwrap(), 5);
    // Behind it there is garbage: everything acknowledged stays.
    check_tail(|file, _, end| file.write_all_at(&[0xa5; 9000], end).unwrap(), 9);
    check_tail(|file, _, end| file.set_len(end + 70_000).unwrap(), 9);
    check_tail(|file, _, end| file.write_all_at(b"FJ01FJ01", end).unwrap(), 9);
}

/// Flips a byte at `at` in the first of three groups, and expects its damage and nothing more.
#[track_caller]
fn check_flipped(at: u64, damaged_from: u64) {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    for group in 0..3 {
        journal.append(TOPIC, &payloads(group * 4..group * 4 + 4, 100)).unwrap();
    }
    drop(journal);
    let file = OpenOptions::new().read(true).write(true).open(&segments(dir.path())[0]).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();

    let journal = open(dir.path());
    assert_eq!(journal.end(TOPIC).unwrap(), 12, "flipped at {at}");
    let good = if damaged_from > 0 { journal.read(TOPIC, 0, ALL, ALL).unwrap() } else { vec![] };
    assert!(good.iter().map(|record| record.offset).eq(0..damaged_from), "flipped at {at}");
    let refused = journal.read(TOPIC, damaged_from, ALL, ALL).unwrap_err();
    let Error::Damaged { from, next, .. } = refused else { panic!("flipped at {at}: {refused}") };
    assert_eq!((from, next), (damaged_from, 4), "flipped at {at}");
    check_records(&journal, 4..12, 100);
    assert_eq!(journal.append(TOPIC, &["goes on"]).unwrap(), 12..13);
}

#[test]
fn a_flipped_byte_is_noticed_and_costs_its_own_group_only() {
    for at in 0..28 {
        check_flipped(at, 0);
    }
    for at in 28..28 + 108 {
        check_flipped(at, 0);
    }
    for at in [28 + 108, 28 + 108 + 4, 28 + 108 + 50] {
        check_flipped(at, 1);
    }
    check_flipped(28 + 4 * 108 - 1, 3);
}

#[tokio::test]
async fn a_reader_can_pass_over_damaged_records() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    journal.append(TOPIC, &payloads(0..2, 100)).unwrap();
    journal.append(TOPIC, &payloads(2..4, 100)).unwrap();
    let file = OpenOptions::new().write(true).open(&segments(dir.path())[0]).unwrap();
    file.write_all_at(b"spoiled", 60).unwrap();
    let mut worker = journal.subscribe(TOPIC, GROUP).unwrap();
    let Err(Error::Damaged { next, .. }) = worker.next(ALL, ALL).await else { panic!() };
    worker.seek(next).unwrap();
    assert_eq!(worker.next(ALL, ALL).await.unwrap()[0].offset, 2);
}

/// A payload may carry anything, also the bytes of the journal's own file.
#[test]
fn a_payload_that_looks_like_a_frame_is_no_frame() {
    let dir = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let forged = open(other.path());
    forged.append(TOPIC, &payloads(0..2, 10)).unwrap();
    forged.append(TOPIC, &payloads(2..4, 10)).unwrap();
    let forgery = std::fs::read(&segments(other.path())[0]).unwrap();
    let journal = open(dir.path());
    journal.append(TOPIC, &["before"]).unwrap();
    journal.append(TOPIC, &[&forgery]).unwrap();
    let bytes = journal.bytes(TOPIC).unwrap();
    drop(journal);
    let file = OpenOptions::new().write(true).open(&segments(dir.path())[0]).unwrap();
    file.set_len(bytes - 1).unwrap();
    assert_eq!(open(dir.path()).end(TOPIC).unwrap(), 1);
}

#[test]
fn a_group_file_that_cannot_be_read_delivers_again_rather_than_skips() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    journal.append(TOPIC, &payloads(0..10, 10)).unwrap();
    journal.commit(TOPIC, GROUP, 5).unwrap();
    journal.commit(TOPIC, GROUP, 6).unwrap();
    drop(journal);
    let path = dir.path().join(TOPIC).join(format!("{GROUP}.group"));
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let committed = || open(dir.path()).committed(TOPIC, GROUP).unwrap();
    file.write_all_at(&[0xff; 20], 0).unwrap();
    assert_eq!(committed(), 5, "one slot torn: the other one holds");
    file.write_all_at(&[0xff; 20], 4096).unwrap();
    assert_eq!(committed(), 0);
}

#[test]
fn offsets_that_a_group_has_consumed_are_never_given_again() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    journal.append(TOPIC, &payloads(0..5, 10)).unwrap();
    journal.append(TOPIC, &payloads(5..9, 10)).unwrap();
    journal.subscribe(TOPIC, "slow").unwrap();
    journal.commit(TOPIC, GROUP, 8).unwrap();
    drop(journal);
    // A disk that lost what it had confirmed.
    let newest = segments(dir.path()).pop().unwrap();
    let file = OpenOptions::new().write(true).open(newest).unwrap();
    file.set_len(file.metadata().unwrap().len() - 1).unwrap();

    for end in [8, 9] {
        let journal = open(dir.path());
        assert_eq!(journal.append(TOPIC, &[payload(end, 10)]).unwrap(), end..end + 1);
        assert_eq!(journal.read(TOPIC, 0, ALL, ALL).unwrap().len(), 5);
        let refused = journal.read(TOPIC, 5, ALL, ALL).unwrap_err();
        assert!(matches!(refused, Error::Damaged { from: 5, next: 8, .. }), "{refused}");
        check_records(&journal, 8..end + 1, 10);
    }
}

/// The disk is full: a limit on the length of files, which every system has, stands for it. The
/// write that crosses it is cut short by the system, as it is on a full disk.
#[test]
fn a_full_disk_fails_the_append_and_what_fits_is_taken_again() {
    if let Some(dir) = std::env::var_os(CHILD_DIR) {
        return append_past_the_limit(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" --exact \
        crash::a_full_disk_fails_the_append_and_what_fits_is_taken_again --nocapture";
    let child = Command::new("bash")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env(CHILD_DIR, dir.path())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));

    let journal = open(dir.path());
    check_records(&journal, 0..36, 1000);
    journal.append(TOPIC, &payloads(36..200, 1000)).unwrap();
    check_records(&journal, 0..200, 1000);
}

fn append_past_the_limit(dir: &Path) {
    let journal = open(dir);
    journal.append(TOPIC, &payloads(0..30, 1000)).unwrap();
    for _ in 0..3 {
        let refused = journal.append(TOPIC, &payloads(30..120, 1000)).unwrap_err();
        assert!(matches!(refused, Error::Disk { .. }), "{refused}");
        assert!(refused.is_retryable());
        assert!(refused.to_string().contains("free space"), "{refused}");
        check_nothing_left_behind(&journal, dir);
        check_records(&journal, 0..30, 1000);
    }
    assert_eq!(journal.append(TOPIC, &payloads(30..36, 1000)).unwrap(), 30..36);
    journal.commit(TOPIC, GROUP, 30).unwrap();
    check_records(&journal, 0..36, 1000);
}
