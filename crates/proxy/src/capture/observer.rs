//! The one door to the mirror. Whatever the mirror does, the live path goes on.

use crate::{
    budget::Budget,
    capture::{Captured, tape::Tape},
    config::Limits,
    meters::MirrorMeters,
    mirror::{Mirror, Offer, ShedReason},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// Opens captures and offers them at their end.
pub(crate) struct Observer {
    mirror: Arc<dyn Mirror>,
    budget: Arc<Budget>,
    body_bytes_max: usize,
    meters: MirrorMeters,
    is_on: bool,
}

impl Observer {
    pub(crate) fn new(mirror: Arc<dyn Mirror>, limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            is_on: mirror.is_on(),
            mirror,
            budget: Budget::new(limits.capture_total_bytes_max),
            body_bytes_max: limits.capture_body_bytes_max,
            meters: MirrorMeters::new(),
        })
    }

    pub(crate) fn is_on(&self) -> bool {
        self.is_on
    }

    pub(crate) fn tape(&self) -> Tape {
        Tape::new(&self.budget, self.body_bytes_max)
    }

    /// Offers an exchange; a mirror that panics has shed it.
    pub(super) fn offer(&self, captured: Captured) {
        let offered = catch_unwind(AssertUnwindSafe(|| self.mirror.offer(captured)));
        self.meters.offered.increment(1);
        match offered.unwrap_or(Offer::Shed(ShedReason::Panicked)) {
            Offer::Accepted => self.meters.accepted.increment(1),
            Offer::Shed(reason) => self.meters.shed(reason),
        }
    }

    /// Tells the mirror of an exchange that the budget had no room for.
    pub(super) fn missed(&self, category: Option<&str>) {
        let told = catch_unwind(AssertUnwindSafe(|| {
            self.mirror.missed(category, ShedReason::Memory);
        }));
        self.meters.offered.increment(1);
        self.meters.shed(told.map_or(ShedReason::Panicked, |()| ShedReason::Memory));
    }
}
