//! What the shadowed calls would cost by the prices that hold now: what a change of prices does to the
//! saving, without any call. What was paid stays what it was.

use crate::{clock::WallClock, place::Place, warehouse::look};
use anyhow::{Context, Result};
use exchange::{Clock, NanoUsd, Usage, UsageSource};
use pipeline::Pipeline;
use report::{Format, Limits, render_rows};
use serde::Deserialize;
use serde_json::{Value, json};
use shadow::Choice;
use std::collections::BTreeMap;

/// Tokens and time of both sides of the calls that were shadowed, and what they cost then.
const QUESTION: &str = "SELECT c.category AS category, c.candidate AS candidate, e.model AS model, \
    count(*) AS calls, \
    sum(e.input_tokens) AS ri, sum(e.cached_tokens) AS rc, sum(e.cache_write_tokens) AS rw, \
    sum(e.output_tokens) AS ro, CAST(sum(e.latency_ms) AS DOUBLE) AS rt, \
    sum(s.input_tokens) AS ci, sum(s.cached_tokens) AS cc, sum(s.cache_write_tokens) AS cw, \
    sum(s.output_tokens) AS co, CAST(sum(s.latency_ms) AS DOUBLE) AS ct, \
    count(e.cost_usd) AS reference_priced, count(s.cost_usd) AS candidate_priced, \
    CAST(sum(e.cost_usd) AS VARCHAR) AS reference_usd, \
    CAST(sum(s.cost_usd) AS VARCHAR) AS candidate_usd \
    FROM shadows s JOIN opened_cells c ON c.cell = s.cell \
    JOIN exchanges e ON e.exchange_id = s.exchange_id \
    WHERE s.arm = 'candidate' AND s.origin IS NULL AND s.fault IS NULL \
    AND s.input_tokens IS NOT NULL AND e.input_tokens IS NOT NULL AND e.route = 'reference' \
    GROUP BY c.category, c.candidate, e.model ORDER BY c.category, c.candidate, e.model";

/// One candidate's calls in one category.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Forecast {
    category: String,
    candidate: String,
    calls: u64,
    then: Option<Costs>,
    now: Option<Costs>,
}

/// What both sides cost.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Costs {
    reference: NanoUsd,
    candidate: NanoUsd,
}

#[derive(Deserialize)]
struct Row {
    category: String,
    candidate: String,
    model: Option<String>,
    calls: u64,
    ri: u64,
    rc: Option<u64>,
    rw: Option<u64>,
    ro: u64,
    rt: Option<f64>,
    ci: u64,
    cc: Option<u64>,
    cw: Option<u64>,
    co: u64,
    ct: Option<f64>,
    reference_priced: u64,
    candidate_priced: u64,
    reference_usd: Option<NanoUsd>,
    candidate_usd: Option<NanoUsd>,
}

/// The forecast of every cell that is chosen.
pub(crate) async fn of(
    place: &Place,
    pipeline: &Pipeline,
    choice: &Choice,
) -> Result<Vec<Forecast>> {
    let look = look(place, WallClock.now(), Limits::default()).await?;
    let (schema, batches) = look.warehouse.ask(QUESTION).await?;
    let rows = render_rows(&schema, &batches, Format::Json)?;
    let rows: Vec<Row> = serde_json::from_slice(&rows).context("sums of tokens")?;
    let mut forecasts: BTreeMap<(String, String), Forecast> = BTreeMap::new();
    for row in rows {
        let is_chosen = choice.category.as_ref().is_none_or(|it| *it == row.category)
            && choice.candidate.as_ref().is_none_or(|it| *it == row.candidate);
        if is_chosen {
            let key = (row.category.clone(), row.candidate.clone());
            let one = row.forecast(pipeline);
            match forecasts.remove(&key) {
                None => forecasts.insert(key, one),
                Some(other) => forecasts.insert(key, one.with(&other)),
            };
        }
    }
    Ok(forecasts.into_values().collect())
}

impl Row {
    fn forecast(self, pipeline: &Pipeline) -> Forecast {
        let (prices, now) = (pipeline.price_book(), WallClock.now());
        let cost = |model: &str, tokens: [u64; 4], millis: Option<f64>| {
            let [input_tokens, cached_tokens, cache_write_tokens, output_tokens] = tokens;
            let usage = Usage {
                input_tokens,
                cached_tokens,
                cache_write_tokens,
                output_tokens,
                reasoning_tokens: 0,
                source: UsageSource::Reported,
            };
            prices.cost(model, now, &usage, (millis.unwrap_or_default() * 1_000.0) as u64)
        };
        let known = |tokens: Option<u64>| tokens.unwrap_or_default();
        let reference = [self.ri, known(self.rc), known(self.rw), self.ro];
        let reference = self.model.as_ref().and_then(|model| cost(model, reference, self.rt));
        let candidate = [self.ci, known(self.cc), known(self.cw), self.co];
        let candidate = cost(&self.candidate, candidate, self.ct);
        // A sum over calls of which some had no price is no sum.
        let all = |priced: u64, sum: Option<NanoUsd>| sum.filter(|_| priced == self.calls);
        let then = all(self.reference_priced, self.reference_usd)
            .zip(all(self.candidate_priced, self.candidate_usd));
        let costs = |(reference, candidate)| Costs { reference, candidate };
        Forecast {
            category: self.category,
            candidate: self.candidate,
            calls: self.calls,
            then: then.map(costs),
            now: reference.zip(candidate).map(costs),
        }
    }
}

impl Costs {
    fn with(self, other: Self) -> Self {
        Self {
            reference: self.reference + other.reference,
            candidate: self.candidate + other.candidate,
        }
    }

    /// The share that the candidate saves; `None` where the reference cost nothing.
    fn share(self) -> Option<f64> {
        let reference = self.reference.usd();
        (reference > 0.0).then(|| 1.0 - self.candidate.usd() / reference)
    }
}

impl Forecast {
    fn with(self, other: &Self) -> Self {
        let both = |one: Option<Costs>, two: Option<Costs>| one.zip(two).map(|(a, b)| a.with(b));
        Self {
            calls: self.calls + other.calls,
            then: both(self.then, other.then),
            now: both(self.now, other.now),
            ..self
        }
    }

    pub(crate) fn json(&self) -> Value {
        let costs = |costs: Option<Costs>| {
            costs.map(|it| {
                json!({
                    "reference_usd": it.reference,
                    "candidate_usd": it.candidate,
                    "saving_share": it.share(),
                })
            })
        };
        json!({
            "category": self.category,
            "candidate": self.candidate,
            "calls": self.calls,
            "as_recorded": costs(self.then),
            "by_prices_now": costs(self.now),
        })
    }
}

/// A line for each, with the saving as it was recorded and by the prices of now.
pub(crate) fn in_words(forecasts: &[Forecast]) -> String {
    let said = |costs: Option<Costs>| match costs {
        None => "unknown, for want of a price".to_owned(),
        Some(costs) => {
            let share = costs.share().map(|share| format!(" ({:.1} %)", share * 100.0));
            let Costs { reference, candidate } = costs;
            format!("${candidate} instead of ${reference}{}", share.unwrap_or_default())
        }
    };
    let line = |it: &Forecast| {
        format!(
            "{} · {}: {} calls cost {} as recorded, {} by the prices of now\n",
            it.category,
            it.candidate,
            it.calls,
            said(it.then),
            said(it.now)
        )
    };
    forecasts.iter().map(line).collect()
}
