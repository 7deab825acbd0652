//! Behind the offer: takes what the live path left in the queue, makes exchanges of it and appends
//! them to the journal. No client ever waits for this thread.
//!
//! Here a dialect reads the call for the first time, credentials are removed and redaction runs,
//! in that order and before anything is written. What the journal does not take is lost, counted by
//! reason, and said in a later meter: the law is `offered = accepted + shed`, and a lost exchange
//! also shows as a gap in `offer_seq`.
//!
//! It never tries a failed append again: newer exchanges would wait behind older ones, while the
//! queue sheds and counts anyway. Meters it does keep, until the journal takes them.

mod books;
mod drain;

use dialect::Dialect;
use drain::{Drain, Order};
use exchange::{Clock, Exchange};
use journal::Journal;
use proxy::Queue;
use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc},
    thread,
};

/// The journal's topic of exchanges and meters.
pub const TOPIC: &str = "exchanges";

/// Looks at every exchange as it was, credentials gone, before redaction.
pub type Glance = Box<dyn Fn(&Exchange) + Send>;

/// Alters the content of an exchange before it is written; says whether it did. Credentials are
/// gone before it runs. If it panics, the exchange is lost: unredacted it must not be written.
pub type Redact = Box<dyn Fn(&mut Exchange) -> bool + Send>;

/// What the thread works with.
pub struct Means {
    /// Where the live path leaves its copies.
    pub queue: Arc<Queue>,
    /// Where they go.
    pub journal: Journal,
    /// Time, for the meters.
    pub clock: Arc<dyn Clock>,
    /// The proxy's name in the books, new at each start.
    pub instance: String,
    /// By name; of others the calls are recorded unread.
    pub providers: BTreeMap<String, Provider>,
    /// Sees what passes.
    pub glance: Glance,
    /// Alters what must not be kept.
    pub redact: Redact,
}

/// What must be known of a provider to record its calls.
#[derive(Clone, Debug)]
pub struct Provider {
    /// The format that it speaks.
    pub dialect: Dialect,
    /// The header field in which it takes a key, lower case: a credential by whatever name.
    pub key_header: String,
}

/// The running thread. Dropping it lets the thread append what waits, without waiting for that.
pub struct Mirroring {
    orders: mpsc::SyncSender<Order>,
    thread: thread::JoinHandle<Drain>,
}

impl Mirroring {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(means: Means) -> std::io::Result<Self> {
        let (orders, taken) = mpsc::sync_channel(1);
        let drain = Drain::new(means);
        let thread = thread::Builder::new().name("mirror".into()).spawn(move || {
            yield_to_live_threads();
            drain.run(&taken)
        })?;
        Ok(Self { orders, thread })
    }

    /// Waits until everything that was offered before this call is in the journal (or counted as
    /// lost), and the accounting with it. Blocks.
    pub fn flush(&self) {
        let (done, flushed) = mpsc::sync_channel(1);
        if self.orders.send(Order::Flush(done)).is_ok() {
            // An error means that the thread has ended, and then nothing waits.
            let _ = flushed.recv();
        }
    }

    /// Ends, and flushes on the calling thread: on a busy machine one that runs in idle time might
    /// not be done before the process is. Blocks. Call it when the proxy has stopped: nobody takes
    /// what is offered later.
    pub fn stop(self) {
        // Both fail only if the thread has ended already.
        let _ = self.orders.send(Order::Stop);
        if let Ok(mut drain) = self.thread.join() {
            drain.flush();
        }
    }
}

/// Where cores are scarce the live threads go first: for each call this thread reads, encodes and
/// appends, and no client should wait for that. Of Linux's policies only the one for idle time lets
/// whoever wakes run at once; the lowest priority of the usual one first ends its slice. What does
/// not work (a system without it) costs latency, not evidence.
fn yield_to_live_threads() {
    if let Err(error) = stand_back() {
        tracing::debug!(?error, "the mirror's thread runs at the priority of the live threads");
    }
}

#[cfg(target_os = "linux")]
fn stand_back() -> Result<(), thread_priority::Error> {
    use thread_priority::{
        NormalThreadSchedulePolicy::Idle, ThreadPriority, ThreadSchedulePolicy::Normal,
        set_thread_priority_and_policy, thread_native_id,
    };
    set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, Normal(Idle))
}

#[cfg(not(target_os = "linux"))]
fn stand_back() -> Result<(), thread_priority::Error> {
    thread_priority::ThreadPriority::Min.set_for_current()
}
