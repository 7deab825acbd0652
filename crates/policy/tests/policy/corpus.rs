//! The fuzz corpus, run on stable: what was once found stays found.

use crate::laws::category_law;
use std::{fs, path::Path};

#[test]
fn every_call_of_the_fuzz_corpus_has_a_known_category() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/call");
    let mut count = 0;
    for entry in fs::read_dir(&corpus).unwrap() {
        category_law(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 10, "the seed corpus is gone from {}", corpus.display());
}
