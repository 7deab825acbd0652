//! How far a thread stands back. What does not work (a system without it) costs latency, not evidence.

use thread_priority::{Error, ThreadPriority};

/// The calling thread runs when nothing else wants to. Of Linux's policies only this one lets whoever
/// wakes run at once; the lowest priority of the usual one first ends its slice. A thread without
/// privileges cannot leave it again.
pub(crate) fn idle() {
    say(stand_back());
}

/// The calling thread gets a little time among those that want all of it.
pub(crate) fn low() {
    say(ThreadPriority::Min.set_for_current());
}

fn say(done: Result<(), Error>) {
    if let Err(error) = done {
        tracing::debug!(?error, "a thread of the mirror runs at the priority of the live threads");
    }
}

#[cfg(target_os = "linux")]
fn stand_back() -> Result<(), Error> {
    use thread_priority::{
        NormalThreadSchedulePolicy::Idle, ThreadSchedulePolicy::Normal,
        set_thread_priority_and_policy, thread_native_id,
    };
    set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, Normal(Idle))
}

#[cfg(not(target_os = "linux"))]
fn stand_back() -> Result<(), Error> {
    ThreadPriority::Min.set_for_current()
}
