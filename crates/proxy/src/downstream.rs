//! A client's connection that can be told by its first bytes, and can die visibly.
//!
//! HTTP/2 without TLS begins with a preface that no HTTP/1.1 call begins with. To know, the first 24
//! bytes are read by themselves, and read again by whoever serves the connection: one system call more
//! for a connection, and nothing more for a call.
//!
//! A reply to an HTTP/1.0 client without a length ends with the connection, so closing it in the
//! middle would look like the end. Such a connection is reset instead.
//!
//! A client that does not read is seen here alone: hyper asks a body for nothing while it cannot write.
//! So is what hyper answers by itself to a head that it cannot read, which is replaced by an error of ours.

pub(crate) use bare::BareAnswers;
pub(crate) use turn::{Taken, Turn};

use crate::{
    patience::{Patience, Rule},
    transport::{Reset, Transport},
};
use bytes::{Buf, Bytes};
use std::{
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

mod bare;
mod turn;

/// How a client begins that speaks HTTP/2 (RFC 9113, 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

pub(crate) struct Downstream {
    transport: Transport,
    turn: Turn,
    opening: Opening,
    patience: Patience,
    bare: Arc<BareAnswers>,
    /// What is left to write of an answer that stands for one of hyper's.
    instead: Bytes,
}

/// The bytes that were read to know the protocol; those from `given` on are still to be read again.
#[derive(Default)]
struct Opening {
    bytes: [u8; PREFACE.len()],
    count: usize,
    given: usize,
}

impl Opening {
    fn protocol(&self) -> Option<Protocol> {
        if self.bytes[..self.count] != PREFACE[..self.count] {
            return Some(Protocol::Http1);
        }
        (self.count == PREFACE.len()).then_some(Protocol::Http2)
    }

    fn give(&mut self, buffer: &mut ReadBuf<'_>) {
        let end = self.count.min(self.given + buffer.remaining());
        buffer.put_slice(&self.bytes[self.given..end]);
        self.given = end;
    }
}

impl Downstream {
    /// One that may take in nothing for as long as `rule` says.
    pub(crate) fn new(transport: Transport, rule: &Arc<Rule>, bare: &Arc<BareAnswers>) -> Self {
        Self {
            transport,
            turn: Turn::default(),
            opening: Opening::default(),
            patience: Patience::new(rule),
            bare: Arc::clone(bare),
            instead: Bytes::new(),
        }
    }

    /// How it breaks off.
    pub(crate) fn reset(&self) -> &Reset {
        self.transport.reset()
    }

    /// Whose word it is that is written to it.
    pub(crate) fn turn(&self) -> &Turn {
        &self.turn
    }

    /// Reads until it is clear what the client speaks. One that ends before counts as HTTP/1.1, whose
    /// server knows what to make of it.
    pub(crate) async fn protocol(&mut self) -> io::Result<Protocol> {
        loop {
            if let Some(protocol) = self.opening.protocol() {
                return Ok(protocol);
            }
            if poll_fn(|context| self.poll_opening(context)).await? == 0 {
                return Ok(Protocol::Http1);
            }
        }
    }

    /// What became of something written. A client that takes in nothing for too long is reset, so that
    /// what it has is not taken for the whole.
    fn taken<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.patience.moved();
            return written;
        }
        ready!(self.patience.poll_over(context));
        self.reset().on_close();
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Writes an answer of ours where `bytes` are one of hyper's own, as if they had been written; `None`:
    /// they are not.
    fn poll_write_instead(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Option<Poll<io::Result<usize>>> {
        if self.instead.is_empty() {
            self.instead = self.turn.is_free().then(|| self.bare.instead_of(bytes)).flatten()?;
        }
        while !self.instead.is_empty() {
            match Pin::new(&mut self.transport).poll_write(context, &self.instead) {
                Poll::Ready(Ok(count)) => self.instead.advance(count),
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => return Some(Poll::Pending),
            }
        }
        Some(Poll::Ready(Ok(bytes.len())))
    }

    fn poll_opening(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(&mut self.opening.bytes[self.opening.count..]);
        ready!(Pin::new(&mut self.transport).poll_read(context, &mut buffer))?;
        let count = buffer.filled().len();
        self.opening.count += count;
        Poll::Ready(Ok(count))
    }
}

impl AsyncRead for Downstream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let opening = &mut self.opening;
        if opening.given == opening.count {
            return Pin::new(&mut self.transport).poll_read(context, buffer);
        }
        opening.give(buffer);
        // What came along with it is read in the same turn; a failure shows at the next.
        if buffer.remaining() > 0 {
            let _later = Pin::new(&mut self.transport).poll_read(context, buffer);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Downstream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = match self.poll_write_instead(context, bytes) {
            Some(instead) => instead,
            None => Pin::new(&mut self.transport).poll_write(context, bytes),
        };
        self.taken(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let instead = match slices {
            [bytes] => self.poll_write_instead(context, bytes),
            _ => None,
        };
        let written = match instead {
            Some(instead) => instead,
            None => Pin::new(&mut self.transport).poll_write_vectored(context, slices),
        };
        self.taken(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.transport).poll_flush(context);
        if flushed.is_ready() {
            self.turn.flushed();
        }
        self.taken(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(context)
    }
}
