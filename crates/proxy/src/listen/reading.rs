//! A client that reads its connection of HTTP/2, and not one of the streams on it. hyper asks the body of
//! that stream's reply for nothing more, so nobody but the stream's own task can look at a clock, or make
//! room for the replies of others.

use crate::{
    config::Limits,
    meters,
    patience::{Patience, Rule},
};
use metrics::Counter;
use std::{
    collections::BTreeMap,
    future::poll_fn,
    mem,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
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

/// What readers are held to, on all connections and threads.
pub(crate) struct Readers {
    pub(crate) idle: Arc<Rule>,
    stalled: Stalled,
}

impl Readers {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            idle: Rule::new(limits.reader_idle_max, meters::cut("reader_idle")),
            stalled: Stalled {
                replies: Mutex::default(),
                replies_max: limits.http2_stalled_max,
                cut: meters::cut("http2_stalled"),
            },
        })
    }
}

/// The replies that stand still because their readers take in no more. What each of them holds is bounded,
/// and so is their number: whoever opens many and reads none loses those that have stood longest, and a
/// slow reader, whose replies move now and then, keeps its own.
struct Stalled {
    replies: Mutex<Replies>,
    replies_max: usize,
    cut: Counter,
}

/// By when they came to stand, with what wakes their tasks.
#[derive(Default)]
struct Replies {
    by_turn: BTreeMap<u64, Waker>,
    next: u64,
}

impl Stalled {
    /// One more stands: where that is one too many, the first of them is to go.
    fn enter(&self, waker: &Waker) -> u64 {
        let mut replies = self.replies();
        let turn = replies.next;
        replies.next += 1;
        replies.by_turn.insert(turn, waker.clone());
        let first = (replies.by_turn.len() > self.replies_max).then(|| replies.by_turn.pop_first());
        drop(replies);
        if let Some((_, first)) = first.flatten() {
            self.cut.increment(1);
            first.wake();
        }
        turn
    }

    fn leave(&self, turn: u64) {
        self.replies().by_turn.remove(&turn);
    }

    /// Nothing is done under the lock that can leave it half done.
    fn replies(&self) -> MutexGuard<'_, Replies> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_to_go(&self, turn: u64) -> bool {
        !self.replies().by_turn.contains_key(&turn)
    }
}

/// One call's reply, as far as its reader is concerned.
struct Reader {
    readers: Arc<Readers>,
    patience: Patience,
    turn: Option<u64>,
}

impl Reader {
    fn new(readers: Arc<Readers>) -> Self {
        Self { patience: Patience::new(&readers.idle), turn: None, readers }
    }

    fn moved(&mut self) {
        self.patience.moved();
        if let Some(turn) = self.turn.take() {
            self.readers.stalled.leave(turn);
        }
    }

    /// It stands still: ready when it has done so for too long, or has to go for others.
    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let stalled = &self.readers.stalled;
        let turn = *self.turn.get_or_insert_with(|| stalled.enter(context.waker()));
        if stalled.is_to_go(turn) { Poll::Ready(()) } else { self.patience.poll_over(context) }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.moved();
    }
}

/// Serves a call, and drops it when a piece of its reply has waited for too long, or too many wait: that
/// resets the stream, and lets its provider go.
pub(crate) async fn watched(call: impl Future, readers: Arc<Readers>) {
    let (pieces, mut reader) = (Arc::new(AtomicU64::new(0)), Reader::new(readers));
    let mut call = pin!(PIECES.scope(Arc::clone(&pieces), call));
    let mut last = 0;
    poll_fn(|context| {
        if call.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        let now = pieces.load(Ordering::Relaxed);
        if mem::replace(&mut last, now) != now {
            reader.moved();
        }
        if now & 1 == 0 { Poll::Pending } else { reader.poll_over(context) }
    })
    .await;
}
