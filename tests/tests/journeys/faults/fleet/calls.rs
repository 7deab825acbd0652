//! Clients that call all the while, and hold every reply against what the provider itself says.

use super::traffic;
use crate::town::Town;
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::watch::{self, Receiver, Sender},
    time::{MissedTickBehavior, interval},
};

/// Which process serves a seat, and where.
#[derive(Clone, Debug)]
pub(super) struct Served {
    pub(super) life: usize,
    pub(super) base_url: String,
}

/// A place that is served by one proxy after the other; by none once its clients are to leave.
pub(super) struct Seat(Sender<Option<Served>>);

impl Seat {
    pub(super) fn new(served: Served) -> Self {
        Self(watch::channel(Some(served)).0)
    }

    pub(super) fn watch(&self) -> Receiver<Option<Served>> {
        self.0.subscribe()
    }

    pub(super) fn tell(&mut self, served: Served) {
        self.0.send_replace(Some(served));
    }

    pub(super) fn leave(&mut self) {
        self.0.send_replace(None);
    }
}

/// What was asked, and by which process it was answered, or not.
#[derive(Default)]
pub(super) struct Calls {
    next: AtomicU64,
    ended: Mutex<Ended>,
}

#[derive(Default)]
pub(super) struct Ended {
    /// The calls that were answered, as without Foreshadow, by number, and the life that answered.
    pub(super) answered: BTreeMap<u64, usize>,
    /// Those whose connection broke.
    pub(super) broken: BTreeMap<u64, usize>,
}

impl Calls {
    pub(super) fn ended(&self) -> MutexGuard<'_, Ended> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn answered(&self) -> u64 {
        self.ended().answered.len() as u64
    }
}

/// One client, until it is to leave. Whose connection breaks waits until another process serves: at one
/// that lives on no connection may break, and the books say so.
pub(super) async fn call(
    calls: std::sync::Arc<Calls>,
    mut seat: Receiver<Option<Served>>,
    direct: String,
    pace: Option<Duration>,
) {
    let direct = Town::client(&direct);
    let mut pace = pace.map(interval);
    pace.iter_mut().for_each(|it| it.set_missed_tick_behavior(MissedTickBehavior::Delay));
    loop {
        let Some(Served { life, base_url }) = seat.borrow_and_update().clone() else { return };
        let through = Town::client(&base_url);
        loop {
            match seat.has_changed() {
                Ok(false) => {}
                Ok(true) => break,
                Err(_) => return,
            }
            if let Some(pace) = &mut pace {
                pace.tick().await;
            }
            let number = calls.next.fetch_add(1, Ordering::SeqCst);
            let call = traffic::call(number);
            let (reply, own) = tokio::join!(through.send(&call), direct.send(&call));
            let own = own.expect("the provider answers");
            let Ok(reply) = reply else {
                calls.ended().broken.insert(number, life);
                if seat.changed().await.is_err() {
                    return;
                }
                break;
            };
            assert_eq!(reply.status, 200, "call {number}: {reply:?}");
            assert_eq!((&reply.headers, &reply.body), (&own.headers, &own.body), "call {number}");
            calls.ended().answered.insert(number, life);
        }
    }
}
