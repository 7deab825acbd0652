//! The weekly digest: what the last seven days cost and saved beside the seven before, where providers
//! failed, and what changed.
//!
//! It tells of two looks at one lake, a week apart, and decides nothing.

mod changes;
mod incidents;
mod traffic;

use crate::{Error, Rules, Warehouse};
use exchange::{DAY_US, NanoUsd, Timestamp};
use policy::PriceBook;
use serde::Serialize;
use std::collections::BTreeMap;

pub use changes::{CELLS_MAX, CellChange, CellState, POLICIES_MAX, PolicyChange};
pub(crate) use incidents::SLOT_US;
pub use incidents::{INCIDENTS_MAX, Incident};

/// The length of a week, in microseconds.
pub const WEEK_US: i64 = 7 * DAY_US;

/// One week beside the one before it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Digest {
    /// The moment that it ends.
    pub as_of: Timestamp,
    /// When the week began.
    pub from: Timestamp,
    /// What each category's callers sent and paid.
    pub categories: BTreeMap<String, Weeks<Traffic>>,
    /// What candidates saved by serving.
    pub savings: Weeks<Realised>,
    /// Runs of failures by provider, the worst first, at most [`INCIDENTS_MAX`].
    pub incidents: Vec<Incident>,
    /// The versions of the policy, newest first, at most [`POLICIES_MAX`].
    pub policies: Vec<PolicyChange>,
    /// Cells that were opened or say another thing than a week ago, at most [`CELLS_MAX`].
    pub cells: Vec<CellChange>,
}

/// A figure of this week and of the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Weeks<T> {
    /// The last seven days.
    pub this: T,
    /// The seven days before them.
    pub before: T,
}

impl<T> Weeks<T> {
    fn of(&mut self, is_this_week: bool) -> &mut T {
        if is_this_week { &mut self.this } else { &mut self.before }
    }
}

/// One category's calls in a week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// Its calls.
    pub calls: u64,
    /// Those that a candidate served.
    pub by_candidate: u64,
    /// Those without a known price.
    pub unpriced: u64,
    /// What the others cost the callers.
    pub cost_usd: NanoUsd,
}

/// What was saved in a week by candidates that served: the reference's price for the very tokens,
/// less what they were paid, less all that the trial cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Realised {
    /// Calls that candidates served and that have a price on both sides.
    pub calls: u64,
    /// What their references would have been paid for as many tokens.
    pub reference_usd: NanoUsd,
    /// What the candidates were paid.
    pub candidate_usd: NanoUsd,
    /// What shadow calls, controls and judges cost in the same week, whatever for, and live replies of
    /// candidates that nobody got.
    pub overhead_usd: NanoUsd,
    /// What is left of it.
    pub net_usd: NanoUsd,
}

impl Digest {
    /// Gathers the digest of the week that ends with `now`, from a look then and one a week before,
    /// at the same tables.
    ///
    /// # Errors
    /// [`Error::Query`] if the lake cannot be read, [`Error::Evidence`] if it holds a loss outside
    /// its declared range.
    pub async fn gather(
        now: &Warehouse,
        before: &Warehouse,
        rules: &Rules,
        prices: &PriceBook,
    ) -> Result<Self, Error> {
        let week = Week::until(now.as_of());
        let (categories, savings) = traffic::weeks(now, week, prices).await?;
        Ok(Self {
            as_of: week.as_of,
            from: week.from,
            categories,
            savings,
            incidents: incidents::of(now, week, &rules.providers).await?,
            policies: changes::policies(now, week).await?,
            cells: changes::cells(now, before, rules).await?,
        })
    }
}

/// The moments between which a week and the one before it lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Week {
    pub(crate) before: Timestamp,
    pub(crate) from: Timestamp,
    pub(crate) as_of: Timestamp,
}

impl Week {
    fn until(as_of: Timestamp) -> Self {
        Self { before: as_of.plus(-2 * WEEK_US), from: as_of.plus(-WEEK_US), as_of }
    }
}
