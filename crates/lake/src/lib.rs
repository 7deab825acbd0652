//! The tables: their schemas, atomic commits, reading, compaction and retention, on Delta Lake.
//!
//! A table is a folder of Parquet files and a log that says which of them count. Rows are written
//! together with the receipt of the journal range that they came from, so the tables themselves
//! say what is done, and to do it again adds nothing. This crate alone knows the table format and
//! where it is kept: on a local disk or in a bucket of an S3 store, with the few small files that
//! processes share beside it. It never interprets what the rows mean and never queries across
//! tables: that is `report`.

pub mod commit;
pub mod crowd;

mod append;
mod bucket;
mod durable;
mod error;
mod evolve;
mod files;
mod place;
mod read;
mod rows;
mod store;
mod table;
mod tables;
mod upkeep;

pub use append::{Commit, Outcome, Receipt};
pub use bucket::{Addressing, Key, S3, Secret};
pub use error::Error;
pub use files::{Created, Files};
pub use place::Place;
pub use read::{File, Filter};
pub use rows::{batch_to_rows, rows_to_batch};
pub use store::Lake;
pub use table::{Column, Kind, Table};
pub use upkeep::{Compacted, Expired};

/// What every function of this crate that can fail returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;
