//! The pages that the tables follow.

use exchange::Timestamp;
use serde::{Deserialize, Serialize};

/// A page that rows of a table follow.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What rows call it.
    pub name: String,
    /// Where it is.
    pub page: String,
    /// What was taken from it.
    pub says: String,
    /// The day on which it was read.
    pub read: String,
}

impl Source {
    /// The day on which it was read; `None` where that is no date, which a test forbids.
    #[must_use]
    pub fn read_on(&self) -> Option<Timestamp> {
        self.read.parse().ok()
    }
}

/// The sources of these names, in their order.
pub(super) fn named<'s>(sources: &'s [Source], names: &[String]) -> Vec<&'s Source> {
    let of = |name: &String| sources.iter().find(|source| source.name == *name);
    names.iter().filter_map(of).collect()
}
