//! What holds of every journal record, whatever its bytes. The fuzz target `event` compiles this
//! very file.

use bytes::Bytes;
use exchange::Event;

/// Bytes are refused, or they are an event that is written and read back as the same event.
pub(crate) fn record_law(data: &[u8]) {
    let Ok(event) = Event::from_bytes(Bytes::copy_from_slice(data)) else { return };
    let written = event.to_bytes().expect("what was read can be written");
    assert_eq!(Event::from_bytes(written).expect("what was written can be read"), event);
}
