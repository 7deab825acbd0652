//! When the queue is drained, and by whom: where cores are scarce the live threads go first, but not for
//! ever.
//!
//! Nobody can lend a thread that runs in idle time what it lacks: without privileges it cannot leave
//! that class again, and the system hands no priority on between threads of the usual classes. So what it
//! holds when it is stopped stays held, for half a second and more for each busy thread on its core, at
//! every stop. Therefore it holds the lock only to take an exchange, to hand in what it made of one, and
//! to append; it makes it without, and another thread may make the same one. While anybody else wants the
//! lock it keeps away, and nobody waits for its end.

use crate::{drain::Drain, priority, record::Recording};
use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

/// How long the queue gathers: the live path never wakes anybody. Short groups are felt least: one of
/// 50 ms holds memory that has left the caches and goes to disk in one burst, which doubled the
/// calls that took longer than half a millisecond (benches/live). What a crash takes with it is
/// what gathered.
const REST: Duration = Duration::from_millis(5);
/// How long the thread that runs in idle time is watched before it is taken to get none, and for how long
/// another stands in for it then.
const LATE: Duration = Duration::from_millis(250);
/// How often it is through and rests in that time, at the least, if it has time: mostly fifty times, and
/// once at the most beside a thread that is always busy.
const RESTS_MIN: u64 = 2;
/// Rests of whoever stands in.
const STAND_IN_RESTS: u128 = LATE.as_millis() / REST.as_millis();

/// The life of one thread, until nobody holds the other end.
pub(crate) type Pace = fn(&Shift, &Receiver<Infallible>);

/// Who drains at present.
pub(crate) struct Shift {
    recording: Arc<Recording>,
    /// `None` once all is over.
    drain: Mutex<Option<Drain>>,
    /// Those who have the drain or want it, beside the thread that runs in idle time.
    claims: AtomicUsize,
    /// How often that one was through, or came round and kept away.
    rests: AtomicU64,
}

/// Keeps the thread that runs in idle time away. Whoever has one goes on with what that one was at.
pub(crate) struct Claim<'s>(&'s Shift);

/// In idle time, exchange after exchange.
pub(crate) fn steadily(shift: &Shift, ended: &Receiver<Infallible>) {
    priority::idle();
    let mut rest = REST;
    while goes_on(ended, rest) {
        let is_through = shift.is_claimed() || shift.record_one();
        shift.rests.fetch_add(u64::from(is_through), Ordering::Relaxed);
        rest = if is_through { REST } else { Duration::ZERO };
    }
}

/// Only where the other thread was not seen to be through: on a machine whose every core is busy it gets
/// next to no time, and what waits would be shed, or lost in a crash. At the end all that waits.
pub(crate) fn when_late(shift: &Shift, ended: &Receiver<Infallible>) {
    priority::low();
    let mut is_late = false;
    loop {
        let rests = shift.rests.load(Ordering::Relaxed);
        let goes_on = if is_late { stand_in(shift, ended) } else { goes_on(ended, LATE) };
        if !goes_on {
            break;
        }
        is_late = shift.rests.load(Ordering::Relaxed) < rests + RESTS_MIN;
    }
    shift.close();
}

fn stand_in(shift: &Shift, ended: &Receiver<Infallible>) -> bool {
    let claim = shift.claim();
    (0..STAND_IN_RESTS).all(|_| {
        // The lock is held for one exchange, so that whoever flushes gets it too.
        while !claim.step() {}
        goes_on(ended, REST)
    })
}

fn goes_on(ended: &Receiver<Infallible>, rest: Duration) -> bool {
    ended.recv_timeout(rest) == Err(RecvTimeoutError::Timeout)
}

impl Shift {
    pub(crate) fn new(drain: Drain) -> Self {
        Self {
            recording: drain.recording(),
            drain: Mutex::new(Some(drain)),
            claims: AtomicUsize::new(0),
            rests: AtomicU64::new(0),
        }
    }

    pub(crate) fn claim(&self) -> Claim<'_> {
        self.claims.fetch_add(1, Ordering::SeqCst);
        Claim(self)
    }

    /// Appends what waits, and gives back what the drain holds. Nothing is drained any more.
    pub(crate) fn close(&self) {
        let claim = self.claim();
        claim.flush();
        self.lock().take();
    }

    fn is_claimed(&self) -> bool {
        self.claims.load(Ordering::SeqCst) > 0
    }

    /// What the thread in idle time does in one go; whether nothing was left to do.
    fn record_one(&self) -> bool {
        let Some(taken) = self.lock().as_mut().and_then(Drain::begin) else { return true };
        let made = self.recording.make(&taken);
        // Whoever claims the drain does this one too.
        if !self.is_claimed()
            && let Some(drain) = self.lock().as_mut()
        {
            drain.put(&taken, made);
        }
        false
    }

    /// What somebody tripped over is caught in there and leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, Option<Drain>> {
        self.drain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim<'_> {
    /// Takes in one exchange; whether none was left.
    fn step(&self) -> bool {
        self.0.lock().as_mut().is_none_or(Drain::step)
    }

    /// Appends what waits by now, and the accounting with it.
    pub(crate) fn flush(&self) {
        if let Some(drain) = self.0.lock().as_mut() {
            drain.flush();
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.0.claims.fetch_sub(1, Ordering::SeqCst);
    }
}
