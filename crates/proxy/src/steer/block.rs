//! What a candidate's reply is before any of it is told: the model's, or a failure behind a status of
//! success, or one that a content policy stopped, which is no failure of the candidate and not what the
//! caller asked for. The policy's owner says what becomes of the last.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use std::sync::Arc;

/// What becomes of a candidate's reply that a content policy stopped.
#[derive(Clone)]
pub enum Blocks {
    /// The caller gets it, as a block in its own dialect.
    Reported(Arc<dyn Sight>),
    /// The reference is asked, where it is seen before anything of the reply was told.
    AskReference(Arc<dyn Sight>),
}

impl Blocks {
    /// What sees them.
    pub(crate) fn sight(&self) -> &dyn Sight {
        match self {
            Self::Reported(sight) | Self::AskReference(sight) => sight.as_ref(),
        }
    }
}

/// Sees what a reply of a candidate is.
pub trait Sight: Send + Sync {
    /// A reply that came whole, whatever its status.
    fn whole(&self, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Seen;

    /// A reply that comes in pieces.
    fn pieces(&self) -> Box<dyn Look>;
}

/// Looks at a reply that comes in pieces, until it is seen.
pub trait Look: Send {
    /// What is seen after the next bytes.
    fn push(&mut self, bytes: &[u8]) -> Seen;
}

/// What is seen of a reply so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing that decides it.
    Nothing,
    /// A reply, whatever becomes of it.
    Reply,
    /// A block, of which nothing was told yet.
    Block,
    /// An error of the provider, before the model said anything.
    Failure,
}
