//! Waiting, the one way: for a condition, until a deadline.

use std::{thread, time::Duration};
use tokio::time::Instant;

/// More than anything here takes on a slow machine that does other things too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Looks until there is something, and returns it.
#[track_caller]
pub(crate) fn until<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {patience:?} in vain: {what}");
        thread::park_timeout(LOOK_EVERY);
    }
}
