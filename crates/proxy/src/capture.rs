//! The tee: what becomes of one call and its reply beside being forwarded.
//!
//! A capture passes three types: [`Opened`] while nothing has answered, [`Replying`] while a body
//! flows, [`Captured`] at the end, and each holds only what is known by then. It is offered to the
//! mirror once, wherever the exchange ends: on its last byte, when the client hangs up (drop), or
//! when the provider dies. Nothing is parsed, and nothing here is awaited.

pub use {captured::Captured, unused::UnusedReply};
pub(crate) use {
    head::Head,
    observer::Observer,
    tape::{CallSide, Tape},
    unused::Came,
};

use bytes::Bytes;
use exchange::{Capture, Disuse, ExchangeId, Served, Timestamp};
use http::{HeaderMap, Method, StatusCode};
use std::{mem, sync::Arc};
use tape::Taped;
use tokio::time::Instant;
use unused::{Asking, Trial};

mod captured;
mod head;
mod observer;
mod tape;
mod unused;

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
    unused: Option<Box<UnusedReply>>,
    head: ReplyHead,
    tape: Tape,
    ttft_us: Option<u64>,
}

struct ReplyHead {
    status: u16,
    head: Head,
    served: Served,
}

/// A call that nothing has answered yet.
pub(crate) struct Opened {
    /// `None`: not observed, or passed on.
    open: Option<Box<Open>>,
    trial: Trial,
}

/// A reply that flows. `None` inside: not observed, or offered.
pub(crate) struct Replying(Option<Box<Flowing>>);

impl Opened {
    pub(crate) fn unobserved() -> Self {
        Self { open: None, trial: Trial::Nobody }
    }

    pub(crate) fn new(observer: &Arc<Observer>, facts: CallFacts, call: &Arc<CallSide>) -> Self {
        let observer = Arc::clone(observer);
        call.charge(facts.head.len());
        let open = Open { observer, facts, call: Arc::clone(call) };
        Self { open: Some(Box::new(open)), trial: Trial::Nobody }
    }

    /// A candidate is asked. Where the client hangs up meanwhile, its reply is abandoned.
    pub(crate) fn asking(&mut self, candidate: String, provider: String) {
        let asking = Asking { candidate, provider, since: Instant::now() };
        self.trial = Trial::Asking(Box::new(asking));
    }

    /// The client gets the candidate's reply, or no candidate was asked after all.
    pub(crate) fn not_in_vain(&mut self) {
        self.trial = Trial::Nobody;
    }

    /// The client gets another reply than the candidate's, of which so much had come.
    pub(crate) fn in_vain(&mut self, why: Disuse, came: Option<Came>) {
        self.trial.give_up(why, came);
        if let (Some(open), Some(unused)) = (&self.open, self.trial.unused()) {
            open.call.charge(unused.bytes());
        }
    }

    /// The candidate's reply that the client does not get.
    pub(crate) fn unused(&self) -> Option<&UnusedReply> {
        self.trial.unused()
    }

    /// The head of a reply has arrived.
    pub(crate) fn answered(
        mut self,
        status: StatusCode,
        headers: &HeaderMap,
        served: Served,
    ) -> Replying {
        let Some(open) = self.open.take() else { return Replying(None) };
        let unused = mem::take(&mut self.trial).into_unused();
        let head = ReplyHead { status: status.as_u16(), head: Head::of(headers), served };
        let mut tape = open.observer.tape();
        tape.charge(head.head.len());
        Replying(Some(Box::new(Flowing { open: *open, unused, head, tape, ttft_us: None })))
    }

    /// Not an exchange after all (a tunnel): nothing is offered.
    pub(crate) fn discard(mut self) {
        self.open = None;
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            self.trial.give_up(Disuse::Abandoned, None);
            let unused = mem::take(&mut self.trial).into_unused();
            let head = ReplyHead {
                status: 0,
                head: Head::default(),
                served: observed(open.facts.policy_version),
            };
            let tape = open.observer.tape();
            let flowing = Flowing { open: *open, unused, head, tape, ttft_us: None };
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
        let is_cut = call.is_truncated() || reply.is_truncated();
        let capture = match capture {
            Capture::Complete if !call_whole || is_cut => Capture::Truncated,
            Capture::Aborted if is_cut => Capture::Truncated,
            Capture::Complete | Capture::Truncated | Capture::Aborted => capture,
        };
        let Self { open, unused, head, ttft_us, .. } = self;
        observer.offer(Captured {
            facts: open.facts,
            call,
            status: head.status,
            reply_head: head.head,
            reply,
            capture,
            served: head.served,
            unused,
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
