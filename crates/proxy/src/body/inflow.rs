//! A body as a client or a provider sends it.

use crate::body::Broken;
use bytes::Bytes;
use http::Version;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

/// A body that is read, and that has ended only if its sender said so.
///
/// hyper takes an HTTP/2 stream that was reset without an error for one that ended, because that is how
/// a provider stops a call that it has answered. What was still to come must not look finished to the
/// other side.
pub(crate) struct Inflow {
    incoming: Incoming,
    is_stream: bool,
}

impl Inflow {
    /// The body of a message of `version`.
    pub(crate) fn new(incoming: Incoming, version: Version) -> Self {
        Self { incoming, is_stream: version == Version::HTTP_2 }
    }
}

impl Body for Inflow {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        Poll::Ready(match ready!(Pin::new(&mut self.incoming).poll_frame(context)) {
            Some(Ok(frame)) => Some(Ok(frame)),
            Some(Err(_)) => Some(Err(Broken)),
            None if self.is_stream && !self.incoming.is_end_stream() => Some(Err(Broken)),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
