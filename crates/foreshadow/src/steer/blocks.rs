//! Sees whether a candidate's reply is an error or was stopped by a content policy, and says what becomes
//! of the latter.

use bytes::Bytes;
use dialect::{Dialect, watch};
use http::{HeaderMap, StatusCode};
use policy::OnBlock;
use proxy::{Blocks, Look, Seen, Sight};
use std::sync::Arc;

/// What becomes of blocks of a candidate whose provider speaks that dialect.
pub(super) fn of(speaks: Dialect, rule: OnBlock) -> Blocks {
    let sight = Arc::new(Reader(speaks));
    match rule {
        OnBlock::AskReference => Blocks::AskReference(sight),
        OnBlock::Report => Blocks::Reported(sight),
    }
}

struct Reader(Dialect);

impl Sight for Reader {
    fn whole(&self, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Seen {
        let headers = proxy::recorded_call(headers);
        let reply = self.0.read_reply(status.as_u16(), &headers, body);
        match (reply.block(), reply.error) {
            (Some(_), _) => Seen::Block,
            (None, Some(_)) => Seen::Failure,
            (None, None) => Seen::Reply,
        }
    }

    fn pieces(&self) -> Box<dyn Look> {
        Box::new(Pieces(self.0.watch()))
    }
}

struct Pieces(watch::Watch);

impl Look for Pieces {
    fn push(&mut self, bytes: &[u8]) -> Seen {
        match self.0.push(bytes) {
            watch::Seen::Nothing => Seen::Nothing,
            watch::Seen::Speaks => Seen::Reply,
            watch::Seen::Blocked => Seen::Block,
            watch::Seen::Failed => Seen::Failure,
        }
    }
}
