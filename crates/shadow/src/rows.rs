//! The rows that the worker makes, with the column names of the published tables.
//!
//! Each struct is one row of the table that its file is named after; a field is a column. Times are
//! microseconds, money is dollars in decimal text, durations are milliseconds, `None` is null and
//! never zero. The offset of the journal record that a row came from travels with it, so that a
//! table can say what it holds already.

pub(crate) mod assignment;
pub(crate) mod block;
pub(crate) mod call;
pub(crate) mod cell;
pub(crate) mod exchange;
pub(crate) mod meter;
pub(crate) mod origin;
pub(crate) mod score;
pub(crate) mod shadow;

/// Microseconds as the tables' milliseconds.
pub(crate) fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}
