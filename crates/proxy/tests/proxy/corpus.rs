//! The fuzz corpus, run on stable: what was once found stays found.

use crate::laws::Line;
use std::{fs, path::Path};

#[test]
fn everything_on_the_wires_of_the_fuzz_corpus_obeys_the_law() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/wire");
    let mut line = Line::open().unwrap();
    let mut count = 0;
    for entry in fs::read_dir(&corpus).unwrap() {
        line.wire_law(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    line.close().unwrap();
    assert!(count >= 10, "the seed corpus is gone from {}", corpus.display());
}
