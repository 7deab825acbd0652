//! When the queue is drained, and by whom: where cores are scarce the live threads go first, but not for
//! ever.

use crate::{drain::Drain, priority};
use std::{
    convert::Infallible,
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

/// How long the queue gathers: the live path never wakes anybody. Short groups are felt least: one of
/// 50 ms holds memory that has left the caches and goes to disk in one burst, which doubled the
/// calls that took longer than half a millisecond (benches/live). What a crash takes with it is
/// what gathered.
const REST: Duration = Duration::from_millis(5);
/// How long the queue may go without having been empty before the thread that runs in idle time is
/// taken to get none.
const LATE: Duration = Duration::from_millis(250);

/// The life of one thread, until nobody holds the other end.
pub(crate) type Pace = fn(&Mutex<Drain>, &Receiver<Infallible>);

/// In idle time, group after group; at the end all that waits.
pub(crate) fn steadily(drain: &Mutex<Drain>, ended: &Receiver<Infallible>) {
    priority::idle();
    let mut rest = REST;
    while ended.recv_timeout(rest) == Err(RecvTimeoutError::Timeout) {
        let is_empty = lock(drain).step();
        rest = if is_empty { REST } else { Duration::ZERO };
    }
    lock(drain).flush();
}

/// Only where the other thread was not seen to empty the queue: on a machine whose every core is busy
/// it gets next to no time, and what waits would be shed, or lost in a crash.
pub(crate) fn when_late(drain: &Mutex<Drain>, ended: &Receiver<Infallible>) {
    priority::low();
    let mut emptied = 0;
    while ended.recv_timeout(LATE) == Err(RecvTimeoutError::Timeout) {
        let is_late = lock(drain).emptied() == emptied;
        // One step each time the lock is held, so that whoever flushes gets it too.
        while is_late && !lock(drain).step() {}
        emptied = lock(drain).emptied();
    }
}

/// What a group tripped over is caught in there and leaves nothing half done.
pub(crate) fn lock(drain: &Mutex<Drain>) -> MutexGuard<'_, Drain> {
    drain.lock().unwrap_or_else(PoisonError::into_inner)
}
