//! The fuzz corpus, run on stable: what was once found stays found.

use crate::{call_laws, laws, reply_laws, telling_laws, translate_laws};
use std::{fs, path::Path};

fn check(target: &str, law: impl Fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&corpus).unwrap() {
        law(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 10, "the seed corpus is gone from {}", corpus.display());
}

#[test]
fn every_stream_of_the_fuzz_corpus_obeys_the_law() {
    check("sse", laws::stream_law);
}

#[test]
fn every_call_of_the_fuzz_corpus_obeys_the_law() {
    check("call", call_laws::call_law);
}

#[test]
fn every_reply_of_the_fuzz_corpus_obeys_the_law() {
    check("reply", reply_laws::reply_law);
}

#[test]
fn every_call_of_the_fuzz_corpus_is_put_to_every_form() {
    check("put", translate_laws::translation_law);
}

#[test]
fn every_reply_of_the_fuzz_corpus_is_told_in_every_form() {
    check("told", telling_laws::telling_law);
}
