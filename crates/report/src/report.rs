//! The confidence report: data before it is text.
//!
//! Two reports of the same lake as of the same moment are the same bytes, wall times aside, which
//! stand in a section of their own that can be left out.

mod cell;
mod notes;
mod traffic;

use crate::{Error, Rules, Warehouse, Weighed, weigh};
use exchange::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

pub use cell::{CellReport, DayQuality, DecisionReport, JudgeStanding, Slice};
pub use traffic::{Accounting, CategoryReport, Span, Spend, WallTime};

/// Everything that a report says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The moment that it speaks of, in microseconds.
    pub as_of: Timestamp,
    /// The versions of the tables that it was read from.
    pub lake_version: BTreeMap<String, u64>,
    /// From the first to the last exchange.
    pub observed: Span,
    /// What one must know before believing a figure: thin evidence, what was not seen, what is
    /// assumed. Empty where there is nothing to warn of.
    pub notes: Vec<String>,
    /// Whether the books between proxy and lake close.
    pub accounting: Accounting,
    /// What each category's callers sent and paid.
    pub categories: BTreeMap<String, CategoryReport>,
    /// The current cell of each category × candidate of the rules, in the rules' order.
    pub cells: Vec<CellReport>,
    /// What was paid, by purpose: reference and live by the callers, the rest by the trial.
    pub spend: BTreeMap<String, Spend>,
    /// How long replies took and how they ended; two runs never agree on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall_times: Option<Vec<WallTime>>,
}

impl Report {
    /// Gathers the report of a warehouse under the rules.
    ///
    /// # Errors
    /// [`Error::Query`] if the lake cannot be read, [`Error::Evidence`] if it holds a loss outside
    /// its declared range.
    pub async fn gather(warehouse: &Warehouse, rules: &Rules) -> Result<Self, Error> {
        Self::of(warehouse, rules, weigh(warehouse, rules).await?).await
    }

    /// Gathers the report of what [`weigh`] found for the same warehouse and rules.
    ///
    /// # Errors
    /// As [`Report::gather`].
    pub async fn of(
        warehouse: &Warehouse,
        rules: &Rules,
        weighed: Vec<Weighed>,
    ) -> Result<Self, Error> {
        let (accounting, observed) = traffic::accounting(warehouse).await?;
        let mut slices = cell::slices(warehouse).await?;
        let mut days = cell::quality_by_day(warehouse).await?;
        let cells = weighed.into_iter().map(|weighed| {
            let cell = weighed.evidence.cell.clone();
            let seen = (slices.remove(&cell), days.remove(&cell).unwrap_or_default());
            CellReport::of(weighed, seen)
        });
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        let mut report = Self {
            as_of: warehouse.as_of(),
            lake_version: rules.lake_version.clone(),
            observed,
            notes: Vec::new(),
            accounting,
            categories: traffic::categories(warehouse).await?,
            cells,
            spend: traffic::spend(warehouse).await?,
            wall_times: Some(traffic::wall_times(warehouse).await?),
        };
        report.notes = notes::of(&report, rules);
        Ok(report)
    }

    /// The report without what two runs never agree on.
    #[must_use]
    pub fn without_wall_times(self) -> Self {
        Self { wall_times: None, ..self }
    }
}
