use crate::{exchange::Exchange, meter::Meter};

/// What travels on the journal.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A mirrored exchange.
    Exchange(Box<Exchange>),
    /// A second's accounting.
    Meter(Meter),
}
