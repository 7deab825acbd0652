use crate::{
    StoredExchange, StoredShadow,
    error::Cause,
    rows::{
        assignment::AssignmentRow, block::BlockRow, call::CallRow, cell::CellRow,
        exchange::ExchangeRow, meter::MeterRow, shadow::ShadowRow,
    },
};
use exchange::{Date, ExchangeId, Meter, NanoUsd, Timestamp};
use serde::Deserialize;
use std::{future::Future, ops::Range};

/// The tables, as the worker needs them. What is done is what the tables say is done: a batch may
/// come again after a crash, cut at other offsets, with rows that are there already.
///
/// The promise: of rows with a journal offset, those before the table's receipt are left out; rows
/// and receipt (the range's end) of one table are written in one commit; tables are written in the
/// order of the fields.
pub trait Record: Send + Sync + 'static {
    /// What the tables hold already.
    fn receipts(&self) -> impl Future<Output = Result<Receipts, Cause>> + Send;

    /// Every cell ever opened.
    fn cells(&self) -> impl Future<Output = Result<Vec<CellRow>, Cause>> + Send;

    /// Every block ever declared.
    fn blocks(&self) -> impl Future<Output = Result<Vec<BlockRow>, Cause>> + Send;

    /// The assignments of these journal records that are there already.
    fn assignments(
        &self,
        offsets: Range<u64>,
    ) -> impl Future<Output = Result<Vec<AssignmentRow>, Cause>> + Send;

    /// What is there already of these journal records.
    fn recorded(&self, offsets: Range<u64>)
    -> impl Future<Output = Result<Recorded, Cause>> + Send;

    /// Records what was observed and decided, before anything is asked.
    fn observed(&self, batch: Observed) -> impl Future<Output = Result<(), Cause>> + Send;

    /// Records what was made of it.
    fn shadowed(&self, batch: Shadowed) -> impl Future<Output = Result<(), Cause>> + Send;

    /// Records what was paid. The offsets are the ledger's.
    fn called(&self, batch: Called) -> impl Future<Output = Result<(), Cause>> + Send;
}

/// What the tables hold already: the first journal offset that each does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipts {
    /// Of `assignments`: what lies before it was decided, and is not decided again.
    pub assignments: u64,
    /// Of `shadows`: what lies before it was asked, and is not asked again.
    pub shadows: u64,
    /// Of the table that holds least of the exchanges' topic; none where one holds nothing of it.
    pub everywhere: Option<u64>,
    /// Of `calls`, in the ledger; none where it holds nothing of it.
    pub calls: Option<u64>,
}

/// What tables hold of a stretch of the journal, in the records' order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// The exchanges.
    pub exchanges: Vec<ExchangeId>,
    /// The meters, each once or oftener: one may have several rows.
    pub meters: Vec<MeterId>,
}

/// What tells a meter from every other one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct MeterId {
    /// The proxy process that counted.
    pub proxy_instance: String,
    /// The start of the second.
    pub at: Timestamp,
    /// The category that the caller declared, where it did.
    pub category: Option<String>,
}

impl MeterId {
    /// That of a meter.
    pub fn of(meter: &Meter) -> Self {
        let Meter { proxy_instance, at, category, .. } = meter;
        Self { proxy_instance: proxy_instance.clone(), at: *at, category: category.clone() }
    }
}

/// The first half of a batch, in the order of its commits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// The journal records that it covers.
    pub offsets: Range<u64>,
    /// Cells opened; new by their id.
    pub cells: Vec<CellRow>,
    /// Blocks declared; new by cell and day.
    pub blocks: Vec<BlockRow>,
    /// The exchanges.
    pub exchanges: Vec<ExchangeRow>,
    /// What was decided about each.
    pub assignments: Vec<AssignmentRow>,
    /// The accounting.
    pub meters: Vec<MeterRow>,
}

/// The second half of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shadowed {
    /// The journal records that it covers.
    pub offsets: Range<u64>,
    /// A row for each arm that was asked.
    pub shadows: Vec<ShadowRow>,
}

/// A stretch of the ledger.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Called {
    /// The ledger's records that it covers.
    pub offsets: Range<u64>,
    /// A row for each.
    pub calls: Vec<CallRow>,
}

/// The tables, for whoever goes over them again: what is there, a day at a time, and where more goes.
/// Only one at a time does, so what was looked for and not found may be added.
pub trait Stored: Send + Sync + 'static {
    /// Every cell ever opened.
    fn cells(&self) -> impl Future<Output = Result<Vec<CellRow>, Cause>> + Send;

    /// The days on which anything was decided about a candidate, in order.
    fn days(&self, candidate: &str) -> impl Future<Output = Result<Vec<Date>, Cause>> + Send;

    /// What was decided about a candidate on a day, for whichever cell.
    fn assignments(
        &self,
        candidate: &str,
        day: Date,
    ) -> impl Future<Output = Result<Vec<AssignmentRow>, Cause>> + Send;

    /// The replies of a day: a candidate's, for whichever cell, and those of controls.
    fn shadows(
        &self,
        candidate: &str,
        day: Date,
    ) -> impl Future<Output = Result<Vec<StoredShadow>, Cause>> + Send;

    /// The exchanges of a category on a day.
    fn exchanges(
        &self,
        category: &str,
        day: Date,
    ) -> impl Future<Output = Result<Vec<StoredExchange>, Cause>> + Send;

    /// The days that have exchanges of a category, in order.
    fn exchange_days(
        &self,
        category: &str,
    ) -> impl Future<Output = Result<Vec<Date>, Cause>> + Send;

    /// What was decided about pairs that are frozen, for whichever category and moment.
    fn anchors(&self) -> impl Future<Output = Result<Vec<AssignmentRow>, Cause>> + Send;

    /// Adds rows, in the order of the fields, each field in one commit.
    fn add(&self, rows: Added) -> impl Future<Output = Result<(), Cause>> + Send;

    /// What was spent on a day on calls as they pass, by purpose and model.
    fn spent(&self, day: Date) -> impl Future<Output = Result<Vec<Spent>, Cause>> + Send;
}

/// Rows that no journal range speaks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Added {
    /// Cells opened.
    pub cells: Vec<CellRow>,
    /// Blocks declared.
    pub blocks: Vec<BlockRow>,
    /// What was decided.
    pub assignments: Vec<AssignmentRow>,
    /// What was made of it.
    pub shadows: Vec<ShadowRow>,
}

/// Where paid calls are written down before their answers are used.
pub trait Ledger: Send + Sync + 'static {
    /// Returns when the rows would survive a crash.
    fn append(&self, calls: &[CallRow]) -> impl Future<Output = Result<(), Cause>> + Send;

    /// What was spent on calls that began on a day, by purpose and model.
    fn spent(&self, day: Date) -> impl Future<Output = Result<Vec<Spent>, Cause>> + Send;
}

/// What one purpose took of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// What for.
    pub purpose: crate::Purpose,
    /// The model.
    pub model: String,
    /// How much.
    pub cost: NanoUsd,
}
