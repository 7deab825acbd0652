//! The journal as its users see it: through the public API, on real files and a real broker.

#![cfg(test)]

mod both;
mod broker;
mod cluster;
mod corpus;
mod crash;
mod dead;
mod faults;
mod fight;
mod forward;
mod groups;
mod identity;
mod laws;
mod log;
mod metrics;
mod model;
mod outside;
mod place;
mod zombie;

use journal::{Journal, Limits, Record};
use std::path::{Path, PathBuf};

const TOPIC: &str = "exchanges";
const GROUP: &str = "worker";
const ALL: usize = usize::MAX;

fn open(dir: &Path) -> Journal {
    Journal::open(dir, Limits::bytes(64 << 20)).unwrap()
}

/// What record number `n` holds, `len` bytes of it.
fn payload(n: u64, len: usize) -> Vec<u8> {
    n.to_le_bytes().into_iter().cycle().take(len).collect()
}

fn payloads(range: std::ops::Range<u64>, len: usize) -> Vec<Vec<u8>> {
    range.map(|n| payload(n, len)).collect()
}

/// The topic holds exactly the records `range`, each as `payload` made it.
#[track_caller]
fn check_records(journal: &Journal, range: std::ops::Range<u64>, len: usize) {
    let records = journal.read(TOPIC, range.start, ALL, ALL).unwrap();
    let offsets: Vec<_> = records.iter().map(|record| record.offset).collect();
    assert_eq!(offsets, range.clone().collect::<Vec<_>>());
    for Record { offset, payload: found } in records {
        assert_eq!(found, payload(offset, len), "payload of record {offset}");
    }
    assert_eq!(journal.end(TOPIC).unwrap(), range.end);
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir.join(TOPIC)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ext| ext == "seg"));
    paths.sort();
    paths
}
