//! The fuzz corpus, run on stable: what was once found stays found.

use crate::laws::Line;
use std::{fs, path::Path};

#[test]
fn every_answer_of_the_fuzz_corpus_obeys_the_law() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/provider");
    let line = Line::open().unwrap();
    let mut count = 0;
    for entry in fs::read_dir(&corpus).unwrap() {
        line.reply_law(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 10, "the seed corpus is gone from {}", corpus.display());
}
