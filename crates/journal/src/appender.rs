//! The group commit in front of the journal: many callers that must not wait, one thread that does.
//!
//! A caller offers an item and goes on: the item is queued, or refused because the queue is at a
//! limit. The thread takes what is waiting, encodes it, appends it as one group and syncs once.
//! The longer a sync takes, the more waits for the next one, so throughput holds as load grows.
//!
//! It never blocks a caller, never tells one of a failed append, and never tries one again: items
//! that cannot be appended are dropped, counted by reason and reported to `on_lost`. Trying again
//! would hold newer items back behind older ones, while the queue refuses and counts anyway.

use crate::{
    error::{Error, Result},
    journal::{Journal, RECORD_BYTES_MAX},
    sync::lock,
};
use std::{
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// How much waits in front of the journal, and how much goes into one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppenderLimits {
    /// The most items queued or being appended.
    pub items_max: usize,
    /// The most bytes of them, as `Feed::weigh` says.
    pub bytes_max: usize,
    /// The most items appended with one sync.
    pub group_items_max: usize,
    /// A group is appended once its records reach this many bytes.
    pub group_bytes_max: usize,
}

/// What an appender does with items of type `T`.
pub struct Feed<T> {
    /// The memory that an item holds while it waits. Called by the one who offers: keep it cheap.
    pub weigh: fn(&T) -> usize,
    /// Turns an item into records, on the appender's thread.
    pub encode: Encode<T>,
    /// Hears how many items were lost, and why. Called on the appender's thread, or in `close`.
    pub on_lost: OnLost,
}

/// Turns an item into records; none is allowed.
pub type Encode<T> = Box<dyn Fn(T) -> Vec<Vec<u8>> + Send + Sync>;
/// Hears of lost items: why, and how many.
pub type OnLost = Box<dyn Fn(&Error, usize) + Send + Sync>;

/// Why an item was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// As many items as may be are waiting.
    CountFull,
    /// The item would take the waiting bytes past their limit.
    BytesFull,
    /// The appender is closed.
    Closed,
}

/// What an appender has done so far. Once it is closed, taken = appended + lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Items taken by `offer`.
    pub taken_items: u64,
    /// Items that are on disk.
    pub appended_items: u64,
    /// Records that they became.
    pub appended_records: u64,
    /// The payload bytes of these records.
    pub appended_bytes: u64,
    /// Appends, each with one sync.
    pub groups: u64,
    /// Items taken and then lost, by `Error::reason`.
    pub lost_items: BTreeMap<&'static str, u64>,
    /// Items refused because too many were waiting.
    pub refused_count_full: u64,
    /// Items refused because too many bytes were waiting.
    pub refused_bytes_full: u64,
    /// Items refused because the appender was closed.
    pub refused_closed: u64,
    /// Items queued or being appended.
    pub waiting_items: usize,
    /// Their weight.
    pub waiting_bytes: usize,
}

/// A bounded queue in front of one topic, with the thread that empties it. Share it in an `Arc`.
/// Dropping it closes it without waiting; what was taken is still appended.
pub struct Appender<T> {
    shared: Arc<Shared<T>>,
}

impl<T: Send + 'static> Appender<T> {
    /// Starts the thread that appends to `topic`.
    pub fn start(
        journal: Journal,
        topic: &str,
        limits: AppenderLimits,
        feed: Feed<T>,
    ) -> Result<Self> {
        journal.end(topic)?;
        let queue = Mutex::new(Queue::default());
        let shared =
            Shared { limits, feed, queue, arrived: Condvar::new(), finished: Condvar::new() };
        let appender = Self { shared: Arc::new(shared) };
        let (shared, topic) = (Arc::clone(&appender.shared), topic.to_owned());
        thread::Builder::new()
            .name("journal-append".to_owned())
            .spawn(move || shared.run(&journal, &topic))
            .map_err(crate::error::disk("start the thread of", "the appender"))?;
        Ok(appender)
    }

    /// Takes the item if there is room. Never blocks on the journal; holds a lock for a moment.
    pub fn offer(&self, item: T) -> std::result::Result<(), Refused> {
        let Shared { limits, feed, .. } = &*self.shared;
        let bytes = (feed.weigh)(&item);
        let mut queue = lock(&self.shared.queue);
        let Queue { items, phase, figures } = &mut *queue;
        if *phase != Phase::Open {
            figures.refused_closed += 1;
            return Err(Refused::Closed);
        }
        if figures.waiting_items >= limits.items_max {
            figures.refused_count_full += 1;
            return Err(Refused::CountFull);
        }
        let bytes_held = figures.waiting_bytes.saturating_add(bytes);
        if bytes_held > limits.bytes_max {
            figures.refused_bytes_full += 1;
            return Err(Refused::BytesFull);
        }
        figures.taken_items += 1;
        figures.waiting_items += 1;
        figures.waiting_bytes = bytes_held;
        let was_empty = items.is_empty();
        items.push_back((item, bytes));
        drop(queue);
        if was_empty {
            self.shared.arrived.notify_one();
        }
        Ok(())
    }

    /// What has been done so far.
    pub fn figures(&self) -> Figures {
        lock(&self.shared.queue).figures.clone()
    }

    /// Refuses new items and waits up to `deadline` until those taken are appended. What is still
    /// queued then is dropped and counted as lost; returns how many items that were. Blocks.
    pub fn close(&self, deadline: Duration) -> usize {
        let shared = &*self.shared;
        shared.stop();
        let queue = lock(&shared.queue);
        let waited =
            shared.finished.wait_timeout_while(queue, deadline, |queue| queue.phase != Phase::Done);
        let (mut queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let left = std::mem::take(&mut queue.items);
        queue.release(&left);
        drop(queue);
        shared.lose(&Error::Closed, left.len());
        left.len()
    }
}

impl<T> Drop for Appender<T> {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

struct Shared<T> {
    limits: AppenderLimits,
    feed: Feed<T>,
    queue: Mutex<Queue<T>>,
    arrived: Condvar,
    finished: Condvar,
}

struct Queue<T> {
    items: VecDeque<(T, usize)>,
    phase: Phase,
    figures: Figures,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    Closing,
    /// The thread has ended.
    Done,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { items: VecDeque::new(), phase: Phase::Open, figures: Figures::default() }
    }
}

impl<T> Queue<T> {
    /// Gives back the room that `items` held.
    fn release(&mut self, items: &VecDeque<(T, usize)>) {
        self.release_of(items.len(), items.iter().map(|(_, bytes)| bytes).sum());
    }

    fn release_of(&mut self, items: usize, bytes: usize) {
        self.figures.waiting_items -= items;
        self.figures.waiting_bytes -= bytes;
    }
}

impl<T> Shared<T> {
    fn run(&self, journal: &Journal, topic: &str) {
        // However this thread ends, nobody may go on offering to a queue that nobody empties.
        let _done = Done(self);
        while let Some(items) = self.take() {
            let (count, bytes) = (items.len(), items.iter().map(|(_, bytes)| bytes).sum());
            self.append(journal, topic, items);
            lock(&self.queue).release_of(count, bytes);
        }
    }

    /// Waits for items and takes what is there, up to a group; nothing once closed and empty.
    fn take(&self) -> Option<VecDeque<(T, usize)>> {
        let queue = lock(&self.queue);
        let waiting = |queue: &mut Queue<T>| queue.items.is_empty() && queue.phase == Phase::Open;
        let mut queue: MutexGuard<'_, _> =
            self.arrived.wait_while(queue, waiting).unwrap_or_else(PoisonError::into_inner);
        let count = queue.items.len().min(self.limits.group_items_max.max(1));
        (count > 0).then(|| queue.items.drain(..count).collect())
    }

    /// Encodes and appends `items`, as one group unless their records are too long for one.
    fn append(&self, journal: &Journal, topic: &str, items: VecDeque<(T, usize)>) {
        let mut group = Group::default();
        for (item, _) in items {
            // A bug in an encoder costs its item, not the thread.
            let encoded = catch_unwind(AssertUnwindSafe(|| (self.feed.encode)(item)));
            let Ok(records) = encoded else {
                self.lose(&Error::Encode, 1);
                continue;
            };
            let longest = records.iter().map(Vec::len).max().unwrap_or(0);
            if longest > RECORD_BYTES_MAX {
                let (bytes, bytes_max) = (longest as u64, RECORD_BYTES_MAX as u64);
                self.lose(&Error::TooLong { what: "a record", bytes, bytes_max }, 1);
                continue;
            }
            group.add(records);
            if group.bytes >= self.limits.group_bytes_max {
                self.append_group(journal, topic, std::mem::take(&mut group));
            }
        }
        self.append_group(journal, topic, group);
    }

    fn append_group(&self, journal: &Journal, topic: &str, group: Group) {
        if group.items == 0 {
            return;
        }
        match journal.append(topic, &group.records) {
            Ok(_) => {
                let figures = &mut lock(&self.queue).figures;
                figures.groups += 1;
                figures.appended_items += group.items as u64;
                figures.appended_records += group.records.len() as u64;
                figures.appended_bytes += group.bytes as u64;
            }
            Err(error) => self.lose(&error, group.items),
        }
    }

    fn lose(&self, error: &Error, items: usize) {
        if items > 0 {
            *lock(&self.queue).figures.lost_items.entry(error.reason()).or_default() +=
                items as u64;
            (self.feed.on_lost)(error, items);
        }
    }

    fn stop(&self) {
        let mut queue = lock(&self.queue);
        if queue.phase == Phase::Open {
            queue.phase = Phase::Closing;
        }
        drop(queue);
        self.arrived.notify_all();
    }
}

/// The records of one append.
#[derive(Default)]
struct Group {
    items: usize,
    bytes: usize,
    records: Vec<Vec<u8>>,
}

impl Group {
    fn add(&mut self, records: Vec<Vec<u8>>) {
        self.items += 1;
        self.bytes += records.iter().map(Vec::len).sum::<usize>();
        self.records.extend(records);
    }
}

struct Done<'a, T>(&'a Shared<T>);

impl<T> Drop for Done<'_, T> {
    fn drop(&mut self) {
        lock(&self.0.queue).phase = Phase::Done;
        self.0.finished.notify_all();
    }
}
