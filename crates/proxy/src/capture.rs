//! The tee: what becomes of one call and its reply beside being forwarded.
//!
//! A capture passes three types: [`Opened`] while nothing has answered, [`Replying`] while a body
//! flows, [`Captured`] at the end, and each holds only what is known by then. It is offered to the
//! mirror once, wherever the exchange ends: on its last byte, when the client hangs up (drop), or
//! when the provider dies. Nothing is parsed, and nothing here is awaited.

pub use captured::Captured;
pub(crate) use {
    head::Head,
    observer::Observer,
    tape::{CallSide, Tape},
};

use bytes::Bytes;
use exchange::{Capture, ExchangeId, Served, Timestamp};
use http::{HeaderMap, Method, StatusCode};
use std::{mem, sync::Arc};
use tape::Taped;
use tokio::time::Instant;

mod captured;
mod head;
mod observer;
mod tape;

/// What is known of a call when its head has arrived.
pub(crate) struct CallFacts {
    pub(crate) id: ExchangeId,
    pub(crate) observed_at: Timestamp,
    pub(crate) started: Instant,
    pub(crate) provider: Arc<str>,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) head: Head,
    pub(crate) declared_category: Option<String>,
    pub(crate) policy_version: u64,
}

struct Open {
    observer: Arc<Observer>,
    facts: CallFacts,
    call: Arc<CallSide>,
}

struct Flowing {
    open: Open,
    head: ReplyHead,
    tape: Tape,
    ttft_us: Option<u64>,
}

struct ReplyHead {
    status: u16,
    head: Head,
    served: Served,
}

/// A call that nothing has answered yet. `None` inside: not observed, or passed on.
pub(crate) struct Opened(Option<Box<Open>>);

/// A reply that flows. `None` inside: not observed, or offered.
pub(crate) struct Replying(Option<Box<Flowing>>);

impl Opened {
    pub(crate) fn unobserved() -> Self {
        Self(None)
    }

    pub(crate) fn new(observer: &Arc<Observer>, facts: CallFacts, call: &Arc<CallSide>) -> Self {
        let observer = Arc::clone(observer);
        call.charge(facts.head.len());
        Self(Some(Box::new(Open { observer, facts, call: Arc::clone(call) })))
    }

    /// The head of a reply has arrived.
    pub(crate) fn answered(
        mut self,
        status: StatusCode,
        headers: &HeaderMap,
        served: Served,
    ) -> Replying {
        let Some(open) = self.0.take() else { return Replying(None) };
        let head = ReplyHead { status: status.as_u16(), head: Head::of(headers), served };
        let mut tape = open.observer.tape();
        tape.charge(head.head.len());
        Replying(Some(Box::new(Flowing { open: *open, head, tape, ttft_us: None })))
    }

    /// Not an exchange after all (a tunnel): nothing is offered.
    pub(crate) fn discard(mut self) {
        self.0 = None;
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Some(open) = self.0.take() {
            let head = ReplyHead {
                status: 0,
                head: Head::default(),
                served: observed(open.facts.policy_version),
            };
            let tape = open.observer.tape();
            let flowing = Flowing { open: *open, head, tape, ttft_us: None };
            flowing.end(Capture::Aborted);
        }
    }
}

impl Replying {
    pub(crate) fn unobserved() -> Self {
        Self(None)
    }

    pub(crate) fn chunk(&mut self, chunk: &Bytes) {
        if let Some(flowing) = &mut self.0 {
            if flowing.ttft_us.is_none() {
                flowing.ttft_us = Some(micros_since(flowing.open.facts.started));
            }
            flowing.tape.push(chunk);
        }
    }

    /// The reply has ended as its framing says.
    pub(crate) fn complete(&mut self) {
        self.end(Capture::Complete);
    }

    /// The provider broke off.
    pub(crate) fn cut(&mut self) {
        self.end(Capture::Truncated);
    }

    fn end(&mut self, capture: Capture) {
        if let Some(flowing) = self.0.take() {
            flowing.end(capture);
        }
    }
}

impl Drop for Replying {
    fn drop(&mut self) {
        self.end(Capture::Aborted);
    }
}

impl Flowing {
    fn end(mut self, capture: Capture) {
        let latency_us = micros_since(self.open.facts.started);
        let observer = Arc::clone(&self.open.observer);
        let call_whole = self.open.call.is_sent();
        let call = self.open.call.take_tape();
        let reply = mem::take(&mut self.tape);
        let (Taped::Kept(call), Taped::Kept(reply)) = (call.taped(), reply.taped()) else {
            observer.missed(self.open.facts.declared_category.as_deref());
            return;
        };
        let whole = call_whole && !call.is_truncated() && !reply.is_truncated();
        let capture =
            if capture == Capture::Complete && !whole { Capture::Truncated } else { capture };
        let Self { open, head, ttft_us, .. } = self;
        observer.offer(Captured {
            facts: open.facts,
            call,
            status: head.status,
            reply_head: head.head,
            reply,
            capture,
            served: head.served,
            latency_us,
            ttft_us,
        });
    }
}

/// How a call is served where the policy has no say in it.
pub(crate) fn observed(policy_version: u64) -> Served {
    Served { route: exchange::Route::Reference, category: None, candidate: None, policy_version }
}

fn micros_since(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX)
}
