//! A bounded queue between the live threads and whoever feeds the journal.
//!
//! Draining polls: the live threads never wake a sleeper, which would cost them a system call for
//! each exchange.

use crate::{
    capture::Captured,
    mirror::{Mirror, Offer, ShedReason},
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The limits of a [`Queue`]; bytes are limited where they are captured.
#[derive(Clone, Debug)]
pub struct QueueLimits {
    /// Exchanges that wait.
    pub exchanges_max: usize,
    /// Declared categories that are counted apart; past it they are counted as undeclared, because a
    /// caller may declare anything.
    pub categories_max: usize,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { exchanges_max: 8_192, categories_max: 256 }
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
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<(u64, Captured)>,
    next_seq: u64,
    tallies: BTreeMap<Option<String>, Tally>,
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(limits: QueueLimits) -> Self {
        Self { limits, state: Mutex::new(State::default()) }
    }

    /// Takes up to `count_max` exchanges, oldest first, each with its `offer_seq`.
    ///
    /// Whoever drains may be a thread that stands back, so it must not hold the lock for long: where
    /// all that waits is taken, the queue changes hands whole.
    #[must_use]
    pub fn drain(&self, count_max: usize) -> Vec<(u64, Captured)> {
        let mut state = self.lock();
        let taken = if state.waiting.len() <= count_max {
            std::mem::take(&mut state.waiting)
        } else {
            state.waiting.drain(..count_max).collect()
        };
        drop(state);
        taken.into()
    }

    /// Exchanges that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The counts since the last call, by declared category: a second's meters.
    #[must_use]
    pub fn take_tallies(&self) -> BTreeMap<Option<String>, Tally> {
        std::mem::take(&mut self.lock().tallies)
    }

    /// A panic elsewhere never happens under this lock, and would leave nothing half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mirror for Queue {
    fn offer(&self, captured: Captured) -> Offer {
        let category = captured.declared_category().map(str::to_owned);
        let mut state = self.lock();
        let full = state.waiting.len() >= self.limits.exchanges_max;
        let tally = state.tally(category, &self.limits);
        tally.offered += 1;
        if full {
            *tally.shed.entry(ShedReason::QueueFull).or_default() += 1;
            return Offer::Shed(ShedReason::QueueFull);
        }
        tally.accepted += 1;
        let seq = state.next_seq;
        state.next_seq += 1;
        state.waiting.push_back((seq, captured));
        Offer::Accepted
    }

    fn missed(&self, category: Option<&str>, reason: ShedReason) {
        let mut state = self.lock();
        let tally = state.tally(category.map(str::to_owned), &self.limits);
        tally.offered += 1;
        *tally.shed.entry(reason).or_default() += 1;
    }
}

impl State {
    fn tally(&mut self, category: Option<String>, limits: &QueueLimits) -> &mut Tally {
        let known = self.tallies.contains_key(&category);
        let room = self.tallies.len() < limits.categories_max;
        self.tallies.entry(if known || room { category } else { None }).or_default()
    }
}
