//! From the lake to a confidence report: SQL says what the units are, `confidence` does the mathematics.
//!
//! A [`Warehouse`] is one look at the lake as of a moment. Its views are plain SQL (`src/sql`), its
//! aggregates make the same honest statement about any slice, and a [`Report`] is data before it is
//! text, so that the table, the page and the JSON cannot disagree.
//!
//! This is the only crate that knows DataFusion's SQL. It never writes to the lake, never reads a
//! clock, and never decides: the gate is `policy`'s, and [`weigh`] is the one way to it.

mod by_day;
mod computed;
mod correction;
mod digest;
mod duckdb;
mod error;
mod evidence;
mod forecast;
mod formed;
mod frame;
mod functions;
pub mod judge;
mod outlook;
mod read;
pub mod render;
mod report;
mod rows;
mod sql;
mod texts;
mod translations;
mod warehouse;
mod watch;
mod weigh;

pub use correction::Correction;
pub use digest::{
    CELLS_MAX, CellChange, CellState, Digest, INCIDENTS_MAX, Incident, POLICIES_MAX, PolicyChange,
    Realised, Traffic, WEEK_US, Weeks,
};
pub use duckdb::views_sql;
pub use error::Error;
pub use forecast::{Costs, Forecast, forecasts};
pub use frame::{Format, render_rows};
pub use outlook::{CellOutlook, FIRST_SHARE, Outlook, PromotionOutlook, Spending};
pub use report::{
    Accounting, Advice, Blocked, CategoryReport, CellReport, Concern, DAYS_MAX, DISAGREEMENTS_MAX,
    DayQuality, DecisionReport, Disagreement, EXCERPT_CHARS_MAX, JudgeStanding, NetSaving,
    PROVIDER_SHARE_MAX, Report, Routing, SPEND_USD_MONTH_MIN, Said, ServingReport, Slice, SoFar,
    Span, Spend, WallTime,
};
pub use texts::{Texts, is_harmless};
pub use warehouse::{Limits, Warehouse};
pub use weigh::{CandidateRule, CategoryRule, Demand, JudgeRule, Rules, Savings, Weighed, weigh};
