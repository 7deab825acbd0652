//! What is appended to a topic, and what is read from it.

use bytes::Bytes;

/// One record to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Records of one key lie in one partition, in the order in which they were appended. An empty
    /// key belongs to nothing.
    pub key: Bytes,
    /// What is kept.
    pub payload: Bytes,
}

impl AsRef<[u8]> for Entry {
    fn as_ref(&self) -> &[u8] {
        &self.payload
    }
}

/// A place in a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The partition.
    pub partition: u32,
    /// The place in it.
    pub offset: u64,
}

/// One record of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the partition: dense, and never given twice.
    pub offset: u64,
    /// The bytes that were appended.
    pub payload: Bytes,
}

/// Records taken by one read, up to its limits.
pub(crate) struct Taken {
    pub(crate) records: Vec<Record>,
    records_max: usize,
    bytes_left: u64,
    closed: bool,
}

impl Taken {
    pub(crate) fn new(records_max: usize, bytes_max: usize) -> Self {
        Self { records: Vec::new(), records_max, bytes_left: bytes_max as u64, closed: false }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.closed || self.records.len() >= self.records_max
    }

    /// The first record always fits, or a reader with small limits would never get past a long one.
    pub(crate) fn fits(&self, len: u64) -> bool {
        !self.is_full() && (self.records.is_empty() || len <= self.bytes_left)
    }

    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    pub(crate) fn push(&mut self, offset: u64, payload: &[u8]) {
        match self.bytes_left.checked_sub(payload.len() as u64) {
            Some(bytes_left) => self.bytes_left = bytes_left,
            // Past the limit not even an empty record follows.
            None => self.closed = true,
        }
        self.records.push(Record { offset, payload: Bytes::copy_from_slice(payload) });
    }
}
