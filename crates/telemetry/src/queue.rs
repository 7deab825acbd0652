//! What is left for the thread that makes spans, bounded in count and bytes. Whoever leaves something
//! never waits: past a limit it is told why it may not.

use crate::{join::Place, metric::Dropped, span::OurCall};
use exchange::{Body, Exchange, ExchangeId, Headers};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::mpsc::{self, error::TrySendError};

/// Exchanges and calls that wait.
pub const WAITING_MAX: usize = 2_048;
/// Bytes of their heads and bodies.
pub const BYTES_MAX: usize = 32 << 20;

/// What a span is to be made of.
pub(crate) enum Seen {
    /// A live exchange, and the place of its span.
    Exchange(Box<Exchange>, Place),
    /// A call of ours, and the exchange that it was made for, with the place of that one's span.
    Call(Box<OurCall>, ExchangeId, Place),
}

/// Something that waits, and what it holds of the memory that there is for all.
pub(crate) struct Waiting {
    pub(crate) seen: Seen,
    _held: Held,
}

struct Held {
    bytes: usize,
    of: Arc<AtomicUsize>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.of.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Where things are left.
#[derive(Clone)]
pub(crate) struct Entrance {
    waiting: mpsc::Sender<Waiting>,
    bytes: Arc<AtomicUsize>,
}

/// Where they are taken.
pub(crate) type Exit = mpsc::Receiver<Waiting>;

pub(crate) fn queue() -> (Entrance, Exit) {
    let (waiting, exit) = mpsc::channel(WAITING_MAX);
    (Entrance { waiting, bytes: Arc::default() }, exit)
}

impl Entrance {
    pub(crate) fn leave(&self, seen: Seen) -> Result<(), Dropped> {
        let bytes = bytes(&seen);
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let held = Held { bytes, of: Arc::clone(&self.bytes) };
        if before.saturating_add(bytes) > BYTES_MAX {
            return Err(Dropped::Memory);
        }
        self.waiting.try_send(Waiting { seen, _held: held }).map_err(|refused| match refused {
            TrySendError::Full(_) => Dropped::QueueFull,
            TrySendError::Closed(_) => Dropped::Shutdown,
        })
    }
}

/// About what it holds: that of a call are a few words.
fn bytes(seen: &Seen) -> usize {
    match seen {
        Seen::Exchange(exchange, _) => {
            let (call, reply) = (&exchange.call, &exchange.reply);
            let heads = head(&call.headers) + head(&reply.headers) + call.path.len();
            heads + body(&call.body) + body(&reply.body) + size_of::<Exchange>()
        }
        Seen::Call(..) => size_of::<OurCall>(),
    }
}

fn head(headers: &Headers) -> usize {
    headers.0.iter().map(|(name, value)| name.len() + value.len()).sum()
}

fn body(body: &Body) -> usize {
    body.inline().map_or(0, |bytes| bytes.len())
}
