//! The body of a reply: whole, in pieces, or broken off.

use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;
use std::{convert::Infallible, io, time::Duration};

pub(crate) type ReplyBody = UnsyncBoxBody<Bytes, io::Error>;

pub(crate) fn whole(bytes: impl Into<Bytes>) -> ReplyBody {
    Full::new(bytes.into()).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// One frame per piece, `pause` apart.
pub(crate) fn pieces(pieces: Vec<String>, pause: Duration) -> ReplyBody {
    let frames = stream::iter(pieces).then(move |piece| async move {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Ok(Frame::data(Bytes::from(piece)))
    });
    StreamBody::new(frames).boxed_unsync()
}

/// The first half of `pieces` (of the only one: of its bytes), then the connection breaks.
pub(crate) fn broken(mut pieces: Vec<String>) -> ReplyBody {
    match pieces.as_mut_slice() {
        [only] => only.truncate(only.floor_char_boundary(only.len() / 2)),
        several => {
            let half = several.len() / 2;
            pieces.truncate(half);
        }
    }
    let cut = io::Error::new(io::ErrorKind::ConnectionReset, "cut by an injected fault");
    let frames = pieces.into_iter().map(|piece| Ok(Frame::data(Bytes::from(piece))));
    // Only what waits is flushed: without a pause the half would never leave.
    let cut = stream::once(async {
        tokio::task::yield_now().await;
        Err(cut)
    });
    StreamBody::new(stream::iter(frames).chain(cut)).boxed_unsync()
}
