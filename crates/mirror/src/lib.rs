//! Behind the offer: takes what the live path left in the queue, makes exchanges of it and appends
//! them to the journal. No client ever waits for this thread.
//!
//! Here a dialect reads the call for the first time, credentials are removed and redaction runs,
//! in that order and before anything is written. What the journal does not take is lost, counted by
//! reason, and said in the meters: the law is `offered = accepted + shed`, and a lost exchange also
//! shows as a gap in `offer_seq`.

use dialect::Dialect;
use exchange::{
    Body, Clock, Conversation, Declared, Event, Exchange, ExchangeId, Meter, Origin, RawCall,
    SECOND_US, Timestamp,
};
use journal::Journal;
use metrics::counter;
use proxy::{Captured, Queue, Tally};
use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

/// The journal's topic of exchanges and meters.
pub const TOPIC: &str = "exchanges";
/// Exchanges that become one append, with one sync.
const GROUP_MAX: usize = 512;
/// How long the thread rests when nothing waits: the live path never wakes it.
const REST: Duration = Duration::from_millis(5);
/// Seconds of accounting that are kept while the journal takes nothing; then the oldest merge.
const METERS_MAX: usize = 600;

/// Alters the content of an exchange before it is written; says whether it did.
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
    /// The format that each provider speaks; others are recorded unread.
    pub dialects: BTreeMap<String, Dialect>,
    /// Alters what must not be kept.
    pub redact: Redact,
}

/// The running thread.
pub struct Mirroring {
    orders: mpsc::SyncSender<Order>,
    thread: thread::JoinHandle<()>,
}

enum Order {
    /// Append all that waits, meters included, and say so.
    Flush(mpsc::SyncSender<()>),
    /// The same, and end.
    Stop,
}

impl Mirroring {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(means: Means) -> std::io::Result<Self> {
        let (orders, taken) = mpsc::sync_channel(1);
        let drain = Drain { second: second(means.clock.now()), means, unsaid: Vec::new() };
        let thread = thread::Builder::new().name("mirror".into()).spawn(move || drain.run(&taken))?;
        Ok(Self { orders, thread })
    }

    /// Waits until everything that was offered before this call is in the journal (or counted as
    /// lost). Blocks.
    pub fn flush(&self) {
        let (done, flushed) = mpsc::sync_channel(1);
        if self.orders.send(Order::Flush(done)).is_ok() {
            // An error means that the thread has ended, and then nothing waits.
            let _ = flushed.recv();
        }
    }

    /// Flushes and ends. Blocks.
    pub fn stop(self) {
        // Both fail only if the thread has ended already.
        let _ = self.orders.send(Order::Stop);
        let _ = self.thread.join();
    }
}

struct Drain {
    means: Means,
    second: Timestamp,
    unsaid: Vec<Meter>,
}

impl Drain {
    fn run(mut self, orders: &mpsc::Receiver<Order>) {
        loop {
            let order = match orders.recv_timeout(REST) {
                Ok(order) => Some(order),
                Err(mpsc::RecvTimeoutError::Timeout) => None,
                Err(mpsc::RecvTimeoutError::Disconnected) => Some(Order::Stop),
            };
            while self.append_some() {}
            if order.is_some() || second(self.means.clock.now()) != self.second {
                self.close_second();
            }
            match order {
                Some(Order::Stop) => return,
                // Whoever asked may have gone.
                Some(Order::Flush(done)) => drop(done.send(())),
                None => {}
            }
        }
    }

    /// Appends one group; whether there was any.
    fn append_some(&mut self) -> bool {
        let group = self.means.queue.drain(GROUP_MAX);
        if group.is_empty() {
            return false;
        }
        let mut records = Vec::with_capacity(group.len());
        for (offer_seq, captured) in group {
            match self.record(offer_seq, captured) {
                Some(record) => records.push(record),
                None => self.lose("too_large", 1),
            }
        }
        if let Err(error) = self.means.journal.append(TOPIC, &records) {
            tracing::error!(%error, exchanges = records.len(), "the journal took nothing; exchanges are lost and counted");
            self.lose(error.reason(), records.len() as u64);
        }
        true
    }

    fn record(&self, offer_seq: u64, captured: Captured) -> Option<bytes::Bytes> {
        let origin = Origin { proxy_instance: self.means.instance.clone(), offer_seq };
        let dialect = self.means.dialects.get(captured.provider()).copied();
        let mut exchange = captured
            .into_exchange(origin, |id, declared, call| conversation(dialect, id, declared, call));
        strip(&mut exchange);
        exchange.redacted = (self.means.redact)(&mut exchange);
        Event::Exchange(Box::new(exchange)).to_bytes().ok()
    }

    /// Journals the accounting of the second that ended.
    fn close_second(&mut self) {
        let at = std::mem::replace(&mut self.second, second(self.means.clock.now()));
        for (category, tally) in self.means.queue.take_tallies() {
            self.unsaid.push(meter(&self.means.instance, at, category, tally));
        }
        let records: Vec<_> =
            self.unsaid.iter().filter_map(|m| Event::Meter(m.clone()).to_bytes().ok()).collect();
        if records.is_empty() || self.means.journal.append(TOPIC, &records).is_ok() {
            self.unsaid.clear();
        }
        while self.unsaid.len() > METERS_MAX {
            let oldest = self.unsaid.remove(0);
            if let Some(next) = self.unsaid.first_mut() {
                merge(next, oldest);
            }
        }
    }

    fn lose(&mut self, reason: &str, exchanges: u64) {
        counter!("foreshadow_mirror_lost_total", "reason" => reason.to_owned()).increment(exchanges);
        let tally = Tally::default();
        let mut lost = meter(&self.means.instance, self.second, None, tally);
        lost.lost.insert(reason.to_owned(), exchanges);
        self.unsaid.push(lost);
    }
}

fn conversation(
    dialect: Option<Dialect>,
    id: ExchangeId,
    declared: &Declared,
    raw: &RawCall,
) -> Conversation {
    let call = match (dialect, &raw.body) {
        (Some(dialect), Body::Inline(body)) => {
            dialect.read_call(&raw.method, &raw.path, &raw.headers, body)
        }
        _ => exchange::Call::default(),
    };
    let (key, tenant) = (declared.conversation.as_deref(), declared.tenant.as_deref());
    dialect::conversation(key, tenant, &call, id)
}

fn strip(exchange: &mut Exchange) {
    dialect::credentials::strip(&mut exchange.call.headers, &mut exchange.call.path);
    dialect::credentials::strip(&mut exchange.reply.headers, &mut String::new());
}

fn meter(instance: &str, at: Timestamp, category: Option<String>, tally: Tally) -> Meter {
    let shed = tally.shed.into_iter().map(|(reason, count)| (reason.name().to_owned(), count));
    Meter {
        proxy_instance: instance.to_owned(),
        at,
        category,
        offered: tally.offered,
        accepted: tally.accepted,
        shed: shed.collect(),
        lost: BTreeMap::new(),
    }
}

/// Adds an older meter's counts to a newer one: seconds are lost, counts are not.
fn merge(into: &mut Meter, older: Meter) {
    into.category = None;
    into.offered += older.offered;
    into.accepted += older.accepted;
    for (reason, count) in older.shed {
        *into.shed.entry(reason).or_default() += count;
    }
    for (reason, count) in older.lost {
        *into.lost.entry(reason).or_default() += count;
    }
}

fn second(at: Timestamp) -> Timestamp {
    Timestamp(at.0 - at.0.rem_euclid(SECOND_US))
}
