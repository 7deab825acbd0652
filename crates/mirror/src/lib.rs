//! Behind the offer: takes what the live path left in the queue, makes exchanges of it and appends
//! them to the journal. No client ever waits for it.
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
mod pace;
mod priority;
mod record;

use dialect::Dialect;
use drain::Drain;
use exchange::{Clock, Exchange};
use journal::Append;
use pace::{Pace, Shift};
use proxy::Queue;
use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, mpsc},
    thread,
};

/// The journal's topic of exchanges and meters.
pub const TOPIC: &str = "exchanges";

/// Looks at every exchange as it was, credentials gone, before redaction. Where two threads come to be at
/// the same exchange, it sees that twice.
pub type Glance = Box<dyn Fn(&Exchange) + Send + Sync>;

/// Alters the content of an exchange before it is written; says whether it did. Credentials are
/// gone before it runs. If it panics, the exchange is lost: unredacted it must not be written.
pub type Redact = Box<dyn Fn(&mut Exchange) -> bool + Send + Sync>;

/// Gets every exchange as it was written, also where the journal will not take it. It must return at
/// once and must not panic: the thread appends nothing meanwhile.
pub type PassOn = Box<dyn Fn(Box<Exchange>) + Send>;

/// What the thread works with.
pub struct Means {
    /// Where the live path leaves its copies.
    pub queue: Arc<Queue>,
    /// Where they go: the embedded journal, or what brings them to Kafka.
    pub journal: Arc<dyn Append>,
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
    /// Takes what has been written.
    pub pass_on: PassOn,
}

/// What must be known of a provider to record its calls.
#[derive(Clone, Debug)]
pub struct Provider {
    /// The format that it speaks.
    pub dialect: Dialect,
    /// The header field in which it takes a key, lower case: a credential by whatever name.
    pub key_header: String,
}

/// The running threads. Dropping it lets them append what waits, without waiting for that.
pub struct Mirroring {
    shift: Arc<Shift>,
    /// Dropped to end the threads.
    running: Vec<mpsc::Sender<Infallible>>,
}

impl Mirroring {
    /// Starts the threads: one that works in idle time, and one that stands in where there is none.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(means: Means) -> std::io::Result<Self> {
        let shift = Arc::new(Shift::new(Drain::new(means)));
        let mut mirroring = Self { shift, running: Vec::new() };
        mirroring.spawn("mirror", pace::steadily)?;
        mirroring.spawn("mirror-late", pace::when_late)?;
        Ok(mirroring)
    }

    fn spawn(&mut self, name: &str, pace: Pace) -> std::io::Result<()> {
        let (running, ended) = mpsc::channel();
        let shift = Arc::clone(&self.shift);
        thread::Builder::new().name(name.into()).spawn(move || pace(&shift, &ended))?;
        self.running.push(running);
        Ok(())
    }

    /// Puts everything that was offered before this call into the journal (or counts it as lost), and
    /// the accounting with it: here and now, because on a busy machine the threads may be late.
    /// Blocks.
    pub fn flush(&self) {
        self.shift.claim().flush();
    }

    /// Flushes and ends. Blocks, but not for the threads: on a busy machine they may be long in coming,
    /// and there is nothing left for them to do. Call it when the proxy has stopped: nobody takes what
    /// is offered later.
    pub fn stop(self) {
        self.shift.close();
    }
}
