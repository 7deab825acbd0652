//! What a translated stream holds on the heap, after so many of its chunks.
//!
//!     cargo bench -p dialect --bench held
//!
//! Responses repeats at its end all that was said, so it holds that; where another form holds more than the
//! buffers of an event, the bench fails.

#![cfg(test)]
#![expect(clippy::print_stdout, reason = "a bench is run for what it prints")]

#[path = "streamed/streamed.rs"]
mod streamed;

use dialect::{Dialect, Form, translate::Stream};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use streamed::{caller, streamed};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MARKS: [usize; 4] = [20, 200, 2_000, 20_000];
/// The reader's and the writer's buffers, and what names the reply.
const BUFFERS_BYTES_MAX: usize = 4 << 10;

fn main() {
    println!("| bytes held after … chunks | {} |", MARKS.map(|it| it.to_string()).join(" | "));
    println!("| --- | {}", "---: | ".repeat(MARKS.len()));
    for dialect in Dialect::ALL {
        let events = streamed(dialect, MARKS[3] + 100);
        for form in Form::ALL.into_iter().filter(|form| form.dialect() != dialect) {
            let held = held(dialect, form, &events);
            println!(
                "| {} to {form:?} | {} |",
                dialect.name(),
                held.map(|it| it.to_string()).join(" | ")
            );
            assert!(form == Form::Responses || held[3] < BUFFERS_BYTES_MAX, "{held:?}");
        }
    }
}

fn held(dialect: Dialect, form: Form, events: &[Vec<u8>]) -> [usize; 4] {
    let before = held_bytes();
    let mut stream = Stream::new(dialect, caller(form));
    let mut held = [0; 4];
    for (at, event) in events.iter().enumerate() {
        if let Some(mark) = MARKS.iter().position(|mark| *mark == at) {
            held[mark] = held_bytes() - before;
        }
        drop(stream.push(event));
    }
    drop(stream.finish());
    held
}

fn held_bytes() -> usize {
    let stats = HEAP.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}
