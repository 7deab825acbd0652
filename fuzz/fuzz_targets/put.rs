//! Calls put to models of other forms.
#![no_main]

#[path = "../../crates/dialect/tests/dialect/translate_laws.rs"]
mod translate_laws;

libfuzzer_sys::fuzz_target!(|data: &[u8]| translate_laws::translation_law(data));
