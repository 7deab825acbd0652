//! A journal's segment files, damaged or forged.
#![no_main]

#[path = "../../crates/journal/tests/journal/laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|data: &[u8]| laws::segment_law(data));
