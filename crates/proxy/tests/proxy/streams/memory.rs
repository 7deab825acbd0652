//! Memory, as the allocator counts it, in a process of its own: what other tests hold beside would be
//! counted with it.

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::{alloc::System, env, process::Command};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A name of no test, by which a process knows that it was started for one alone.
const ALONE: &str = "alone-in-its-process";
/// More than a system gives unasked, and less than it allows.
const FILES: &str = "6000";

/// Bytes that the whole process holds on its heap.
pub(crate) fn held_bytes() -> usize {
    let stats = HEAP.stats();
    // The two are not read in one moment.
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// Runs `measure` in a process that was started for the test `name` and runs nothing else.
pub(crate) fn alone(name: &str, measure: impl FnOnce()) {
    if env::args().any(|argument| argument == ALONE) {
        return measure();
    }
    let output = Command::new("sh")
        .args(["-c", "ulimit -S -n \"$0\" && exec \"$@\"", FILES])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", name, ALONE])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}, in a process of its own: {why}");
    assert!(said.contains("1 passed"), "{name} is no test: {said}");
}
