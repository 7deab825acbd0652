//! The mirror: where the live path leaves a copy of what it saw.
//!
//! An offer is synchronous and is never awaited: a mirror that is full says so, and the exchange is
//! shed and counted. [`Queue`] is the mirror of a whole process; what drains it — parsing, stripping
//! of credentials, the journal — runs on threads that no client waits for.

pub use queue::{Queue, QueueLimits, Tally};

use crate::capture::Captured;

mod queue;

/// Takes copies of exchanges. Implementations must return at once, whatever state they are in.
pub trait Mirror: Send + Sync + 'static {
    /// Takes the exchange, or says why not.
    fn offer(&self, captured: Captured) -> Offer;

    /// Hears of an exchange that was shed before it could be offered: it counts as offered and shed.
    fn missed(&self, category: Option<&str>, reason: ShedReason);

    /// Whether anything is to be captured at all.
    fn is_on(&self) -> bool {
        true
    }
}

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// The mirror has it.
    Accepted,
    /// It is gone.
    Shed(ShedReason),
}

/// Why an exchange was not mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShedReason {
    /// The captures in flight reached their limit in bytes.
    Memory,
    /// The mirror's queue reached its limit in exchanges.
    QueueFull,
    /// The journal behind the mirror takes nothing at present.
    Journal,
    /// The mirror panicked.
    Panicked,
}

impl ShedReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Memory, Self::QueueFull, Self::Journal, Self::Panicked];

    /// The reason's name in meters, metrics and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::QueueFull => "queue_full",
            Self::Journal => "journal",
            Self::Panicked => "panicked",
        }
    }
}

/// The mirror that is off: nothing is captured, nothing is offered.
#[derive(Clone, Copy, Debug)]
pub struct NoMirror;

impl Mirror for NoMirror {
    fn offer(&self, _: Captured) -> Offer {
        Offer::Shed(ShedReason::Journal)
    }

    fn missed(&self, _: Option<&str>, _: ShedReason) {}

    fn is_on(&self) -> bool {
        false
    }
}
