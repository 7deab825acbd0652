//! From the lake to a confidence report: SQL forms the units, `confidence` does the mathematics.
//!
//! A [`Warehouse`] is one look at the lake as of a moment. Its views are plain SQL (`src/sql`), its
//! aggregates make the same honest statement about any slice, and a [`Report`] is data before it is
//! text, so that the table, the page and the JSON cannot disagree.
//!
//! This is the only crate that knows DataFusion's SQL. It never writes to the lake, never reads a
//! clock, and never decides: the gate is `policy`'s.

mod computed;
mod error;
mod evidence;
mod functions;
mod read;
mod rows;
mod sql;
mod warehouse;

pub use error::Error;
pub use warehouse::{Limits, Warehouse};
