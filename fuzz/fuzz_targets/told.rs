//! Replies told in other forms, streamed or not.
#![no_main]

#[path = "../../crates/dialect/tests/dialect/telling_laws.rs"]
mod telling_laws;

libfuzzer_sys::fuzz_target!(|data: &[u8]| if !data.is_empty() {
    telling_laws::telling_law(data);
});
