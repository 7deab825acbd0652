//! Which proxies go by which version. Each leaves a sign beside the policy that it follows: a small file
//! of its own, written anew when it follows another version and at least every [`SIGN_EVERY_US`].
//!
//! Not in the meters and not in the tables: a proxy without traffic says nothing there, and what it says
//! is known only once a worker has read it. Whoever can follow a promotion can be seen to follow it.

use exchange::{SECOND_US, Timestamp};
use serde::{Deserialize, Serialize};

/// The format that this program writes.
pub const SIGN_FORMAT: u32 = 1;
/// How often a proxy that goes on gives a sign at least.
pub const SIGN_EVERY_US: i64 = 10 * SECOND_US;
/// How long a proxy may be silent before it counts as gone: killed, cut off or frozen.
pub const SILENCE_US_MAX: i64 = 6 * SIGN_EVERY_US;

/// A sign of life of one proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sign {
    /// The format's version: 1.
    pub format: u32,
    /// The proxy's name in the books, new at each start of the process.
    pub proxy_instance: String,
    /// The version of the policy that it goes by; 0 is observation.
    pub version: u64,
    /// When it said so, in microseconds.
    pub at: Timestamp,
}

/// How a proxy stands to the version that rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Follows {
    /// It goes by that version.
    Ruling,
    /// It goes by an earlier one, or by none because it cannot read the policy.
    Earlier,
    /// It goes by a later one: whoever asks does not see all of the policy.
    Later,
    /// It has not been heard of for longer than [`SILENCE_US_MAX`]: what it goes by is not known.
    Silent,
}

impl Sign {
    /// A sign in today's format.
    #[must_use]
    pub fn new(proxy_instance: &str, version: u64, at: Timestamp) -> Self {
        Self { format: SIGN_FORMAT, proxy_instance: proxy_instance.to_owned(), version, at }
    }

    /// Whether a proxy whose last sign this is gives another one now that it goes by `version`.
    #[must_use]
    pub fn is_due(&self, version: u64, now: Timestamp) -> bool {
        // A clock that was put back must not silence a proxy.
        self.version != version || !(0..SIGN_EVERY_US).contains(&(now.0 - self.at.0))
    }

    /// How its proxy stands to the version that rules.
    #[must_use]
    pub fn follows(&self, ruling: u64, now: Timestamp) -> Follows {
        if self.age_us(now) > SILENCE_US_MAX {
            return Follows::Silent;
        }
        match self.version.cmp(&ruling) {
            std::cmp::Ordering::Less => Follows::Earlier,
            std::cmp::Ordering::Equal => Follows::Ruling,
            std::cmp::Ordering::Greater => Follows::Later,
        }
    }

    /// How long ago it was given, in microseconds; 0 where its clock is ahead.
    #[must_use]
    pub fn age_us(&self, now: Timestamp) -> i64 {
        now.0.saturating_sub(self.at.0).max(0)
    }

    /// The sign of a file; `None` where it is none that this program reads. Half a file is none.
    #[must_use]
    pub fn from_json(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok().filter(|sign: &Self| sign.format == SIGN_FORMAT)
    }

    /// The file of a sign.
    ///
    /// # Errors
    /// None that is known: it holds names and numbers.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}
