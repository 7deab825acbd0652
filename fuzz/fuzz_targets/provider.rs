//! What a provider sends back to a call of our own, byte for byte.
#![no_main]

#[path = "../../crates/upstream/tests/upstream/laws.rs"]
mod laws;

thread_local! {
    static LINE: laws::Line = laws::Line::open().expect("a loopback address");
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| LINE.with(|line| line.reply_law(data)));
