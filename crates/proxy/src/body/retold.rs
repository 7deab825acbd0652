//! A call's body that can be taken back and told again.
//!
//! An HTTP/2 provider may refuse a call without having acted on it, when its body is under way already.
//! What went out is kept until the reply begins, as far as a limit goes; as a copy, because a chunk keeps
//! all of the buffer alive that it was read into.

use crate::body::{Broken, CallBody};
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use std::{
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

/// A handle on the body; the connection that sends it holds another.
#[derive(Clone)]
pub(crate) struct Retold(Arc<Mutex<Telling>>);

struct Telling {
    /// Gone once it was taken back.
    body: Option<CallBody>,
    told: Told,
    bytes_max: usize,
}

enum Told {
    /// All that went out so far.
    Whole(BytesMut),
    /// More than is kept, or trailers, which end a body; or nobody needs it any more.
    Forgotten,
}

impl Retold {
    pub(crate) fn new(body: CallBody, bytes_max: usize) -> Self {
        let told = Told::Whole(BytesMut::new());
        Self(Arc::new(Mutex::new(Telling { body: Some(body), told, bytes_max })))
    }

    /// The body as it was before anything of it went out; `None` where that is not known any more.
    /// Whoever still sends it breaks off.
    pub(crate) fn take_back(&self) -> Option<CallBody> {
        let mut telling = self.lock();
        let Told::Whole(told) = mem::replace(&mut telling.told, Told::Forgotten) else {
            return None;
        };
        telling.body.take().map(|body| body.told_again(told.freeze()))
    }

    /// The reply has begun: nothing is told again.
    pub(crate) fn forget(&self) {
        self.lock().told = Told::Forgotten;
    }

    fn lock(&self) -> MutexGuard<'_, Telling> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Telling {
    fn note(&mut self, frame: &Frame<Bytes>) {
        let Told::Whole(told) = &mut self.told else { return };
        match frame.data_ref() {
            Some(chunk) if told.len() + chunk.len() <= self.bytes_max => {
                told.extend_from_slice(chunk);
            }
            Some(_) | None => self.told = Told::Forgotten,
        }
    }
}

impl Body for Retold {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let mut telling = self.lock();
        let Some(body) = &mut telling.body else { return Poll::Ready(Some(Err(Broken::Off))) };
        let frame = ready!(Pin::new(body).poll_frame(context));
        if let Some(Ok(frame)) = &frame {
            telling.note(frame);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.lock().body.as_ref().is_some_and(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}
