//! What a change of prices does to the saving of the cells that are chosen, without any call.

use crate::{clock::WallClock, place::Place, warehouse::look};
use anyhow::Result;
use exchange::Clock;
use pipeline::Pipeline;
use report::{Costs, Forecast, Limits};
use serde_json::{Value, json};
use shadow::Choice;
use std::collections::BTreeMap;

/// The forecast of every category and candidate that is chosen, over all of its cells.
pub(crate) async fn of(
    place: &Place,
    pipeline: &Pipeline,
    choice: &Choice,
) -> Result<Vec<Forecast>> {
    let now = WallClock.now();
    let look = look(place, now, Limits::default()).await?;
    let cells = report::forecasts(&look.warehouse, &pipeline.price_book(), now).await?;
    let is_chosen = |it: &Forecast| {
        choice.category.as_ref().is_none_or(|category| *category == it.category)
            && choice.candidate.as_ref().is_none_or(|candidate| *candidate == it.candidate)
    };
    let mut forecasts: BTreeMap<(String, String), Forecast> = BTreeMap::new();
    for one in cells.into_values().filter(is_chosen) {
        let key = (one.category.clone(), one.candidate.clone());
        let whole = match forecasts.remove(&key) {
            None => one,
            Some(other) => one.with(&other),
        };
        forecasts.insert(key, whole);
    }
    Ok(forecasts.into_values().collect())
}

pub(crate) fn json(forecast: &Forecast) -> Value {
    let costs = |costs: Option<Costs>| {
        costs.map(|it| {
            json!({
                "reference_usd": it.reference_usd,
                "candidate_usd": it.candidate_usd,
                "saving_share": it.saving_share(),
            })
        })
    };
    json!({
        "category": forecast.category,
        "candidate": forecast.candidate,
        "calls": forecast.calls,
        "as_recorded": costs(forecast.as_recorded),
        "by_prices_now": costs(forecast.by_prices_now),
    })
}

/// A line for each, with the saving as it was recorded and by the prices of now.
pub(crate) fn in_words(forecasts: &[Forecast]) -> String {
    let said = |costs: Option<Costs>| match costs {
        None => "unknown, for want of a price".to_owned(),
        Some(costs) => {
            let share = costs.saving_share().map(|share| format!(" ({:.1} %)", share * 100.0));
            let Costs { reference_usd, candidate_usd } = costs;
            format!("${candidate_usd} instead of ${reference_usd}{}", share.unwrap_or_default())
        }
    };
    let line = |it: &Forecast| {
        format!(
            "{} · {}: {} calls cost {} as recorded, {} by the prices of now\n",
            it.category,
            it.candidate,
            it.calls,
            said(it.as_recorded),
            said(it.by_prices_now)
        )
    };
    forecasts.iter().map(line).collect()
}
