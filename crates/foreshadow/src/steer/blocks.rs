//! Sees whether a candidate's reply was stopped by a content policy, and says what becomes of it.

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
    fn is_block(&self, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> bool {
        let headers = proxy::recorded_call(headers);
        self.0.read_reply(status.as_u16(), &headers, body).block().is_some()
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
        }
    }
}
