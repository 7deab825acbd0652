//! Time and chance as they are: the one place where this program reads them.

use exchange::{Clock, Timestamp};
use std::time::{SystemTime, UNIX_EPOCH};

/// The wall clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "everything else takes this clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// Fresh chance from the operating system.
pub(crate) fn chance() -> u128 {
    // Of version 4, because one of version 7 counts within a millisecond: calls that arrive together
    // would share most of it, and be kept or dropped together where a share of them is drawn by it.
    let [one, two] = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
    // Six bits of each are fixed; none is where the other's are.
    one.as_u128() ^ two.as_u128().rotate_left(64)
}

/// The name of this process in the books: new at each start.
pub(crate) fn instance() -> String {
    format!("proxy-{}", uuid::Uuid::now_v7())
}
