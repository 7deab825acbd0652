//! An exchange as it was seen, raw: what the mirror gets.

use crate::{
    capture::{CallFacts, Head, UnusedReply, tape::Tape},
    headers::recorded::{declared, recorded_call, recorded_reply},
};
use exchange::{
    Body, Capture, Conversation, Declared, Exchange, ExchangeId, Origin, RawCall, RawReply, Served,
    Timestamp,
};
use http::HeaderMap;
use std::fmt;

/// One live exchange at its end, as raw chunks. It still holds the caller's credential: whoever takes
/// it strips that before anything is written.
///
/// It carries its own share of the capture budget, which is free again when it is dropped.
pub struct Captured {
    pub(super) facts: CallFacts,
    pub(super) call: Tape,
    pub(super) status: u16,
    pub(super) reply_head: Head,
    pub(super) reply: Tape,
    pub(super) capture: Capture,
    pub(super) served: Served,
    pub(super) unused: Option<Box<UnusedReply>>,
    pub(super) latency_us: u64,
    pub(super) ttft_us: Option<u64>,
}

/// Names it and says how it ended; heads and bodies may hold credentials.
impl fmt::Debug for Captured {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, capture) = (self.facts.id, self.capture.name());
        write!(out, "Captured({id}, {}, {}, {capture})", self.facts.provider, self.status)
    }
}

impl Captured {
    /// The exchange's name.
    #[must_use]
    pub fn id(&self) -> ExchangeId {
        self.facts.id
    }

    /// When the head of the call had arrived.
    #[must_use]
    pub fn observed_at(&self) -> Timestamp {
        self.facts.observed_at
    }

    /// The provider that the caller named.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.facts.provider
    }

    /// What the caller declared.
    #[must_use]
    pub fn declared(&self) -> Declared {
        declared(&self.facts.head.fields())
    }

    /// The category that the caller declared, without a copy.
    #[must_use]
    pub fn declared_category(&self) -> Option<&str> {
        self.facts.declared_category.as_deref()
    }

    /// The status that the client got; 0 where none arrived.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The head of the reply, as the provider sent it: rate limits may be read from it.
    #[must_use]
    pub fn reply_headers(&self) -> HeaderMap {
        self.reply_head.headers()
    }

    /// How the call was served.
    #[must_use]
    pub fn served(&self) -> &Served {
        &self.served
    }

    /// A candidate's reply that the client did not get, so that somebody may read what it took.
    #[must_use]
    pub fn unused(&self) -> Option<&UnusedReply> {
        self.unused.as_deref()
    }

    /// Whether the exchange was seen whole.
    #[must_use]
    pub fn capture(&self) -> Capture {
        self.capture
    }

    /// Bytes of both bodies.
    #[must_use]
    pub fn body_bytes(&self) -> usize {
        self.call.len() + self.reply.len()
    }

    /// The exchange, with its credentials still in it. `conversation` reads the raw call, because the
    /// key may lie in the body, which only a dialect can read. What an unused reply took is added by who
    /// read it ([`Self::unused`]).
    #[must_use]
    pub fn to_exchange(
        &self,
        origin: Origin,
        conversation: impl FnOnce(ExchangeId, &Declared, &RawCall) -> Conversation,
    ) -> Exchange {
        let head = self.facts.head.fields();
        let declared = declared(&head);
        let call = RawCall {
            method: self.facts.method.as_str().to_owned(),
            headers: recorded_call(&head),
            path: self.facts.path.clone(),
            body: Body::Inline(self.call.joined()),
        };
        Exchange {
            id: self.facts.id,
            observed_at: self.facts.observed_at,
            origin,
            provider: self.facts.provider.as_ref().to_owned(),
            conversation: conversation(self.facts.id, &declared, &call),
            declared,
            call,
            reply: RawReply {
                status: self.status,
                headers: recorded_reply(&self.reply_head.fields()),
                body: Body::Inline(self.reply.joined()),
            },
            capture: self.capture,
            served: self.served.clone(),
            unused: None,
            latency_us: self.latency_us,
            ttft_us: self.ttft_us,
            redacted: false,
        }
    }
}
