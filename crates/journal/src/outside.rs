//! Payloads that are longer than the brokers take a record: they lie outside, and the record says where.
//!
//! ```text
//! mark "FX" · version 1 · payload_bytes u32 · name, a UUID of version 7      (little endian)
//! ```
//!
//! They are left there before the record is handed over, so a record never points at what is not there
//! yet. An attempt that fails in between leaves one behind that nothing points at. Whoever keeps them
//! takes them away once they are older than the records can be, which their names tell.

use crate::{
    error::{Error, Result},
    journal::RECORD_BYTES_MAX,
    record::Record,
};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::time::Duration;
use uuid::Uuid;

/// The longest payload: with its key and topic it is a record of the spool.
pub const OUTSIDE_BYTES_MAX: u32 = (RECORD_BYTES_MAX as u32) - (64 << 10);

const MARK: &[u8; 2] = b"FX";
const VERSION: u8 = 1;
const BYTES: usize = 23;

/// Where payloads lie that no record has room for: some store that all processes reach.
pub trait Outside: Send + Sync {
    /// Keeps `payload` under a name that nobody has used; returns when it outlasts a crash. Blocks.
    ///
    /// # Errors
    /// Why it is not kept, or not known to be.
    fn put(&self, name: &str, payload: Bytes) -> std::result::Result<(), String>;

    /// What is kept under a name, if something is. Blocks.
    ///
    /// # Errors
    /// Why that cannot be told.
    fn get(&self, name: &str) -> std::result::Result<Option<Bytes>, String>;
}

/// How long after 1970 the payload of this name was left outside; `None` if no payload has such a name.
pub fn left_at(name: &str) -> Option<Duration> {
    let (seconds, nanos) = Uuid::parse_str(name).ok()?.get_timestamp()?.to_unix();
    Some(Duration::new(seconds, nanos))
}

/// What a record says of its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    bytes: u32,
    name: Uuid,
}

impl Pointer {
    /// Leaves `payload` outside.
    pub(crate) fn to(outside: &dyn Outside, payload: Bytes) -> Result<Self> {
        let pointer = Self { bytes: payload.len() as u32, name: Uuid::now_v7() };
        let put = outside.put(&pointer.name(), payload);
        put.map(|()| pointer).map_err(|why| Error::Outside { action: "left", why })
    }

    /// The pointer, if the payload of a record is one of this version.
    pub(crate) fn read(mut payload: &[u8]) -> Option<Self> {
        if payload.len() != BYTES || payload[..2] != MARK[..] || payload[2] != VERSION {
            return None;
        }
        payload.advance(3);
        let bytes = payload.get_u32_le();
        Some(Self { bytes, name: Uuid::from_slice(payload).ok()? })
    }

    pub(crate) fn write(self) -> Bytes {
        let mut out = BytesMut::with_capacity(BYTES);
        out.put_slice(MARK);
        out.put_u8(VERSION);
        out.put_u32_le(self.bytes);
        out.put_slice(self.name.as_bytes());
        out.freeze()
    }

    /// What it points at; `None` if that is gone, or is not what was left there.
    pub(crate) fn follow(self, outside: &dyn Outside) -> Result<Option<Bytes>> {
        let got = outside.get(&self.name());
        let got = got.map_err(|why| Error::Outside { action: "fetched", why })?;
        let whole = got.filter(|payload| payload.len() == self.bytes as usize);
        if whole.is_none() {
            let (name, bytes) = (self.name(), self.bytes);
            tracing::error!(
                name,
                bytes,
                "what a record points at is gone; it will be a dead letter"
            );
        }
        Ok(whole)
    }

    fn name(self) -> String {
        self.name.to_string()
    }
}

/// How many of the first records stand for no more than `bytes_max` bytes together, but one at least.
pub(crate) fn within<'r>(records: impl Iterator<Item = &'r Record>, bytes_max: usize) -> usize {
    let stands_for = |record: &Record| {
        let pointer = Pointer::read(&record.payload);
        pointer.map_or(record.payload.len(), |pointer| pointer.bytes as usize)
    };
    let sums = records.map(stands_for).scan(0_usize, |sum, bytes| {
        *sum = sum.saturating_add(bytes);
        Some(*sum)
    });
    sums.enumerate().take_while(|(at, sum)| *at == 0 || *sum <= bytes_max).count()
}

/// The payload that a record stands for. One whose payload is gone stays the pointer that it is, and its
/// reader can make nothing of it.
pub(crate) fn resolved(outside: Option<&dyn Outside>, payload: Bytes) -> Result<Bytes> {
    match (outside, Pointer::read(&payload)) {
        (Some(outside), Some(pointer)) => Ok(pointer.follow(outside)?.unwrap_or(payload)),
        (None, _) | (_, None) => Ok(payload),
    }
}
