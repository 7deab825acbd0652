//! What a client and a provider write to the two sides of a proxy, byte for byte.
#![no_main]

use std::cell::RefCell;

#[path = "../../crates/proxy/tests/proxy/laws.rs"]
mod laws;

thread_local! {
    static LINE: RefCell<laws::Line> =
        RefCell::new(laws::Line::open().expect("a loopback address"));
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| LINE.with_borrow_mut(|line| line.wire_law(data)));
