//! The confidence report: data before it is text.
//!
//! Two reports of the same lake as of the same moment are the same bytes. Of two lakes that the same
//! calls made they are once wall times and single exchanges are left out.

mod blocked;
mod cell;
mod days;
mod disagreements;
mod notes;
mod routing;
mod traffic;

use crate::{Error, Rules, Warehouse, Weighed, correction, forecast, weigh};
use exchange::{NanoUsd, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

pub use blocked::Blocked;
pub use cell::{CellReport, DecisionReport, JudgeStanding, ServingReport, Slice};
pub use days::{DAYS_MAX, DayQuality, SoFar};
pub(crate) use disagreements::LOOKED_AT_MAX;
pub use disagreements::{DISAGREEMENTS_MAX, Disagreement, EXCERPT_CHARS_MAX, Said};
pub use routing::{Advice, Concern, NetSaving, PROVIDER_SHARE_MAX, Routing, SPEND_USD_MONTH_MIN};
pub(crate) use traffic::is_callers;
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
    /// Whether it is worth routing at all.
    pub routing: Routing,
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
        let mut days = days::days(warehouse).await?;
        let current = weighed.iter().map(|weighed| weighed.evidence.cell.as_str()).collect();
        let mut worst = disagreements::worst(warehouse, &current).await?;
        let mut blocked = blocked::blocked(warehouse).await?;
        let mut corrections = correction::so_far(warehouse).await?;
        let mut forecasts = forecast::forecasts(warehouse, &rules.prices, rules.decided_at).await?;
        let cells = weighed.into_iter().map(|weighed| {
            let cell = &weighed.evidence.cell;
            let seen = cell::Seen {
                cuts: slices.remove(cell).unwrap_or_default(),
                days: days.remove(cell).unwrap_or_default(),
                worst: worst.remove(cell).unwrap_or_default(),
                blocked: blocked.remove(cell).unwrap_or_default(),
                correction: corrections.remove(cell),
                forecast: forecasts.remove(cell),
            };
            CellReport::of(weighed, seen)
        });
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        let paid = traffic::spend(warehouse).await?;
        let callers = by_provider(&paid.callers, &rules.providers);
        let routing = routing::of(&cells, observed, &paid.purposes, &callers);
        let mut report = Self {
            as_of: warehouse.as_of(),
            lake_version: rules.lake_version.clone(),
            observed,
            notes: Vec::new(),
            accounting,
            categories: traffic::categories(warehouse).await?,
            cells,
            routing,
            spend: paid.purposes,
            wall_times: Some(traffic::wall_times(warehouse).await?),
        };
        report.notes = notes::of(&report, rules);
        Ok(report)
    }

    /// The report without what two runs of the same calls never agree on: wall times, and single
    /// exchanges, whose ids are drawn anew.
    #[must_use]
    pub fn reproducible(self) -> Self {
        let cells = self.cells.into_iter().map(CellReport::reproducible).collect();
        Self { wall_times: None, cells, ..self }
    }
}

/// What callers paid to each provider; a model that the pipeline does not know stands for itself.
fn by_provider(
    callers: &BTreeMap<String, NanoUsd>,
    providers: &BTreeMap<String, String>,
) -> BTreeMap<String, NanoUsd> {
    let mut paid: BTreeMap<String, NanoUsd> = BTreeMap::new();
    for (model, cost) in callers {
        let provider = paid.entry(providers.get(model).unwrap_or(model).clone()).or_default();
        *provider = *provider + *cost;
    }
    paid
}
