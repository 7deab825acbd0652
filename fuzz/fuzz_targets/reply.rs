//! What a provider answers: head and body of a reply, its content coding included.
#![no_main]

#[path = "../../crates/dialect/tests/dialect/message.rs"]
mod message;
#[path = "../../crates/dialect/tests/dialect/reply_laws.rs"]
mod reply_laws;

libfuzzer_sys::fuzz_target!(|data: &[u8]| reply_laws::reply_law(data));
