//! Streamed replies, cut anywhere.
#![no_main]

#[path = "../../crates/dialect/tests/dialect/laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|data: &[u8]| laws::stream_law(data));
