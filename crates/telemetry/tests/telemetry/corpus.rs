//! The fuzz corpus, run on stable: what was once found stays found.

use crate::laws::trace_law;
use std::{fs, path::Path};

#[test]
fn every_word_of_the_fuzz_corpus_obeys_the_law() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/trace");
    let words = fs::read_dir(&corpus).unwrap().map(|entry| fs::read(entry.unwrap().path()));
    let count = words.map(|word| trace_law(&word.unwrap())).count();
    assert!(count >= 6, "the seed corpus is gone from {}", corpus.display());
}
