//! Which exchanges were seen of late: a proxy that was killed between the brokers' answer and its own
//! note of it sends what it had under way again, and each exchange counts once.
//!
//! A worker begins with those that the tables hold. If it began with none, one that takes over from
//! another in the middle of a batch would find other exchanges new than that one did, and of an exchange
//! that was sent twice there would be rows in one table and none in the next.

use exchange::ExchangeId;
use std::collections::{HashSet, VecDeque};

/// Exchanges that are remembered: many times what a proxy sends again.
const RECENT_MAX: usize = 65_536;

/// The last exchanges of a partition.
#[derive(Debug, Default)]
pub(super) struct Recent {
    known: HashSet<ExchangeId>,
    order: VecDeque<ExchangeId>,
}

impl Recent {
    /// Those that the tables hold, oldest first.
    pub(super) fn of(held: impl IntoIterator<Item = ExchangeId>) -> Self {
        let mut recent = Self::default();
        held.into_iter().for_each(|id| recent.note(id));
        recent
    }

    pub(super) fn has(&self, id: ExchangeId) -> bool {
        self.known.contains(&id)
    }

    pub(super) fn note(&mut self, id: ExchangeId) {
        self.known.insert(id);
        self.order.push_back(id);
        if self.order.len() > RECENT_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}
