//! What a day of a cell looks like, by its last days.

use crate::{Error, Warehouse, Weighed, read::Columns, sql};
use exchange::{DAY_US, NanoUsd};
use policy::Sampling;
use std::collections::BTreeMap;

/// The days that tomorrow is taken to resemble: a week, because weekends are not like other days.
const DAYS: i64 = 7;

/// The least part of a day that anything is extrapolated from: an hour.
const DAY_PART_MIN: f64 = 1.0 / 24.0;

/// A day of one cell; empty where nothing was seen of late.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Day {
    /// Calls of its category that its candidates were decided about.
    pub(super) calls: Option<f64>,
    /// Conversations that could be asked.
    pub(super) conversations: Option<f64>,
    /// What one asked conversation costs, with its part of control and judge.
    pub(super) cost: Option<NanoUsd>,
    /// Of the conversations that were drawn for, the share that was asked, and the chance of a call.
    drawn: Option<(f64, f64)>,
}

impl Day {
    /// Of the conversations that a share admits, how many have a call that is asked: all of them,
    /// where every call of a conversation is.
    pub(super) fn reach(&self, sampling: Sampling) -> f64 {
        let one_call = sampling.calls.value();
        let Some((asked, pi)) = self.drawn else { return one_call };
        let admitted = pi / one_call;
        if admitted > 0.0 { (asked / admitted).clamp(one_call, 1.0) } else { one_call }
    }
}

/// By the cell.
pub(super) async fn of_cells(
    warehouse: &Warehouse,
    weighed: &[Weighed],
) -> Result<BTreeMap<String, Day>, Error> {
    let as_of = warehouse.as_of();
    let since = as_of.plus(-DAYS * DAY_US);
    let first = weighed.iter().filter_map(|weighed| {
        let first = weighed.evidence.first_at?.max(since.0);
        Some((weighed.evidence.cell.as_str(), (as_of.0 - first) as f64 / DAY_US as f64))
    });
    let spans: BTreeMap<&str, f64> = first.collect();
    let mut days = BTreeMap::new();
    for batch in warehouse.rows(&sql::prospects(since, as_of)).await? {
        let columns = Columns::of("prospects", &batch);
        for at in 0..batch.num_rows() {
            let cell = columns.text("cell", at)?;
            if let Some(span) = spans.get(cell) {
                days.insert(cell.to_owned(), day(&columns, at, span.max(DAY_PART_MIN))?);
            }
        }
    }
    Ok(days)
}

fn day(columns: &Columns, at: usize, span: f64) -> Result<Day, Error> {
    let count = |column| Ok::<_, Error>(columns.count(column, at)? as f64);
    let (drawn, asked) = (count("drawn")?, count("asked")?);
    let pi = columns.known_number("expected", at)? / drawn;
    let paid = columns.money("usd", at)?.filter(|_| asked > 0.0);
    Ok(Day {
        calls: Some(count("calls")? / span),
        conversations: Some(count("conversations")? / span),
        cost: paid.and_then(|paid| NanoUsd::from_usd(paid.usd() / asked)),
        drawn: (drawn > 0.0).then_some((asked / drawn, pi)),
    })
}
