//! What can go wrong with the tables, where, and what to do about it.

use crate::bucket::{Outage, outage};
use arrow::error::ArrowError;
use deltalake_core::{
    DeltaTableError, datafusion::error::DataFusionError, kernel::transaction::TransactionError,
};
use std::io::ErrorKind;

/// Why the lake could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder or bucket may not be written.
    #[error("{place} cannot be written; give this process the right to, or choose another --data")]
    ReadOnly {
        /// The table's address.
        place: String,
        /// What the storage said.
        source: Box<DeltaTableError>,
    },
    /// The disk or the quota is used up.
    #[error("no space is left for {place}; free some, or run `foreshadow lake expire`")]
    Full {
        /// The table's address.
        place: String,
        /// What the storage said.
        source: Box<DeltaTableError>,
    },
    /// The storage did not answer as it should.
    #[error("{place} cannot be reached; it is tried again")]
    Storage {
        /// The table's address.
        place: String,
        /// What the storage said.
        source: Box<DeltaTableError>,
    },
    /// The bucket's store does not answer, or not well.
    #[error(
        "{place} cannot be reached: {said}; look at the network, at the store, and at `endpoint` of \
         [s3]; it is tried again"
    )]
    Away {
        /// The table's address.
        place: String,
        /// What the store said, or how it was silent.
        said: String,
    },
    /// The bucket's store knows who comes, and will not.
    #[error(
        "{place} may not be used: {said}; look at the key that [s3] names, at what it may do in the \
         bucket, and at `region`"
    )]
    Refused {
        /// The table's address.
        place: String,
        /// What the store said.
        said: String,
    },
    /// The store has no such bucket.
    #[error("{place} is nowhere: {said}; make the bucket, or name another one in --data")]
    NoBucket {
        /// The table's address.
        place: String,
        /// What the store said.
        said: String,
    },
    /// The address is none that this build can use.
    #[error("{place} is no place for tables: {why}")]
    Address {
        /// What was to be an address.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file is longer than any that is written.
    #[error("{place} is longer than any file of its kind; somebody else wrote it: take it away")]
    TooLong {
        /// The file's address.
        place: String,
    },
    /// Other commits kept coming first.
    #[error("table {table} is written by too many at once; it is tried again")]
    Contended {
        /// The table's name.
        table: &'static str,
    },
    /// A commit would leave a hole.
    #[error("table {table} holds {from} only up to {held}; commit the range from there first")]
    Gap {
        /// The table's name.
        table: &'static str,
        /// The source of the receipt.
        from: String,
        /// The first offset that the table does not hold.
        held: u64,
    },
    /// Part of a range is in a table whose rows do not say which record they came from.
    #[error("table {table} holds part of the range; cut the batch at {held} and try again")]
    Straddles {
        /// The table's name.
        table: &'static str,
        /// Where to cut.
        held: u64,
    },
    /// The name is the lake's own.
    #[error("the source {0:?} is reserved; name the source after its journal and partition")]
    Reserved(String),
    /// Rows do not fit the table's schema.
    #[error("rows do not fit table {table}; compare them with schemas/lake/{table}.json")]
    Rows {
        /// The table's name.
        table: &'static str,
        /// What Arrow said.
        source: ArrowError,
    },
    /// The day is none.
    #[error("{0:?} is no day; write it as 2026-01-31")]
    Day(String),
    /// The table has no such column, or the query is none.
    #[error("table {table} cannot be read like that; compare with schemas/lake/{table}.json")]
    Query {
        /// The table's name.
        table: &'static str,
        /// What the query engine said.
        source: Box<DataFusionError>,
    },
    /// The version is gone or never was.
    #[error("table {table} has no version {version}; it may have been cleaned up")]
    NoVersion {
        /// The table's name.
        table: &'static str,
        /// The version asked for.
        version: i64,
    },
    /// The folder holds something that is no table of this lake.
    #[error("{place} is damaged or no table of this lake; restore it, or choose another --data")]
    Damaged {
        /// The table's address.
        place: String,
        /// What the table format said.
        source: Box<DeltaTableError>,
    },
}

impl Error {
    /// Whether the same call may succeed later without anybody doing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Error::Storage { .. } | Error::Away { .. } | Error::Contended { .. } => true,
            Error::ReadOnly { .. }
            | Error::Full { .. }
            | Error::Refused { .. }
            | Error::NoBucket { .. }
            | Error::Address { .. }
            | Error::TooLong { .. }
            | Error::Gap { .. }
            | Error::Straddles { .. }
            | Error::Reserved(_)
            | Error::Rows { .. }
            | Error::Day(_)
            | Error::Query { .. }
            | Error::NoVersion { .. }
            | Error::Damaged { .. } => false,
        }
    }

    /// Sorts what the table format reports by what can be done about it.
    pub(crate) fn at(place: &str, source: DeltaTableError) -> Self {
        if let Some(outage) = outage(&source) {
            return Self::of(outage, place);
        }
        let (place, kind) = (place.to_owned(), io_kind(&source));
        let source = Box::new(source);
        match kind {
            Some(ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
                Error::ReadOnly { place, source }
            }
            Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
                Error::Full { place, source }
            }
            Some(_) => Error::Storage { place, source },
            None if matches!(*source, DeltaTableError::ObjectStore { .. }) => {
                Error::Storage { place, source }
            }
            None => Error::Damaged { place, source },
        }
    }

    /// The same of a query.
    pub(crate) fn queried(table: &'static str, place: &str, source: DataFusionError) -> Self {
        match outage(&source) {
            Some(outage) => Self::of(outage, place),
            None => Error::Query { table, source: Box::new(source) },
        }
    }

    fn of(outage: Outage, place: &str) -> Self {
        let place = place.to_owned();
        match outage {
            Outage::Refused(said) => Error::Refused { place, said },
            Outage::NoBucket(said) => Error::NoBucket { place, said },
            Outage::Away(said) => Error::Away { place, said },
        }
    }
}

/// Whether another commit came first, so that the receipt has to be read again.
pub(crate) fn is_lost(error: &DeltaTableError) -> bool {
    match error {
        DeltaTableError::Transaction { source } => matches!(
            source,
            TransactionError::CommitConflict(_) | TransactionError::MaxCommitAttempts(_)
        ),
        DeltaTableError::VersionAlreadyExists(_) => true,
        // What was read is so long ago that the log no longer tells of it.
        DeltaTableError::InvalidVersion(_) => true,
        _ => false,
    }
}

fn io_kind(error: &DeltaTableError) -> Option<ErrorKind> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        cause = error.source();
    }
    None
}
