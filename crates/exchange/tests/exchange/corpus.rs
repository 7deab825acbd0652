//! The fuzz corpus, run on stable: what was once found stays found.

use crate::laws;
use bytes::Bytes;
use exchange::Event;
use std::{fs, path::Path};

#[test]
fn every_record_of_the_fuzz_corpus_obeys_the_law() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/event");
    let (mut events, mut refused) = (0, 0);
    for entry in fs::read_dir(&corpus).unwrap() {
        let record = fs::read(entry.unwrap().path()).unwrap();
        laws::record_law(&record);
        match Event::from_bytes(Bytes::from(record)) {
            Ok(_) => events += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(events >= 4 && refused >= 4, "the seed corpus is gone from {}", corpus.display());
}
