use crate::{
    join::{self, Place},
    metric::{self, Dropped},
    queue::{Entrance, Seen},
    span::OurCall,
};
use exchange::Exchange;
use opentelemetry_sdk::trace::ShouldSample;
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// Where exchanges and calls of ours are left to be told of. It never waits and never fails: what it
/// cannot take is counted. A closed one does nothing.
#[derive(Clone, Default)]
pub struct Tap(Option<Arc<Open>>);

struct Open {
    entrance: Entrance,
    sampler: Box<dyn ShouldSample>,
}

impl Tap {
    /// One that takes nothing, where nothing is to be exported.
    #[must_use]
    pub fn closed() -> Self {
        Self(None)
    }

    pub(crate) fn open(entrance: Entrance, sampler: Box<dyn ShouldSample>) -> Self {
        Self(Some(Arc::new(Open { entrance, sampler })))
    }

    /// Leaves an exchange of the live path.
    pub fn exchange(&self, exchange: Box<Exchange>) {
        if let Some(open) = &self.0 {
            open.leave(|| open.place(&exchange).map(|place| Seen::Exchange(exchange, place)));
        }
    }

    /// Leaves a call of ours that was made for `exchange`.
    pub fn call(&self, exchange: &Exchange, call: impl FnOnce() -> OurCall) {
        if let Some(open) = &self.0 {
            let seen = |place| Seen::Call(Box::new(call()), exchange.id, place);
            open.leave(|| open.place(exchange).map(seen));
        }
    }
}

impl Open {
    fn place(&self, exchange: &Exchange) -> Option<Place> {
        join::place(exchange.id, &exchange.call.headers, &*self.sampler)
    }

    /// A head is whatever a client sent: what reading it trips over costs a span, not a thread.
    fn leave(&self, seen: impl FnOnce() -> Option<Seen>) {
        match catch_unwind(AssertUnwindSafe(seen)) {
            Ok(None) => {}
            Ok(Some(seen)) => {
                if let Err(why) = self.entrance.leave(seen) {
                    metric::dropped(why, 1);
                }
            }
            Err(_) => metric::dropped(Dropped::Panicked, 1),
        }
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.0.is_some() { "Tap(open)" } else { "Tap(closed)" })
    }
}
