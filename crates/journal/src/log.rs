//! What the embedded journal and Kafka have in common.

use crate::{
    error::Result,
    membership::Membership,
    record::{Entry, Position, Record},
};
use std::ops::Range;

/// Takes records.
pub trait Append: Send + Sync {
    /// Appends `entries` and returns when all of them will outlast a crash of this process. Blocks.
    ///
    /// # Errors
    /// Any [`crate::Error`]; [`crate::Error::lost`] says which of them were not taken. Of what went over
    /// a network it may not be known whether it is kept.
    fn append(&self, topic: &str, entries: &[Entry]) -> Result<()>;
}

/// Keeps records, in topics of one or more partitions; in each the offsets ascend.
pub trait Log: Append {
    /// Which log this is: who remembers an offset remembers this beside it. Blocks.
    ///
    /// # Errors
    /// The broker cannot be asked.
    fn id(&self) -> Result<String>;

    /// How many partitions the topic has, numbered from 0. Blocks.
    ///
    /// # Errors
    /// The broker cannot be asked, or does not know the topic.
    fn partitions(&self, topic: &str) -> Result<u32>;

    /// The offsets of a partition that are kept: the oldest, and the next to be given. Blocks.
    ///
    /// # Errors
    /// The broker cannot be asked, or does not know the partition.
    fn kept(&self, topic: &str, partition: u32) -> Result<Range<u64>>;

    /// Reads from `from` what is there, up to the limits but at least one record; nothing at the end
    /// of the partition. Blocks, but not for records to come.
    ///
    /// # Errors
    /// [`crate::Error::Trimmed`] if they are no longer kept; else disk or broker failed.
    fn read(
        &self,
        topic: &str,
        from: Position,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Record>>;

    /// Joins the group, whose members share the topic's partitions.
    ///
    /// # Errors
    /// The name is none, or disk or broker refuse.
    fn join(&self, topic: &str, group: &str) -> Result<Membership>;
}
