//! A connection that breaks off visibly, and whose other side may do the same.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// How a connection breaks off: what those say who use it, and what its other side did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reset(Arc<State>);

#[derive(Debug, Default)]
struct State {
    on_close: AtomicBool,
    has_come: AtomicBool,
    /// Whoever is asked for on this connection.
    caller: Mutex<Option<Reset>>,
}

impl Reset {
    /// It is to be reset when it closes.
    pub(crate) fn on_close(&self) {
        self.0.on_close.store(true, Ordering::Relaxed);
    }

    /// It is to close as usual.
    pub(crate) fn no_more(&self) {
        self.0.on_close.store(false, Ordering::Relaxed);
    }

    /// From now on it carries what came by another connection: where that one was reset, so is this.
    /// `None`: it carries nothing, or what has no connection of its own.
    pub(crate) fn carry(&self, caller: Option<Self>) {
        *self.caller() = caller;
    }

    /// Whether closing it now is to reset it.
    pub(super) fn is_due(&self) -> bool {
        self.0.on_close.load(Ordering::Relaxed)
            || self.caller().as_ref().is_some_and(Self::has_come)
    }

    /// Remembers an error that says that the other side has reset it.
    pub(super) fn note(&self, error: &io::Error) {
        if error.kind() == io::ErrorKind::ConnectionReset {
            self.0.has_come.store(true, Ordering::Relaxed);
        }
    }

    /// Whether its other side has reset it.
    pub(crate) fn has_come(&self) -> bool {
        self.0.has_come.load(Ordering::Relaxed)
    }

    fn caller(&self) -> MutexGuard<'_, Option<Self>> {
        self.0.caller.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
