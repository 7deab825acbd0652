//! A record as it lies in the spool: where it is to go, and what it is.
//!
//! ```text
//! topic_bytes u8 · key_bytes u32 LE · topic · key · payload
//! ```

use crate::record::Entry;
use bytes::{Buf, BufMut, Bytes, BytesMut};

const HEAD_BYTES: usize = 5;

/// The name of a topic is short, which was checked before.
pub(crate) fn write(topic: &str, entry: &Entry) -> Bytes {
    let key = &entry.key[..entry.key.len().min(u32::MAX as usize)];
    let topic = &topic.as_bytes()[..topic.len().min(usize::from(u8::MAX))];
    let bytes = HEAD_BYTES + topic.len() + key.len() + entry.payload.len();
    let mut out = BytesMut::with_capacity(bytes);
    out.put_u8(topic.len() as u8);
    out.put_u32_le(key.len() as u32);
    out.put_slice(topic);
    out.put_slice(key);
    out.put_slice(&entry.payload);
    out.freeze()
}

/// The topic and the record, if the bytes are one.
pub(crate) fn read(mut bytes: Bytes) -> Option<(String, Entry)> {
    if bytes.len() < HEAD_BYTES {
        return None;
    }
    let (topic_bytes, key_bytes) = (usize::from(bytes.get_u8()), bytes.get_u32_le() as usize);
    if bytes.len() < topic_bytes.saturating_add(key_bytes) {
        return None;
    }
    let topic = String::from_utf8(bytes.split_to(topic_bytes).to_vec()).ok()?;
    let key = bytes.split_to(key_bytes);
    Some((topic, Entry { key, payload: bytes }))
}
