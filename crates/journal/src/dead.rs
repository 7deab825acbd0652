//! Dead letters: records that a reader could make nothing of, kept with the reason and the place they
//! came from, so that they can be looked at and, once they can be read, be put back.
//!
//! ```text
//! mark "FD" · version 1 · topic_bytes u8 · reason_bytes u16 · partition u32 · offset u64
//!   · topic · reason · the record's bytes as they were                       (little endian)
//! ```
//!
//! A reader that is cut off between burying a record and saying that it is done buries it again: a
//! letter may be there twice, with the same place of origin.

use crate::{
    error::{Error, Result},
    log::{Append, Log},
    record::{Entry, Position},
};
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// The topic of dead letters.
pub const DEAD_TOPIC: &str = "dead";
/// A longer reason is cut.
pub const REASON_BYTES_MAX: usize = 1_024;

const MARK: &[u8; 2] = b"FD";
const VERSION: u8 = 1;
const HEAD_BYTES: usize = 18;

/// A record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The topic that it lay in.
    pub topic: String,
    /// Where in it.
    pub origin: Position,
    /// What was wrong with it.
    pub reason: String,
    /// Its bytes, as they were.
    pub payload: Bytes,
}

/// What lies at a place of the topic of dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buried {
    /// The place.
    pub at: Position,
    /// The letter; `None` where a newer Foreshadow, or somebody else, wrote something else.
    pub letter: Option<DeadLetter>,
}

/// Keeps `letters`. Blocks.
///
/// # Errors
/// As [`Append::append`].
pub fn bury(log: &dyn Append, letters: &[DeadLetter]) -> Result<()> {
    let entry = |letter: &DeadLetter| Entry { key: Bytes::new(), payload: letter.to_bytes() };
    log.append(DEAD_TOPIC, &letters.iter().map(entry).collect::<Vec<_>>())
}

/// What is buried in a partition from `from` on, up to so many letters; nothing at its end. Blocks.
///
/// # Errors
/// As [`Log::read`].
pub fn list(log: &dyn Log, from: Position, letters_max: usize) -> Result<Vec<Buried>> {
    let records = log.read(DEAD_TOPIC, from, letters_max, usize::MAX)?;
    let buried = |record: crate::Record| Buried {
        at: Position { partition: from.partition, offset: record.offset },
        letter: DeadLetter::from_bytes(record.payload),
    };
    Ok(records.into_iter().map(buried).collect())
}

/// Appends the record of the letter at `at` to the topic that it came from, as it was, and returns the
/// letter. It stays buried as well. Blocks.
///
/// # Errors
/// [`Error::NoLetter`] if there is none; else as [`Log::read`] and [`Append::append`].
pub fn replay(log: &dyn Log, at: Position) -> Result<DeadLetter> {
    let first = list(log, at, 1)?.into_iter().next().filter(|buried| buried.at == at);
    let Some(letter) = first.and_then(|buried| buried.letter) else {
        return Err(Error::NoLetter { partition: at.partition, offset: at.offset });
    };
    // Its key was part of what could not be read: it may lie in another partition than before.
    let entry = Entry { key: Bytes::new(), payload: letter.payload.clone() };
    log.append(&letter.topic, &[entry])?;
    Ok(letter)
}

impl DeadLetter {
    /// The letter in its wire form; reason and topic are cut to what it has room for.
    pub fn to_bytes(&self) -> Bytes {
        let topic = cut(&self.topic, usize::from(u8::MAX));
        let reason = cut(&self.reason, REASON_BYTES_MAX);
        let bytes = HEAD_BYTES + topic.len() + reason.len() + self.payload.len();
        let mut out = BytesMut::with_capacity(bytes);
        out.put_slice(MARK);
        out.put_u8(VERSION);
        out.put_u8(topic.len() as u8);
        out.put_u16_le(reason.len() as u16);
        out.put_u32_le(self.origin.partition);
        out.put_u64_le(self.origin.offset);
        out.put_slice(topic.as_bytes());
        out.put_slice(reason.as_bytes());
        out.put_slice(&self.payload);
        out.freeze()
    }

    /// The letter, if the bytes are one of this version.
    pub fn from_bytes(mut bytes: Bytes) -> Option<Self> {
        if bytes.len() < HEAD_BYTES || bytes.split_to(2) != MARK[..] || bytes.get_u8() != VERSION {
            return None;
        }
        let (topic_bytes, reason_bytes) = (usize::from(bytes.get_u8()), bytes.get_u16_le());
        let origin = Position { partition: bytes.get_u32_le(), offset: bytes.get_u64_le() };
        if bytes.len() < topic_bytes + usize::from(reason_bytes) {
            return None;
        }
        let topic = String::from_utf8(bytes.split_to(topic_bytes).to_vec()).ok()?;
        let reason = bytes.split_to(usize::from(reason_bytes));
        let reason = String::from_utf8(reason.to_vec()).ok()?;
        Some(Self { topic, origin, reason, payload: bytes })
    }
}

/// At most so many bytes of a text, and no broken character.
fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
