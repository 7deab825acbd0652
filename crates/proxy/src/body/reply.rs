//! The body of a reply on its way to the client.

use crate::{
    body::{Broken, Inflow, hint_after},
    budget::Share,
    capture::{CallSide, Replying},
    downstream::Taken,
    link::Closing,
    listen::reading,
    meters::InFlight,
    pool::Lease,
    steer::RetellStream,
    transport::Reset,
};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// What was held back (to price it, or of our own making), then what the provider still sends.
///
/// Dropping it before its end is a client that hung up: the provider's connection goes with it.
pub(crate) struct ReplyBody {
    ahead: VecDeque<Frame<Bytes>>,
    rest: Rest,
    /// A length that is announced and never sent: a 304 speaks of the body that a 200 would have,
    /// and hyper writes the field only for a body that claims this length.
    announced: Option<u64>,
    /// The client's connection of HTTP/1.x, and what closing it says.
    breaking: Option<(Reset, Closing)>,
    /// The call's turn on a connection of HTTP/1.1.
    turn: Option<Taken>,
    /// What the frames at hand take of the memory for replies that are held back.
    share: Option<Share>,
    replying: Replying,
    in_flight: InFlight,
}

/// What comes after the frames that are at hand.
pub(crate) enum Rest {
    /// The provider's connection.
    Upstream(Box<Source>),
    /// The end.
    End,
    /// The provider broke off: an error, after what was read has been flushed.
    Broken,
}

/// A reply's body at its provider, with what is needed to use the connection again.
pub(crate) struct Source {
    incoming: Inflow,
    lease: Lease,
    side: Arc<CallSide>,
    words: Words,
}

/// In whose words a reply reaches the client.
enum Words {
    /// Those of its provider.
    Own,
    /// Told anew, piece by piece.
    Told(Box<dyn RetellStream>),
    /// Told to the end.
    Over,
}

impl Rest {
    /// Whether nothing comes any more, as its sender said.
    pub(crate) fn has_ended(&self) -> bool {
        match self {
            Self::Upstream(source) => source.has_ended(),
            Self::End => true,
            Self::Broken => false,
        }
    }
}

impl Source {
    pub(crate) fn new(incoming: Inflow, lease: Lease, side: Arc<CallSide>) -> Self {
        Self { incoming, lease, side, words: Words::Own }
    }

    /// From here on the reply is told anew.
    pub(crate) fn told(self, stream: Box<dyn RetellStream>) -> Self {
        Self { words: Words::Told(stream), ..self }
    }

    pub(crate) fn has_ended(&self) -> bool {
        match self.words {
            Words::Own => self.incoming.is_end_stream(),
            Words::Told(_) => false,
            Words::Over => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self.words {
            Words::Own => self.incoming.size_hint(),
            Words::Told(_) => SizeHint::new(),
            Words::Over => SizeHint::with_exact(0),
        }
    }

    /// The next frame that the client gets.
    pub(crate) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        loop {
            let stream = match &mut self.words {
                Words::Own => return Pin::new(&mut self.incoming).poll_frame(context),
                Words::Told(stream) => stream,
                Words::Over => return Poll::Ready(None),
            };
            let told = match ready!(Pin::new(&mut self.incoming).poll_frame(context)) {
                // What trailers say is of the candidate's provider.
                Some(Ok(frame)) => {
                    frame.data_ref().map_or_else(Bytes::new, |part| stream.push(part))
                }
                Some(Err(broken)) => return Poll::Ready(Some(Err(broken))),
                None => {
                    let last = stream.finish();
                    self.words = Words::Over;
                    last
                }
            };
            if !told.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(told))));
            }
        }
    }

    /// The connection is whole again, if the call went out entirely.
    pub(crate) fn give_back(self) {
        if self.side.is_sent() {
            self.lease.give_back();
        }
    }
}

impl ReplyBody {
    pub(crate) fn new(
        ahead: VecDeque<Frame<Bytes>>,
        rest: Rest,
        replying: Replying,
        in_flight: InFlight,
    ) -> Self {
        let (announced, breaking, turn, share) = (None, None, None, None);
        let mut body = Self { ahead, rest, announced, breaking, turn, share, replying, in_flight };
        body.note_end();
        body
    }

    /// A reply that announces `length` bytes and has none.
    pub(crate) fn announcing(mut self, length: Option<u64>) -> Self {
        self.announced = length;
        self
    }

    /// A connection whose closing looks like the end is reset from now on until the end has come,
    /// whoever closes it.
    pub(crate) fn breaking(mut self, breaking: Option<(Reset, Closing)>) -> Self {
        if let Some((reset, Closing::LooksWhole)) = &breaking
            && !(self.ahead.is_empty() && self.rest.has_ended())
        {
            reset.on_close();
        }
        self.breaking = breaking;
        self
    }

    pub(crate) fn within(mut self, turn: Taken) -> Self {
        self.turn = Some(turn);
        self
    }

    pub(crate) fn sharing(mut self, share: Option<Share>) -> Self {
        self.share = share;
        self
    }

    /// Settles with pool and mirror as soon as the last byte has been handed over: hyper does not
    /// poll a body past the length that it announced.
    fn note_end(&mut self) {
        if self.ahead.is_empty() && self.rest.has_ended() {
            self.end();
        }
    }

    fn end(&mut self) {
        if let Rest::Upstream(source) = std::mem::replace(&mut self.rest, Rest::End) {
            source.give_back();
        }
        if let Some((reset, _)) = &self.breaking {
            reset.no_more();
        }
        self.replying.complete();
    }

    fn forward(&mut self, frame: Frame<Bytes>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        reading::note_given();
        if let Some(chunk) = frame.data_ref() {
            self.in_flight.note_part();
            self.replying.chunk(chunk);
            self.note_end();
        } else if self.ahead.is_empty() {
            // Trailers are the last frame: nobody polls past them.
            self.end();
        }
        Poll::Ready(Some(Ok(frame)))
    }

    /// The error waits for one more poll: hyper flushes what it holds when a body is pending, and
    /// throws it away when a body fails.
    fn break_off(
        &mut self,
        context: &Context<'_>,
        broken: Broken,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.rest = Rest::Broken;
        if let (Some((reset, _)), Broken::Reset) = (&self.breaking, broken) {
            reset.on_close();
        }
        self.replying.cut();
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        reading::note_asked();
        if let Some(frame) = self.ahead.pop_front() {
            if self.ahead.is_empty() {
                self.share = None;
            }
            return self.forward(frame);
        }
        let source = match &mut self.rest {
            Rest::Upstream(source) => source,
            Rest::End => return Poll::Ready(None),
            Rest::Broken => {
                self.replying.cut();
                return Poll::Ready(Some(Err(Broken::Off)));
            }
        };
        match ready!(source.poll_frame(context)) {
            Some(Ok(frame)) => self.forward(frame),
            Some(Err(broken)) => self.break_off(context, broken),
            None => {
                self.end();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.announced.is_none() && self.ahead.is_empty() && matches!(self.rest, Rest::End)
    }

    fn size_hint(&self) -> SizeHint {
        if let Some(length) = self.announced {
            return SizeHint::with_exact(length);
        }
        let rest = match &self.rest {
            Rest::Upstream(source) => source.size_hint(),
            Rest::End => SizeHint::with_exact(0),
            Rest::Broken => SizeHint::new(),
        };
        let ahead = self.ahead.iter().filter_map(Frame::data_ref).map(|chunk| chunk.len() as u64);
        hint_after(ahead.sum(), &rest)
    }
}
