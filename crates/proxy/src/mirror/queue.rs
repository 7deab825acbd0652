//! A bounded queue between the live threads and whoever feeds the journal.
//!
//! The live threads never wait here, not even for each other: there is no lock on their side. Whoever
//! drains may be a thread that stands back behind every other, and a lock that it held while it got
//! no time would hold up the live path. Draining polls, because waking a sleeper would cost the live
//! threads a system call for each exchange.

use crate::{
    capture::Captured,
    mirror::{Mirror, Offer, ShedReason},
};
use crossbeam_queue::ArrayQueue;
use std::{
    array,
    collections::BTreeMap,
    iter,
    num::NonZeroUsize,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Exchanges that were shed since the last look and of which more than the count is kept.
const SHED_MAX: usize = 4_096;
/// Free places in a queue that counts as full. A taker that stands still in the middle of a step keeps
/// its place; with no free one beside it, a live thread that comes round would wait for that place.
const SLACK: usize = 64;

/// The limits of a [`Queue`]; bytes are limited where they are captured.
#[derive(Clone, Debug)]
pub struct QueueLimits {
    /// Exchanges that wait.
    pub exchanges_max: NonZeroUsize,
    /// Declared categories that are counted apart; past it they are counted as undeclared, because a
    /// caller may declare anything.
    pub categories_max: usize,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { exchanges_max: NonZeroUsize::MIN.saturating_add(8_191), categories_max: 256 }
    }
}

/// What was offered since the last look: `offered = accepted + Σ shed`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Exchanges offered.
    pub offered: u64,
    /// Exchanges taken.
    pub accepted: u64,
    /// Exchanges not taken, by reason.
    pub shed: BTreeMap<ShedReason, u64>,
}

/// The bounded mirror.
#[derive(Debug)]
pub struct Queue {
    limits: QueueLimits,
    /// Boxed, because a ring of the exchanges themselves would walk through megabytes of cache.
    waiting: ArrayQueue<Box<Captured>>,
    shed: ArrayQueue<(Option<String>, ShedReason)>,
    /// By [`ShedReason`], what `shed` had no room for: counted as undeclared.
    shed_beyond: [AtomicU64; ShedReason::ALL.len()],
    drained: Mutex<Drained>,
}

/// What only those who drain hold.
#[derive(Debug, Default)]
struct Drained {
    next_seq: u64,
    tallies: BTreeMap<Option<String>, Tally>,
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(limits: QueueLimits) -> Self {
        Self {
            waiting: ArrayQueue::new(limits.exchanges_max.get().saturating_add(SLACK)),
            shed: ArrayQueue::new(SHED_MAX + SLACK),
            shed_beyond: array::from_fn(|_| AtomicU64::new(0)),
            drained: Mutex::default(),
            limits,
        }
    }

    /// Takes up to `count_max` exchanges, oldest first, each with its `offer_seq`.
    #[must_use]
    pub fn drain(&self, count_max: usize) -> Vec<(u64, Captured)> {
        let mut drained = self.drained();
        let taken = iter::from_fn(|| self.waiting.pop()).take(count_max);
        taken.map(|captured| (drained.accept(&captured, &self.limits), *captured)).collect()
    }

    /// Exchanges that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The counts since the last call, by declared category: a second's meters. An exchange that still
    /// waits is counted when it is drained.
    #[must_use]
    pub fn take_tallies(&self) -> BTreeMap<Option<String>, Tally> {
        let mut drained = self.drained();
        // What is shed meanwhile is counted next time.
        for (category, reason) in iter::from_fn(|| self.shed.pop()).take(SHED_MAX) {
            drained.shed(category, (reason, 1), &self.limits);
        }
        for (reason, beyond) in iter::zip(ShedReason::ALL, &self.shed_beyond) {
            drained.shed(None, (reason, beyond.swap(0, Ordering::Relaxed)), &self.limits);
        }
        std::mem::take(&mut drained.tallies)
    }

    /// Counts an exchange that the queue does not have.
    fn shed(&self, category: Option<String>, reason: ShedReason) {
        let has_room = self.shed.len() < SHED_MAX;
        if !has_room || self.shed.push((category, reason)).is_err() {
            self.shed_beyond[reason as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A panic elsewhere never happens under this lock, and would leave nothing half done.
    fn drained(&self) -> MutexGuard<'_, Drained> {
        self.drained.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mirror for Queue {
    fn offer(&self, captured: Captured) -> Offer {
        let refused = if self.waiting.len() < self.limits.exchanges_max.get() {
            self.waiting.push(Box::new(captured)).err().map(|refused| *refused)
        } else {
            Some(captured)
        };
        let Some(refused) = refused else { return Offer::Accepted };
        self.shed(refused.declared_category().map(str::to_owned), ShedReason::QueueFull);
        Offer::Shed(ShedReason::QueueFull)
    }

    fn missed(&self, category: Option<&str>, reason: ShedReason) {
        self.shed(category.map(str::to_owned), reason);
    }
}

impl Drained {
    /// Counts an exchange that was taken; its number.
    fn accept(&mut self, captured: &Captured, limits: &QueueLimits) -> u64 {
        let tally = self.tally(captured.declared_category().map(str::to_owned), limits);
        tally.offered += 1;
        tally.accepted += 1;
        let seq = self.next_seq;
        self.next_seq += 1;
        seq
    }

    fn shed(
        &mut self,
        category: Option<String>,
        (reason, count): (ShedReason, u64),
        limits: &QueueLimits,
    ) {
        if count > 0 {
            let tally = self.tally(category, limits);
            tally.offered += count;
            *tally.shed.entry(reason).or_default() += count;
        }
    }

    fn tally(&mut self, category: Option<String>, limits: &QueueLimits) -> &mut Tally {
        let known = self.tallies.contains_key(&category);
        let room = self.tallies.len() < limits.categories_max;
        self.tallies.entry(if known || room { category } else { None }).or_default()
    }
}
