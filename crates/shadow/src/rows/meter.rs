use exchange::{Date, Meter, Timestamp};
use serde::Serialize;

/// One second of one proxy: a row of `meters`. Counts add up over rows; a second with several
/// reasons has a row for each.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MeterRow {
    /// UTC day of `at`.
    pub date: Date,
    /// The proxy process that counted.
    pub proxy_instance: String,
    /// The start of the second.
    pub at: Timestamp,
    /// The category that the caller declared, where it did.
    pub category: Option<String>,
    /// Exchanges offered to the mirror.
    pub offered: u64,
    /// Those that it took.
    pub accepted: u64,
    /// Those that it did not take, for this row's reason.
    pub shed: u64,
    /// Why it did not take them.
    pub shed_reason: Option<String>,
    /// Accepted ones lost before they were durable, for this row's reason.
    pub lost: u64,
    /// Why they were lost.
    pub lost_reason: Option<String>,
    /// The journal record that the row came from.
    pub journal_offset: u64,
}

impl MeterRow {
    /// The rows of one meter: one for its counts, and one more for each further reason.
    pub(crate) fn all(offset: u64, meter: &Meter) -> Vec<Self> {
        let blank = Self {
            date: meter.at.date(),
            proxy_instance: meter.proxy_instance.clone(),
            at: meter.at,
            category: meter.category.clone(),
            offered: 0,
            accepted: 0,
            shed: 0,
            shed_reason: None,
            lost: 0,
            lost_reason: None,
            journal_offset: offset,
        };
        let mut rows = vec![blank.clone(); meter.shed.len().max(meter.lost.len()).max(1)];
        rows[0].offered = meter.offered;
        rows[0].accepted = meter.accepted;
        for (row, (reason, count)) in rows.iter_mut().zip(&meter.shed) {
            (row.shed, row.shed_reason) = (*count, Some(reason.clone()));
        }
        for (row, (reason, count)) in rows.iter_mut().zip(&meter.lost) {
            (row.lost, row.lost_reason) = (*count, Some(reason.clone()));
        }
        rows
    }
}
