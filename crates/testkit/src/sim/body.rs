//! The body of a reply: whole, in pieces, broken off, or never ending.

use super::server::Shared;
use bytes::Bytes;
use futures::{StreamExt, future, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;
use std::{convert::Infallible, io, sync::Arc, time::Duration};

pub(crate) type ReplyBody = UnsyncBoxBody<Bytes, io::Error>;

pub(crate) fn whole(bytes: impl Into<Bytes>) -> ReplyBody {
    Full::new(bytes.into()).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// One frame per piece, `pause` apart.
pub(crate) fn pieces(pieces: Vec<String>, pause: Duration, awaited: Awaited) -> ReplyBody {
    let frames = stream::iter(pieces).then(move |piece| async move {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Ok(Frame::data(Bytes::from(piece)))
    });
    let end = stream::once(async { awaited.ended() }).filter_map(|()| future::ready(None));
    StreamBody::new(frames.chain(end)).boxed_unsync()
}

/// The first half of `pieces`, then the connection breaks.
pub(crate) fn broken(pieces: Vec<String>) -> ReplyBody {
    let cut = io::Error::new(io::ErrorKind::ConnectionReset, "cut by an injected fault");
    let frames = half(pieces).into_iter().map(|piece| Ok(Frame::data(Bytes::from(piece))));
    // Only what waits is flushed: without a pause the half would never leave.
    let cut = stream::once(async {
        tokio::task::yield_now().await;
        Err(cut)
    });
    StreamBody::new(stream::iter(frames).chain(cut)).boxed_unsync()
}

/// `pieces`, then nothing until the provider stops.
pub(crate) fn stuck(pieces: Vec<String>, shared: &Arc<Shared>, awaited: Awaited) -> ReplyBody {
    let frames = pieces.into_iter().map(|piece| Ok(Frame::data(Bytes::from(piece))));
    let shared = Arc::clone(shared);
    let end = stream::once(async move {
        shared.stopped().await;
        awaited.ended();
        Err(io::Error::new(io::ErrorKind::ConnectionReset, "the provider stops"))
    });
    StreamBody::new(stream::iter(frames).chain(end)).boxed_unsync()
}

/// The first half of `pieces`; of the only one: of its bytes.
pub(crate) fn half(mut pieces: Vec<String>) -> Vec<String> {
    match pieces.as_mut_slice() {
        [only] => only.truncate(only.floor_char_boundary(only.len() / 2)),
        several => {
            let half = several.len() / 2;
            pieces.truncate(half);
        }
    }
    pieces
}

/// Somebody waits for the reply to a call: if it is dropped before the end, the call was abandoned.
#[derive(Debug)]
pub(crate) struct Awaited {
    shared: Arc<Shared>,
    model: Option<String>,
}

impl Awaited {
    pub(crate) fn new(shared: &Arc<Shared>, model: &str) -> Self {
        Self { shared: Arc::clone(shared), model: Some(model.to_owned()) }
    }

    pub(crate) fn ended(mut self) {
        self.model = None;
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        if let Some(model) = self.model.take() {
            self.shared.log.abandon(model);
        }
    }
}
