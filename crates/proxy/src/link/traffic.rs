//! What happens on one client's HTTP/2 connection: hyper times a connection of HTTP/1.1 by itself, and
//! leaves one of HTTP/2 open for as long as its client likes.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};

/// The calls of one connection.
pub(crate) struct Traffic {
    flow: Mutex<Flow>,
    cancelled_max: usize,
    flooded: Notify,
}

#[derive(Clone, Copy)]
struct Flow {
    open: usize,
    /// Since when no call was open, if none is.
    idle_since: Instant,
    begun: usize,
    cancelled: usize,
}

/// A call that has not been answered. Dropping it takes the call back.
pub(crate) struct Asked(Option<Arc<Traffic>>);

impl Asked {
    pub(crate) fn answered(mut self) {
        self.0 = None;
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if let Some(traffic) = &self.0 {
            traffic.cancel();
        }
    }
}

impl Traffic {
    /// `cancelled_max` calls may be taken back before their reply begins, or half of all.
    pub(crate) fn new(cancelled_max: usize) -> Arc<Self> {
        let flow = Flow { open: 0, idle_since: Instant::now(), begun: 0, cancelled: 0 };
        Arc::new(Self { flow: Mutex::new(flow), cancelled_max, flooded: Notify::new() })
    }

    pub(crate) fn asked(self: &Arc<Self>) -> Asked {
        Asked(Some(Arc::clone(self)))
    }

    pub(crate) fn begin(&self) {
        let mut flow = self.flow();
        flow.open += 1;
        flow.begun += 1;
    }

    pub(crate) fn end(&self) {
        let mut flow = self.flow();
        flow.open -= 1;
        flow.idle_since = Instant::now();
    }

    /// Waits until no call was open for `idle_max`.
    pub(crate) async fn too_idle(&self, idle_max: Duration) {
        loop {
            let Flow { open, idle_since, .. } = *self.flow();
            if open > 0 {
                sleep(idle_max).await;
            } else if idle_since.elapsed() >= idle_max {
                return;
            } else {
                sleep_until(idle_since + idle_max).await;
            }
        }
    }

    /// Waits until the client has taken back too many calls: each costs it a few bytes, and us a
    /// connection to a provider.
    pub(crate) async fn flooded(&self) {
        self.flooded.notified().await;
    }

    fn cancel(&self) {
        let mut flow = self.flow();
        flow.cancelled += 1;
        if is_flood(flow.begun, flow.cancelled, self.cancelled_max) {
            self.flooded.notify_one();
        }
    }

    fn flow(&self) -> MutexGuard<'_, Flow> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client that stops most of what it asks is no client; one that stops some of very much is.
fn is_flood(begun: usize, cancelled: usize, cancelled_max: usize) -> bool {
    cancelled > cancelled_max && cancelled > begun / 2
}
