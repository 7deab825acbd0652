//! What a caller says of its trace.
#![no_main]

#[path = "../../crates/telemetry/tests/telemetry/laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|data: &[u8]| laws::trace_law(data));
