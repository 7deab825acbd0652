//! What a client asks: head and body of a call, and the category that it belongs to.
#![no_main]

#[path = "../../crates/dialect/tests/dialect/call_laws.rs"]
mod call_laws;
#[path = "../../crates/policy/tests/policy/laws.rs"]
mod laws;
#[path = "../../crates/dialect/tests/dialect/message.rs"]
mod message;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    call_laws::call_law(data);
    laws::category_law(data);
});
