//! What a streamed reply is before it says anything: the model's, or one that a content policy stopped, or
//! an error behind a status of success. While that is open nothing need be told, and somebody else can still
//! be asked.

use crate::{Dialect, delta::Delta, failure::Class, stream};
use exchange::FinishReason;

/// Reads a stream until it is known. Fed at any byte boundary, it finds the same.
#[derive(Debug)]
pub struct Watch {
    deltas: stream::Deltas,
    seen: Seen,
}

/// What a stream has shown so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing that decides it.
    Nothing,
    /// The model speaks, thinks or stops: whatever follows is its reply.
    Speaks,
    /// A content policy stopped it before that.
    Blocked,
    /// Its provider reported an error before that.
    Failed,
}

impl Watch {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { deltas: stream::Deltas::new(dialect), seen: Seen::Nothing }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) -> Seen {
        let Self { deltas, seen } = self;
        deltas.push(bytes, &mut |delta| *seen = seen.and(&delta));
        *seen
    }
}

impl Seen {
    /// The first that decides it holds.
    fn and(self, delta: &Delta) -> Self {
        match (self, delta) {
            (Self::Speaks | Self::Blocked | Self::Failed, _) => self,
            // An odd reason decides nothing yet: behind it the reply ends, with or without a word.
            (
                Self::Nothing,
                Delta::Begin { .. } | Delta::Usage(_) | Delta::Finish(FinishReason::Other),
            ) => self,
            (Self::Nothing, Delta::Finish(FinishReason::ContentFilter) | Delta::Refusal(_)) => {
                Self::Blocked
            }
            (Self::Nothing, Delta::Error(failure)) if failure.class == Class::Blocked => {
                Self::Blocked
            }
            (Self::Nothing, Delta::Error(_)) => Self::Failed,
            (
                Self::Nothing,
                Delta::Thinks
                | Delta::Text(_)
                | Delta::Call { .. }
                | Delta::Arguments { .. }
                | Delta::Finish(_)
                | Delta::Hole
                | Delta::Lost
                | Delta::End,
            ) => Self::Speaks,
        }
    }
}
