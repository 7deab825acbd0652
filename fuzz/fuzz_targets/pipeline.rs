//! Whatever is written, a pipeline loads or is refused in words, and what loads is consistent.
//! The laws are those of `crates/pipeline/tests/pipeline/corpus.rs`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    match pipeline::load(&text) {
        Ok(pipeline) => {
            for category in &pipeline.categories {
                for candidate in &category.candidates {
                    assert!(pipeline.definition_digest(&category.name, candidate).is_some());
                    assert!(pipeline.provider_of(candidate).is_some());
                }
            }
        }
        Err(mistakes) => assert!(!mistakes.is_empty()),
    }
});
