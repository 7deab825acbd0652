//! What the shadowed calls would cost by other prices than those that held when they were made: what a
//! change of prices does to the saving, without any call. What was paid stays what it was.

use crate::{Error, Warehouse, read::Columns, sql};
use exchange::{NanoUsd, ServiceTier, Timestamp, Usage, UsageSource};
use policy::PriceBook;
use serde::Serialize;
use std::collections::BTreeMap;

/// The shadowed calls of one cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// The kind of call.
    pub category: String,
    /// The model on trial.
    pub candidate: String,
    /// The calls that were counted on both sides.
    pub calls: u64,
    /// What they cost when they were made; `None` where one of them had no price.
    pub as_recorded: Option<Costs>,
    /// What they would cost by the prices of the moment; `None` where a model has none.
    pub by_prices_now: Option<Costs>,
}

/// What both sides cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Costs {
    /// The reference.
    pub reference_usd: NanoUsd,
    /// The candidate.
    pub candidate_usd: NanoUsd,
}

impl Costs {
    /// The costs of these calls and of others.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            reference_usd: self.reference_usd + other.reference_usd,
            candidate_usd: self.candidate_usd + other.candidate_usd,
        }
    }

    /// The share that the candidate saves; `None` where the reference cost nothing.
    #[must_use]
    pub fn saving_share(self) -> Option<f64> {
        let reference = self.reference_usd.usd();
        (reference > 0.0).then(|| 1.0 - self.candidate_usd.usd() / reference)
    }
}

impl Forecast {
    /// The forecast of these calls and of others. A sum over calls of which some have no price is none.
    #[must_use]
    pub fn with(self, other: &Self) -> Self {
        let both = |one: Option<Costs>, two: Option<Costs>| one.zip(two).map(|(a, b)| a.with(b));
        Self {
            calls: self.calls + other.calls,
            as_recorded: both(self.as_recorded, other.as_recorded),
            by_prices_now: both(self.by_prices_now, other.by_prices_now),
            ..self
        }
    }
}

/// The forecast of every cell that shadowed calls, by the prices that hold at `now`.
///
/// # Errors
/// [`Error::Query`] if the lake cannot be read.
pub async fn forecasts(
    warehouse: &Warehouse,
    prices: &PriceBook,
    now: Timestamp,
) -> Result<BTreeMap<String, Forecast>, Error> {
    let mut cells: BTreeMap<String, Forecast> = BTreeMap::new();
    let text = sql::forecast(warehouse.as_of(), &prices.lengths());
    for batch in warehouse.rows_by_day(&text).await? {
        let columns = Columns::of("forecast", &batch);
        for at in 0..batch.num_rows() {
            let cell = columns.text("cell", at)?.to_owned();
            let one = Row { columns: &columns, at }.forecast(prices, now)?;
            let whole = match cells.remove(&cell) {
                None => one,
                Some(other) => one.with(&other),
            };
            cells.insert(cell, whole);
        }
    }
    Ok(cells)
}

/// Calls that prices do not tell apart.
struct Row<'a> {
    columns: &'a Columns,
    at: usize,
}

/// The names of one side's columns.
struct Side {
    tokens: [&'static str; 6],
    tier: &'static str,
    ms: &'static str,
    priced: &'static str,
    usd: &'static str,
}

const REFERENCE: Side = Side {
    tokens: [
        "reference_input",
        "reference_cached",
        "reference_written",
        "reference_written_1h",
        "reference_output",
        "reference_reasoning",
    ],
    tier: "reference_tier",
    ms: "reference_ms",
    priced: "reference_priced",
    usd: "reference_usd",
};

const CANDIDATE: Side = Side {
    tokens: [
        "candidate_input",
        "candidate_cached",
        "candidate_written",
        "candidate_written_1h",
        "candidate_output",
        "candidate_reasoning",
    ],
    tier: "candidate_tier",
    ms: "candidate_ms",
    priced: "candidate_priced",
    usd: "candidate_usd",
};

impl Row<'_> {
    fn forecast(&self, prices: &PriceBook, now: Timestamp) -> Result<Forecast, Error> {
        let Self { columns, at } = *self;
        let candidate = columns.text("candidate", at)?;
        let model = columns.text_or_null("model", at)?;
        let calls = columns.count("calls", at)?;
        let cost = |model: Option<&str>, side: &Side| -> Result<Option<NanoUsd>, Error> {
            let Some(model) = model else { return Ok(None) };
            let usage = self.usage(side)?;
            let latency_us = (columns.known_number(side.ms, at)? * 1_000.0) as u64;
            Ok(prices.cost_of_all((model, now), calls, &usage, latency_us))
        };
        let costs = |(reference_usd, candidate_usd)| Costs { reference_usd, candidate_usd };
        let now = cost(model, &REFERENCE)?.zip(cost(Some(candidate), &CANDIDATE)?);
        let then = self.paid(&REFERENCE)?.zip(self.paid(&CANDIDATE)?);
        Ok(Forecast {
            category: columns.text("category", at)?.to_owned(),
            candidate: candidate.to_owned(),
            calls,
            as_recorded: then.map(costs),
            by_prices_now: now.map(costs),
        })
    }

    fn usage(&self, side: &Side) -> Result<Usage, Error> {
        let [input, cached, written, written_1h, output, reasoning] = side.tokens;
        let count = |name| self.columns.count(name, self.at);
        Ok(Usage {
            input_tokens: count(input)?,
            cached_tokens: count(cached)?,
            cache_write_tokens: count(written)?,
            cache_write_1h_tokens: count(written_1h)?,
            output_tokens: count(output)?,
            reasoning_tokens: count(reasoning)?,
            tier: ServiceTier::named(self.columns.text_or_null(side.tier, self.at)?),
            source: UsageSource::Reported,
        })
    }

    /// What was paid, where every call had a price.
    fn paid(&self, side: &Side) -> Result<Option<NanoUsd>, Error> {
        let all =
            self.columns.count(side.priced, self.at)? == self.columns.count("calls", self.at)?;
        Ok(self.columns.money(side.usd, self.at)?.filter(|_| all))
    }
}
