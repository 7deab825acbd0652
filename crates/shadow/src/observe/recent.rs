//! Which exchanges and meters were seen of late: a proxy that was killed between the brokers' answer and
//! its own note of it sends what it had under way again, and each of them counts once.
//!
//! A worker begins with those that the tables hold. If it began with none, one that takes over from
//! another in the middle of a batch would find other exchanges new than that one did, and of an exchange
//! that was sent twice there would be rows in one table and none in the next.

use std::{
    collections::{HashSet, VecDeque},
    hash::Hash,
};

/// What is remembered of either: many times what a proxy sends again.
const RECENT_MAX: usize = 65_536;

/// The last ones of a partition, by what tells them apart.
#[derive(Debug)]
pub(super) struct Recent<T> {
    known: HashSet<T>,
    order: VecDeque<T>,
}

impl<T: Clone + Eq + Hash> Recent<T> {
    /// Those that the tables hold, oldest first.
    pub(super) fn of(held: impl IntoIterator<Item = T>) -> Self {
        let mut recent = Self { known: HashSet::new(), order: VecDeque::new() };
        held.into_iter().for_each(|it| recent.note(it));
        recent
    }

    pub(super) fn has(&self, it: &T) -> bool {
        self.known.contains(it)
    }

    pub(super) fn note(&mut self, it: T) {
        self.known.insert(it.clone());
        self.order.push_back(it);
        if self.order.len() > RECENT_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}
