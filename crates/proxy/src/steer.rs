//! What the live path asks of the policy. The proxy owns these words; the binary plugs in the
//! policy, the categories and the dialects behind them.

mod block;

use crate::capture::UnusedReply;
use bytes::Bytes;
use exchange::{ExchangeId, NanoUsd, Served, Timestamp};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use std::{fmt, sync::Arc};

pub use block::{Blocks, Look, Seen, Sight};

/// Steers calls of live categories. Every answer must come at once: the client waits for it. A
/// steer that panics has said "pass the call through".
pub trait Steer: Send + Sync + 'static {
    /// The version of the policy that rules at this moment; 0 before any promotion.
    fn policy_version(&self) -> u64;

    /// Whether any category is live: only then are credentials remembered (as keyed hashes).
    fn is_live(&self) -> bool;

    /// Whether planning this call may end at a candidate, so that its body must be read ahead.
    /// Where not, the call passes through unread.
    fn wants_body(&self, call: &CallHead<'_>) -> bool;

    /// How the call is to be served.
    fn plan(&self, call: &CallHead<'_>, body: &Bytes) -> Planned;

    /// What an unstreamed reply cost, and saved against the reference; `None` where it has no price.
    fn price(&self, answered: &Answered<'_>) -> Option<Priced>;
}

/// The head of a call, with its credential: it has no `Debug`, so that no log can print it.
#[derive(Clone, Copy)]
pub struct CallHead<'a> {
    /// The exchange that the call begins.
    pub id: ExchangeId,
    /// When it arrived.
    pub at: Timestamp,
    /// The provider that the caller named.
    pub provider: &'a str,
    /// The method.
    pub method: &'a Method,
    /// Path and query below the provider's name.
    pub path: &'a str,
    /// The header fields as they arrived.
    pub headers: &'a HeaderMap,
}

/// How one call is to be served.
#[derive(Clone)]
pub enum Planned {
    /// Of no live category: as if nobody had looked.
    PassThrough,
    /// Of a live category, and the reference's turn.
    Reference(Placed),
    /// Of a live category, and the candidate's turn, but the conversation could not come back from there.
    Bound(Placed, Bond),
    /// Of a live category, and the candidate's turn.
    Candidate(Placed, Box<Rewrite>),
}

/// What binds a conversation to the reference: once a candidate has answered in it, its next call could not
/// go to the reference again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bond {
    /// The reference's provider keeps the reply, and a later call may name it.
    Store,
    /// The reference demands its own thoughts in the history, or takes none of others.
    Thinking,
}

impl Bond {
    /// Every bond.
    pub const ALL: [Self; 2] = [Self::Store, Self::Thinking];

    /// The word in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Thinking => "thinking",
        }
    }
}

/// A call of a live category.
#[derive(Clone, Debug)]
pub struct Placed {
    /// How it is served if all goes as planned.
    pub served: Served,
    /// The model that the caller asked for.
    pub reference_model: String,
}

/// A call as a candidate gets it.
#[derive(Clone)]
pub struct Rewrite {
    /// The candidate's provider, by its name in the configuration.
    pub provider: String,
    /// Path and query there, free of the caller's credential.
    pub path: String,
    /// The candidate's model.
    pub model: String,
    /// The body, without content coding.
    pub body: Bytes,
    /// Our own key; `None` for a provider that needs none.
    pub key: Option<Key>,
    /// Header fields that the candidate's provider wants beside the key.
    pub headers: &'static [(&'static str, &'static str)],
    /// How the reply reaches the caller.
    pub telling: Telling,
    /// What becomes of a reply that a content policy stopped.
    pub blocks: Blocks,
}

/// How a candidate's reply reaches the caller.
#[derive(Clone)]
pub enum Telling {
    /// As it comes: the candidate speaks the caller's dialect.
    AsItComes,
    /// Told anew, in the caller's dialect.
    Anew(Arc<dyn Retell>),
}

/// Tells a reply in the caller's dialect.
pub trait Retell: Send + Sync {
    /// A reply that came whole; `None` where it cannot be told.
    fn whole(&self, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Option<Bytes>;

    /// A reply that comes in pieces; `None` where the caller wants it whole.
    fn stream(&self) -> Option<Box<dyn RetellStream>>;

    /// What the caller gets where a content policy stopped the reply before any of it was told.
    fn block(&self) -> Bytes;

    /// The fields of the reply's head: its content type, and how the caller's dialect names a request.
    fn head(&self) -> HeaderMap;
}

/// Tells a reply in the caller's dialect piece by piece.
pub trait RetellStream: Send {
    /// What the caller gets of the next bytes; may be nothing yet.
    fn push(&mut self, bytes: &[u8]) -> Bytes;

    /// What the caller gets when the candidate has ended.
    fn finish(&mut self) -> Bytes;
}

/// A key of ours, as a header field. It prints as `***`.
#[derive(Clone)]
pub struct Key {
    name: HeaderName,
    value: HeaderValue,
}

impl Key {
    /// The field `name: value`, marked as sensitive.
    #[must_use]
    pub fn new(name: HeaderName, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        Self { name, value }
    }

    pub(crate) fn insert_into(&self, headers: &mut HeaderMap) {
        headers.insert(self.name.clone(), self.value.clone());
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ***", self.name)
    }
}

/// A whole, unstreamed reply of a live category.
#[derive(Clone, Copy)]
pub struct Answered<'a> {
    /// The call.
    pub call: &'a CallHead<'a>,
    /// The call's body, as the caller sent it.
    pub call_body: &'a Bytes,
    /// How it was served in the end.
    pub served: &'a Served,
    /// A candidate's reply to the same call that the caller did not get.
    pub unused: Option<&'a UnusedReply>,
    /// The reply's status.
    pub status: StatusCode,
    /// The reply's header fields.
    pub headers: &'a HeaderMap,
    /// The reply's body, as it came (content coding included).
    pub body: &'a Bytes,
}

/// The price of one reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priced {
    /// What it cost, with what an unused reply cost beside it.
    pub cost: NanoUsd,
    /// What the reference would have cost more; negative if less.
    pub saving: NanoUsd,
}

/// The steer of pure observation: no category is live.
#[derive(Clone, Copy, Debug)]
pub struct Observation;

impl Steer for Observation {
    fn policy_version(&self) -> u64 {
        0
    }

    fn is_live(&self) -> bool {
        false
    }

    fn wants_body(&self, _: &CallHead<'_>) -> bool {
        false
    }

    fn plan(&self, _: &CallHead<'_>, _: &Bytes) -> Planned {
        Planned::PassThrough
    }

    fn price(&self, _: &Answered<'_>) -> Option<Priced> {
        None
    }
}
