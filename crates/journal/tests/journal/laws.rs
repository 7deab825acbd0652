//! What holds of every segment file, whatever its bytes. The fuzz target `frame` compiles this very
//! file.

use journal::{Error, Journal, Limits};
use std::{fs, path::Path};

const TOPIC: &str = "exchanges";
const SALT: u64 = 0x5a17;
const MARK: &[u8] = b"FJ01";
const HEADER_BYTES: usize = 28;
const RECORD_HEAD_BYTES: usize = 8;
/// No topic comes this far, but files may say so.
const OFFSET_MAX: u64 = u64::MAX >> 1;
/// Records whose checksums are made to hold, in each frame.
const SEALED_MAX: usize = 64;

/// A journal opens over any bytes; what it returns is there as a checksummed record, in order, and
/// whatever else is wrong is an error that leads past it. After that it takes records as ever.
///
/// The first byte says whether the checksums of the rest are made to hold, because nobody guesses
/// them, and what lies behind them would never be reached.
pub(crate) fn segment_law(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let mut bytes = rest.to_vec();
    if first % 2 == 1 {
        seal(&mut bytes);
    }
    let dir = tempfile::tempdir().expect("a folder");
    // Begins the journal: topics without the id of theirs are not opened.
    drop(open(dir.path()));
    let topic = dir.path().join(TOPIC);
    fs::create_dir(&topic).expect("a topic");
    fs::write(topic.join(format!("{:020}-{SALT:016x}.seg", 0)), &bytes).expect("a segment");

    let (end, found) = read_all(dir.path(), &bytes);
    let journal = open(dir.path());
    if end == OFFSET_MAX {
        assert!(matches!(journal.append(TOPIC, &[b"later"]), Err(Error::Ended { .. })));
        return;
    }
    let range = journal.append(TOPIC, &[b"later"]).expect("a repaired journal takes records");
    assert_eq!(range, end..end + 1);
    drop(journal);
    let journal = open(dir.path());
    assert_eq!(journal.end(TOPIC).expect("an end"), end + 1, "nothing behind it is cut off");
    let last = journal.read(TOPIC, end, 9, 99).expect("the new record");
    assert!(last.len() == 1 && last[0].payload == b"later"[..]);
    assert_eq!(records(&journal, end), found, "and nothing before it has changed");
}

fn open(dir: &Path) -> Journal {
    Journal::open(dir, Limits::bytes(1 << 20)).expect("any bytes can be opened")
}

/// The topic's end, and every record that can be read, each of them held against `bytes`.
fn read_all(dir: &Path, bytes: &[u8]) -> (u64, Vec<(u64, Vec<u8>)>) {
    let journal = open(dir);
    let end = journal.end(TOPIC).expect("an end");
    let found = records(&journal, end);
    for (offset, payload) in &found {
        let len = u32::try_from(payload.len()).expect("a short payload");
        let crc = checksum(&[&offset.to_le_bytes(), &len.to_le_bytes(), payload]);
        let written = [&len.to_le_bytes()[..], &crc.to_le_bytes(), payload].concat();
        let held = bytes.windows(written.len()).any(|window| window == written);
        assert!(held, "record {offset} was never written: {payload:?}");
    }
    (end, found)
}

fn records(journal: &Journal, end: u64) -> Vec<(u64, Vec<u8>)> {
    let (mut at, mut found) = (0, Vec::new());
    while at < end {
        match journal.read(TOPIC, at, 7, 1 << 20) {
            Ok(records) => {
                assert!(!records.is_empty(), "nothing to read at {at}, before the end {end}");
                for record in records {
                    assert_eq!(record.offset, at, "offsets are dense");
                    at += 1;
                    if at <= end {
                        found.push((record.offset, record.payload.to_vec()));
                    }
                }
            }
            Err(Error::Damaged { from, next, .. }) => {
                assert!(
                    from == at && next > from && next <= end,
                    "{from}..{next} at {at} of {end}"
                );
                at = next;
            }
            Err(other) => panic!("{other}"),
        }
    }
    found
}

/// Makes every header's checksum hold, and those of the records behind it as far as they go.
fn seal(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(MARK.len()).position(|window| window == MARK) {
        at += found;
        if bytes.len() < at + HEADER_BYTES {
            return;
        }
        let crc = checksum(&[&bytes[at..at + 24]]);
        bytes[at + 24..at + HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
        let base = number(&bytes[at + 4..at + 12]);
        let count = usize::try_from(number(&bytes[at + 12..at + 16])).unwrap_or(usize::MAX);
        at += HEADER_BYTES;
        for n in 0..count.min(SEALED_MAX) {
            let Some(after) = seal_record(bytes, at, base.wrapping_add(n as u64)) else { break };
            at = after;
        }
    }
}

/// Where the record at `at` ends, if it lies within `bytes`.
fn seal_record(bytes: &mut [u8], at: usize, offset: u64) -> Option<usize> {
    let len = bytes.get(at..at + 4)?.to_vec();
    let from = at + RECORD_HEAD_BYTES;
    let until = from.checked_add(usize::try_from(number(&len)).ok()?)?;
    let crc = checksum(&[&offset.to_le_bytes(), &len, bytes.get(from..until)?]);
    bytes[at + 4..from].copy_from_slice(&crc.to_le_bytes());
    Some(until)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn checksum(parts: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&SALT.to_le_bytes());
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize()
}
