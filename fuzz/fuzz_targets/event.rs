//! Journal records.
#![no_main]

#[path = "../../crates/exchange/tests/exchange/laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|data: &[u8]| laws::record_law(data));
