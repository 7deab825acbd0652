//! The body of a call on its way to a provider.

use crate::{
    body::{Broken, Gate, Inflow, hint_after},
    capture::CallSide,
    headers::is_held_back_in_trailers,
};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// What was read ahead (to plan the call), then what the client still sends.
///
/// In a box, because hyper has room for 32 calls beside each connection to a provider, and one goes there.
pub(crate) struct CallBody(Box<Flow>);

struct Flow {
    ahead: Option<Bytes>,
    rest: Option<Inflow>,
    side: Arc<CallSide>,
    gate: Option<Gate>,
}

impl CallBody {
    /// The client's own body, as it comes.
    pub(crate) fn streaming(body: Inflow, side: &Arc<CallSide>) -> Self {
        Self::new(None, (!body.is_end_stream()).then_some(body), side)
    }

    /// Bytes that are at hand; the tee has seen them already, or is not to see them.
    pub(crate) fn whole(bytes: Bytes, side: &Arc<CallSide>) -> Self {
        Self::new((!bytes.is_empty()).then_some(bytes), None, side)
    }

    /// The beginning that was read ahead (and seen by the tee), then the client's rest.
    pub(crate) fn resumed(ahead: Bytes, rest: Inflow, side: &Arc<CallSide>) -> Self {
        Self::new((!ahead.is_empty()).then_some(ahead), Some(rest), side)
    }

    /// An empty body on the same side, for a call that had none.
    pub(crate) fn empty_again(&self) -> Self {
        Self::new(None, None, &self.0.side)
    }

    /// The side that it tells of its progress.
    pub(crate) fn side(&self) -> Arc<CallSide> {
        Arc::clone(&self.0.side)
    }

    /// Nothing of it goes out before the gate opens.
    pub(crate) fn hold(&mut self, gate: Gate) {
        self.0.gate = Some(gate);
    }

    /// Nothing holds it back any more.
    pub(crate) fn release(&mut self) {
        self.0.gate = None;
    }

    /// The same body, whose beginning went out once and is to go out again.
    pub(crate) fn told_again(mut self, told: Bytes) -> Self {
        if !told.is_empty() {
            self.0.ahead = Some(told);
        }
        self
    }

    fn new(ahead: Option<Bytes>, rest: Option<Inflow>, side: &Arc<CallSide>) -> Self {
        let flow = Flow { ahead, rest, side: Arc::clone(side), gate: None };
        flow.note_end();
        Self(Box::new(flow))
    }
}

impl Flow {
    fn note_end(&self) {
        if self.has_ended() {
            self.side.mark_sent();
        }
    }

    fn has_ended(&self) -> bool {
        self.ahead.is_none() && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    fn poll_rest(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let Some(rest) = &mut self.rest else {
            self.note_end();
            return Poll::Ready(None);
        };
        match ready!(Pin::new(rest).poll_frame(context)) {
            Some(Ok(frame)) => {
                if let Some(chunk) = frame.data_ref() {
                    self.side.push(chunk);
                    self.note_end();
                    return Poll::Ready(Some(Ok(frame)));
                }
                // Trailers are the last frame: nobody polls past them.
                self.rest = None;
                self.note_end();
                Poll::Ready(frame.into_trailers().ok().map(|trailers| Ok(passed_on(&trailers))))
            }
            Some(Err(broken)) => {
                self.side.mark(broken);
                Poll::Ready(Some(Err(broken)))
            }
            None => {
                self.rest = None;
                self.note_end();
                Poll::Ready(None)
            }
        }
    }
}

/// Those that are not for us, in their order.
fn passed_on(trailers: &HeaderMap) -> Frame<Bytes> {
    let mut out = HeaderMap::with_capacity(trailers.len());
    for (name, value) in trailers.iter().filter(|(name, _)| !is_held_back_in_trailers(name)) {
        out.append(name.clone(), value.clone());
    }
    Frame::trailers(out)
}

impl Body for CallBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let flow = &mut *self.0;
        if let Some(gate) = &mut flow.gate {
            ready!(gate.poll_open(context));
            flow.gate = None;
        }
        if let Some(chunk) = flow.ahead.take() {
            flow.note_end();
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        flow.poll_rest(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.has_ended()
    }

    fn size_hint(&self) -> SizeHint {
        let ahead = self.0.ahead.as_ref().map_or(0, |chunk| chunk.len() as u64);
        let rest = self.0.rest.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint);
        hint_after(ahead, &rest)
    }
}
