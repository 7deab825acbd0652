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
    let [one, two] = [uuid::Uuid::now_v7(), uuid::Uuid::now_v7()];
    // The low 62 bits of a UUIDv7 are random; two of them are spread over one number.
    one.as_u128() ^ two.as_u128().rotate_left(64)
}

/// The name of this process in the books: new at each start.
pub(crate) fn instance() -> String {
    format!("proxy-{}", uuid::Uuid::now_v7())
}
