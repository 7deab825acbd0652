//! What holds of every stream, whatever its bytes. The fuzz target `sse` compiles this very file.

use dialect::{Dialect, sse};
use exchange::Reply;

/// Whole, byte by byte, or cut where the data itself says: the same events and the same reply.
pub(crate) fn stream_law(data: &[u8]) {
    let at = data.first().map_or(0, |first| usize::from(*first) % data.len());
    for dialect in Dialect::ALL {
        let whole = read(dialect, [data]);
        assert_eq!(whole, read(dialect, data.chunks(1)), "{dialect} byte by byte");
        assert_eq!(whole, read(dialect, [&data[..at], &data[at..]]), "{dialect} cut at {at}");
        assert!(!whole.complete || (whole.finish_reason.is_some() && whole.error.is_none()));
        assert!(whole.text.as_deref() != Some(""), "an empty text is none");
    }
    assert_eq!(events([data]), events(data.chunks(1)));
}

/// The reply that a stream's pieces add up to.
pub(crate) fn read<'a>(dialect: Dialect, pieces: impl IntoIterator<Item = &'a [u8]>) -> Reply {
    let mut reader = dialect.stream();
    pieces.into_iter().for_each(|piece| reader.push(piece));
    reader.finish()
}

/// The events in a stream's pieces: name and data of each.
pub(crate) fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut parser, mut events) = (sse::Parser::default(), Vec::new());
    for piece in pieces {
        parser.push(piece, &mut |event| events.push((event.name.to_vec(), event.data.to_vec())));
    }
    events
}
