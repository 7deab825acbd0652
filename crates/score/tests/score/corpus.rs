//! The fuzz corpus, run on stable: what was once found stays found.

use crate::reply_laws::texts_law;
use std::{fs, path::Path};

#[test]
fn every_text_of_the_fuzz_corpus_obeys_the_law() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/score");
    let mut count = 0;
    for entry in fs::read_dir(&corpus).unwrap() {
        texts_law(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 10, "the seed corpus is gone from {}", corpus.display());
}
