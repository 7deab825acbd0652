//! The bytes of a segment: one frame per group, written and synced as a whole.
//!
//! ```text
//! header  mark "FJ01" · base u64 · count u32 · body_bytes u64 · crc u32
//! record  len u32 · crc u32 · payload          (count times)
//! ```
//!
//! All numbers are little endian. Every checksum starts from the segment's salt, which stands in
//! the file's name and in no frame: a payload that happens to carry the bytes of a frame is never
//! taken for one when a damaged file is searched for the next good header.

use crc32fast::Hasher;

const MARK: [u8; 4] = *b"FJ01";
pub(crate) const HEADER_BYTES: usize = 28;
pub(crate) const RECORD_HEAD_BYTES: usize = 8;
/// No topic comes this far; a frame or file name that claims to is none of ours.
pub(crate) const OFFSET_MAX: u64 = u64::MAX >> 1;

/// What stands before the records of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) base: u64,
    pub(crate) count: u32,
    pub(crate) body_bytes: u64,
}

impl Header {
    pub(crate) fn encode(&self, salt: u64) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(&MARK);
        bytes[4..12].copy_from_slice(&self.base.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.count.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.body_bytes.to_le_bytes());
        let crc = checksum(salt, &[&bytes[..24]]);
        bytes[24..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The header in `bytes`, if they are one: mark and checksum both hold, there is room for as
    /// many records as it counts, and offsets stay in their range.
    pub(crate) fn decode(bytes: &[u8], salt: u64) -> Option<Self> {
        let bytes = bytes.get(..HEADER_BYTES)?;
        if bytes[..4] != MARK || u32_at(bytes, 24) != checksum(salt, &[&bytes[..24]]) {
            return None;
        }
        let header = Self {
            base: u64_at(bytes, 4),
            count: u32_at(bytes, 12),
            body_bytes: u64_at(bytes, 16),
        };
        let heads_bytes = u64::from(header.count) * RECORD_HEAD_BYTES as u64;
        (heads_bytes <= header.body_bytes && header.end() <= OFFSET_MAX).then_some(header)
    }

    pub(crate) fn end(&self) -> u64 {
        self.base.saturating_add(u64::from(self.count))
    }

    /// Header and records.
    pub(crate) fn frame_bytes(&self) -> u64 {
        self.body_bytes.saturating_add(HEADER_BYTES as u64)
    }
}

/// What stands before one record's payload.
pub(crate) struct RecordHead {
    pub(crate) len: u32,
    crc: u32,
}

impl RecordHead {
    /// The head of a payload whose length the caller has held to `RECORD_BYTES_MAX`.
    pub(crate) fn new(salt: u64, offset: u64, payload: &[u8]) -> Self {
        let len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        Self { len, crc: record_checksum(salt, offset, len, payload) }
    }

    pub(crate) fn encode(&self) -> [u8; RECORD_HEAD_BYTES] {
        let mut bytes = [0; RECORD_HEAD_BYTES];
        bytes[..4].copy_from_slice(&self.len.to_le_bytes());
        bytes[4..].copy_from_slice(&self.crc.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Self {
        Self { len: u32_at(bytes, 0), crc: u32_at(bytes, 4) }
    }

    pub(crate) fn holds(&self, salt: u64, offset: u64, payload: &[u8]) -> bool {
        self.crc == record_checksum(salt, offset, self.len, payload)
    }
}

/// The offset and the length are part of what is checked, so that a record in the wrong place or
/// of the wrong length is noticed like one with wrong bytes.
fn record_checksum(salt: u64, offset: u64, len: u32, payload: &[u8]) -> u32 {
    checksum(salt, &[&offset.to_le_bytes(), &len.to_le_bytes(), payload])
}

/// A CRC-32 over `parts`, started from `salt`.
pub(crate) fn checksum(salt: u64, parts: &[&[u8]]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&salt.to_le_bytes());
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

/// Where a search for the next header may go on: the first place in `bytes` that looks like a mark.
pub(crate) fn find_mark(bytes: &[u8]) -> Option<usize> {
    bytes.windows(MARK.len()).position(|window| window == MARK)
}
