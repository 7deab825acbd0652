//! What was seen and what it cost.

use crate::{Error, Warehouse, read::Columns, sql};
use exchange::{DAY_US, NanoUsd, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

/// From the first to the last exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Span {
    /// The first exchange, in microseconds.
    pub first_at: Option<Timestamp>,
    /// The last one.
    pub last_at: Option<Timestamp>,
    /// The days from the first exchange to the report's moment; `None` before any.
    pub days: Option<f64>,
}

/// The exchanges between proxy and lake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Accounting {
    /// Offered to the mirror.
    pub offered: u64,
    /// Taken by it.
    pub accepted: u64,
    /// Not taken.
    pub shed: u64,
    /// Taken, and lost before they were durable.
    pub lost: u64,
    /// In the lake.
    pub recorded: u64,
    /// Missing in the proxies' own counts: what a crash lost.
    pub sequence_gaps: u64,
}

/// One category's traffic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CategoryReport {
    /// Its calls.
    pub calls: u64,
    /// Those without a known price.
    pub unpriced: u64,
    /// Those that a candidate served live.
    pub by_candidate: u64,
    /// What the priced ones cost the callers.
    pub cost_usd: NanoUsd,
    /// Its share of all calls.
    pub share_of_calls: Option<f64>,
    /// Its share of all priced spend.
    pub share_of_spend: Option<f64>,
}

/// What was paid for one purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Spend {
    /// Calls made.
    pub calls: u64,
    /// Those without a known price; they are not in the sum.
    pub unpriced: u64,
    /// What the others cost.
    pub cost_usd: NanoUsd,
}

/// How long one model's replies took in one category, and how they ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WallTime {
    /// The category.
    pub category: String,
    /// `reference`, `live candidate`, or the candidate that was shadowed.
    pub answered_by: String,
    /// Replies.
    pub replies: u64,
    /// Half of them were complete after so many milliseconds.
    pub latency_ms_p50: Option<f64>,
    /// Nineteen in twenty were.
    pub latency_ms_p95: Option<f64>,
    /// The share that a content policy refused.
    pub refused: f64,
    /// The share that the token limit cut.
    pub cut: f64,
}

pub(super) async fn accounting(warehouse: &Warehouse) -> Result<(Accounting, Span), Error> {
    let as_of = warehouse.as_of();
    let (mut books, mut span) = (Accounting::default(), Span::default());
    for batch in warehouse.rows(&sql::accounting(as_of)).await? {
        let columns = Columns::of("accounting", &batch);
        for at in 0..batch.num_rows() {
            books = Accounting {
                offered: columns.count("offered", at)?,
                accepted: columns.count("accepted", at)?,
                shed: columns.count("shed", at)?,
                lost: columns.count("lost", at)?,
                recorded: columns.count("recorded", at)?,
                sequence_gaps: columns.count("sequence_gaps", at)?,
            };
            span.first_at = columns.moment_or_null("first_at", at)?;
            span.last_at = columns.moment_or_null("last_at", at)?;
        }
    }
    span.days = span.first_at.map(|first| (as_of.0 - first.0) as f64 / DAY_US as f64);
    Ok((books, span))
}

pub(super) async fn categories(
    warehouse: &Warehouse,
) -> Result<BTreeMap<String, CategoryReport>, Error> {
    let mut categories = BTreeMap::new();
    for batch in warehouse.rows(&sql::traffic(warehouse.as_of())).await? {
        let columns = Columns::of("traffic", &batch);
        for at in 0..batch.num_rows() {
            let category = CategoryReport {
                calls: columns.count("calls", at)?,
                unpriced: columns.count("unpriced", at)?,
                by_candidate: columns.count("by_candidate", at)?,
                cost_usd: columns.money("cost_usd", at)?.unwrap_or_default(),
                share_of_calls: None,
                share_of_spend: None,
            };
            categories.insert(columns.text("category", at)?.to_owned(), category);
        }
    }
    let calls: u64 = categories.values().map(|category| category.calls).sum();
    let spend: NanoUsd = categories.values().map(|category| category.cost_usd).sum();
    for category in categories.values_mut() {
        category.share_of_calls = share(category.calls as f64, calls as f64);
        category.share_of_spend = share(category.cost_usd.usd(), spend.usd());
    }
    Ok(categories)
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// What was paid, by purpose, and by callers to each model.
pub(super) struct Paid {
    pub(super) purposes: BTreeMap<String, Spend>,
    pub(super) callers: BTreeMap<String, NanoUsd>,
}

pub(super) async fn spend(warehouse: &Warehouse) -> Result<Paid, Error> {
    let (mut purposes, mut callers) = (BTreeMap::<String, Spend>::new(), BTreeMap::new());
    for batch in warehouse.rows("SELECT * FROM spend").await? {
        let columns = Columns::of("spend", &batch);
        for at in 0..batch.num_rows() {
            let name = columns.text("purpose", at)?;
            let cost = columns.money("cost_usd", at)?.unwrap_or_default();
            if let (true, Some(model)) = (is_callers(name), columns.text_or_null("model", at)?) {
                let paid: &mut NanoUsd = callers.entry(model.to_owned()).or_default();
                *paid = *paid + cost;
            }
            let purpose = purposes.entry(name.to_owned()).or_default();
            purpose.calls += columns.count("calls", at)?;
            purpose.unpriced += columns.count("unpriced", at)?;
            purpose.cost_usd = purpose.cost_usd + cost;
        }
    }
    Ok(Paid { purposes, callers })
}

/// Whether callers pay for it; all else is the trial's.
pub(crate) fn is_callers(purpose: &str) -> bool {
    matches!(purpose, "reference" | "live")
}

pub(super) async fn wall_times(warehouse: &Warehouse) -> Result<Vec<WallTime>, Error> {
    let mut times = Vec::new();
    let text = format!("{} ORDER BY category, answered_by", sql::wall_times(warehouse.as_of()));
    for batch in warehouse.rows(&text).await? {
        let columns = Columns::of("wall_times", &batch);
        for at in 0..batch.num_rows() {
            times.push(WallTime {
                category: columns.text("category", at)?.to_owned(),
                answered_by: columns.text("answered_by", at)?.to_owned(),
                replies: columns.count("replies", at)?,
                latency_ms_p50: columns.number("latency_ms_p50", at)?,
                latency_ms_p95: columns.number("latency_ms_p95", at)?,
                refused: columns.known_number("refused", at)?,
                cut: columns.known_number("cut", at)?,
            });
        }
    }
    Ok(times)
}
