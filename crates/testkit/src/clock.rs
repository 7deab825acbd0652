use exchange::{Clock, Timestamp};
use std::sync::atomic::{AtomicI64, Ordering};

/// Time that moves only when it is told to: a fortnight passes in a minute, and two runs see the
/// same moments.
#[derive(Debug)]
pub struct SteppedClock(AtomicI64);

impl SteppedClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.0))
    }

    /// Moves to `to`. A moment that is already past changes nothing: time does not run backwards.
    pub fn set(&self, to: Timestamp) {
        self.0.fetch_max(to.0, Ordering::SeqCst);
    }

    /// Moves `micros` forward.
    pub fn advance(&self, micros: u64) {
        self.0.fetch_add(i64::try_from(micros).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl Clock for SteppedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}
