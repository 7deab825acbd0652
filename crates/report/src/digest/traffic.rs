//! What two weeks of calls cost, and what candidates saved in them.

use super::{Realised, Traffic, Week, Weeks};
use crate::{Error, Warehouse, read::Columns, sql};
use exchange::{DAY_US, NanoUsd, Timestamp, Usage, UsageSource};
use policy::PriceBook;
use std::collections::BTreeMap;

pub(super) async fn weeks(
    warehouse: &Warehouse,
    week: Week,
    prices: &PriceBook,
) -> Result<(BTreeMap<String, Weeks<Traffic>>, Weeks<Realised>), Error> {
    let mut categories: BTreeMap<String, Weeks<Traffic>> = BTreeMap::new();
    let mut savings = Weeks::<Realised>::default();
    for batch in warehouse.rows(&sql::week_traffic(week, &prices.lengths())).await? {
        let columns = Columns::of("week_traffic", &batch);
        for at in 0..batch.num_rows() {
            let is_this_week = columns.flag("is_this_week", at)?;
            let traffic = categories.entry(columns.text("category", at)?.to_owned()).or_default();
            let traffic = traffic.of(is_this_week);
            let (calls, unpriced) = (columns.count("calls", at)?, columns.count("unpriced", at)?);
            let cost = columns.money("cost_usd", at)?;
            traffic.calls += calls;
            traffic.unpriced += unpriced;
            traffic.cost_usd = traffic.cost_usd + cost.unwrap_or_default();
            if columns.flag("by_candidate", at)? {
                traffic.by_candidate += calls;
                let would = reference(&columns, at, prices)?;
                // A price that one side lacks for a call makes no saving of the others' sum.
                if let (Some(would), Some(did), 0) = (would, cost, unpriced) {
                    let realised = savings.of(is_this_week);
                    realised.calls += calls;
                    realised.reference_usd = realised.reference_usd + would;
                    realised.candidate_usd = realised.candidate_usd + did;
                }
            }
        }
    }
    add_overhead(warehouse, week, &mut savings).await?;
    for realised in [&mut savings.this, &mut savings.before] {
        let Realised { reference_usd, candidate_usd, overhead_usd, .. } = *realised;
        let net = reference_usd.0.saturating_sub(candidate_usd.0).saturating_sub(overhead_usd.0);
        realised.net_usd = NanoUsd(net);
    }
    Ok((categories, savings))
}

/// What the model that was asked for would have cost for a day's tokens; `None` where it has no price.
fn reference(columns: &Columns, at: usize, prices: &PriceBook) -> Result<Option<NanoUsd>, Error> {
    let Some(model) = columns.text_or_null("model", at)? else { return Ok(None) };
    let usage = Usage {
        input_tokens: columns.count("input_tokens", at)?,
        cached_tokens: columns.count("cached_tokens", at)?,
        cache_write_tokens: columns.count("cache_write_tokens", at)?,
        cache_write_1h_tokens: columns.count("cache_write_1h_tokens", at)?,
        output_tokens: columns.count("output_tokens", at)?,
        reasoning_tokens: columns.count("reasoning_tokens", at)?,
        ..Usage::none(UsageSource::Reported)
    };
    // A price that changes within a day changes at midnight, as providers announce it.
    let noon = Timestamp(i64::from(columns.date("day", at)?.0) * DAY_US + DAY_US / 2);
    let calls = columns.count("calls", at)?;
    Ok(prices.cost_of_all((model, noon), calls, &usage, 0))
}

async fn add_overhead(
    warehouse: &Warehouse,
    week: Week,
    savings: &mut Weeks<Realised>,
) -> Result<(), Error> {
    for batch in warehouse.rows(&sql::week_overhead(week)).await? {
        let columns = Columns::of("week_overhead", &batch);
        for at in 0..batch.num_rows() {
            let realised = savings.of(columns.flag("is_this_week", at)?);
            realised.overhead_usd = columns.money("cost_usd", at)?.unwrap_or_default();
        }
    }
    Ok(())
}
