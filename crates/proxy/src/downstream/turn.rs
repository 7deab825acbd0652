//! Whose word it is that is written to a client's connection of HTTP/1.1: that of a call, or hyper's own.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// No call is under way, and all that was said has been written.
const FREE: u8 = 0;
/// A call was handed over, and its reply has not ended.
const TAKEN: u8 = 1;
/// The reply has ended, and hyper may still hold some of it.
const OVER: u8 = 2;
/// The connection became a tunnel.
const TUNNEL: u8 = 3;

/// What a connection and the calls on it know of each other, one call at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turn(Arc<AtomicU8>);

/// A call's turn. Dropping it is the end of its reply.
pub(crate) struct Taken(Turn);

impl Turn {
    pub(crate) fn take(&self) -> Taken {
        self.0.store(TAKEN, Ordering::Relaxed);
        Taken(self.clone())
    }

    /// Whether what is written now is of hyper's own making.
    pub(crate) fn is_free(&self) -> bool {
        self.0.load(Ordering::Relaxed) == FREE
    }

    /// All that hyper held has been written.
    pub(crate) fn flushed(&self) {
        // Whoever takes the next turn does so on the thread that writes.
        if self.0.load(Ordering::Relaxed) == OVER {
            self.0.store(FREE, Ordering::Relaxed);
        }
    }
}

impl Taken {
    /// What flows from now on is no reply, whatever it looks like.
    pub(crate) fn for_a_tunnel(self) {
        self.0.0.store(TUNNEL, Ordering::Relaxed);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if self.0.0.load(Ordering::Relaxed) == TAKEN {
            self.0.0.store(OVER, Ordering::Relaxed);
        }
    }
}
