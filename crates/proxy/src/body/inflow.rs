//! A body as a client or a provider sends it.

use crate::{
    body::Broken,
    patience::{Patience, Rule},
};
use bytes::Bytes;
use http::Version;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::{
    error::Error,
    io,
    pin::Pin,
    sync::Arc,
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
    patience: Patience,
}

impl Inflow {
    /// The body of a message of `version`, whose sender may be silent for as long as `rule` says.
    pub(crate) fn new(incoming: Incoming, version: Version, rule: &Arc<Rule>) -> Self {
        let is_stream = version == Version::HTTP_2;
        Self { incoming, is_stream, patience: Patience::new(rule) }
    }
}

/// What a connection's error says of who sent on it.
fn broken(error: &(dyn Error + 'static)) -> Broken {
    let is_reset = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionReset;
    match (error.downcast_ref().is_some_and(is_reset), error.source()) {
        (true, _) => Broken::Reset,
        (false, Some(source)) => broken(source),
        (false, None) => Broken::Off,
    }
}

impl Body for Inflow {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(context) else {
            ready!(self.patience.poll_over(context));
            return Poll::Ready(Some(Err(Broken::Silent)));
        };
        self.patience.moved();
        Poll::Ready(match frame {
            Some(Ok(frame)) => Some(Ok(frame)),
            Some(Err(error)) => Some(Err(broken(&error))),
            None if self.is_stream && !self.incoming.is_end_stream() => Some(Err(Broken::Off)),
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
