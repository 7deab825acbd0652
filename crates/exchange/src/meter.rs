use crate::clock::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one proxy offered to its journal in one second: the accounting of what was not seen.
///
/// The law is `offered = accepted + Σ shed`, in every meter and so in every sum of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// The proxy's name, new at each start of the process.
    pub proxy_instance: String,
    /// The start of the second. Where one of the same process has that already, or a later one because
    /// the clock was put back, it is the next microsecond: of one process no two agree in this and in
    /// the category, so that one that comes twice is known.
    pub at: Timestamp,
    /// The category that the caller declared, where it declared one.
    pub category: Option<String>,
    /// Exchanges offered to the mirror.
    pub offered: u64,
    /// Those that it took.
    pub accepted: u64,
    /// Those that it did not take, by reason.
    pub shed: BTreeMap<String, u64>,
    /// Accepted exchanges that were lost before they were durable, by reason.
    pub lost: BTreeMap<String, u64>,
}

impl Meter {
    /// Whether the second's books close.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.offered == self.accepted + self.shed.values().sum::<u64>()
    }
}
