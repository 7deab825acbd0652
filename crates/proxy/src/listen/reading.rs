//! A client that reads its connection of HTTP/2, and not one of the streams on it. hyper asks the body of
//! that stream's reply for nothing more, so nobody but the stream's own task can look at a clock.

use crate::patience::{Patience, Rule};
use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
};

tokio::task_local! {
    /// Of the task that serves a call of HTTP/2: odd while a piece of its reply waits for room at the
    /// client, and another number for each piece.
    static PIECES: Arc<AtomicU64>;
}

/// The reply's body gives a piece.
pub(crate) fn note_given() {
    // A task of HTTP/1.1 has no such count: its connection shows whether it is read.
    let _ = PIECES.try_with(|pieces| pieces.fetch_or(1, Ordering::Relaxed));
}

/// The reply's body is asked for a piece: the one before has been taken in.
pub(crate) fn note_asked() {
    let _ = PIECES.try_with(|pieces| {
        let count = pieces.load(Ordering::Relaxed);
        pieces.store(count + (count & 1), Ordering::Relaxed);
    });
}

/// Serves a call, and drops it when a piece of its reply has waited for as long as `rule` allows: that
/// resets the stream, and lets its provider go.
pub(crate) async fn watched(call: impl Future, rule: Arc<Rule>) {
    let (pieces, mut patience) = (Arc::new(AtomicU64::new(0)), Patience::new(&rule));
    let mut call = pin!(PIECES.scope(Arc::clone(&pieces), call));
    let mut last = 0;
    poll_fn(|context| {
        if call.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        let now = pieces.load(Ordering::Relaxed);
        if std::mem::replace(&mut last, now) != now {
            patience.moved();
        }
        if now & 1 == 0 { Poll::Pending } else { patience.poll_over(context) }
    })
    .await;
}
