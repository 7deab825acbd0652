//! What models wrote, as scorers and judges read it, and the JSON Schemas of calls.
#![no_main]

#[path = "../../crates/score/tests/score/reply_laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|data: &[u8]| laws::texts_law(data));
