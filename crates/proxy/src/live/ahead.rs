//! Reading a call before it is forwarded, because its plan depends on what it says.

use crate::{body::Inflow, budget::Share, capture::CallSide};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

/// How far the body was read.
pub(crate) enum Ahead {
    /// To its end. Trailers are not kept: no dialect that can be rewritten has any.
    Whole(Bytes),
    /// To the call's own limit; the rest is still to come.
    TooLong(Bytes, Inflow),
    /// To the limit of all calls together; the rest is still to come.
    TooMuch(Bytes, Inflow),
    /// To where the client broke off, or fell silent.
    Broken,
}

/// Reads up to `bytes_max`, as far as `share` can hold it; the tee sees every chunk.
pub(crate) async fn read_ahead(
    mut body: Inflow,
    side: &CallSide,
    bytes_max: usize,
    share: &mut Share,
) -> Ahead {
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(broken) => {
                side.mark(broken);
                return Ahead::Broken;
            }
        };
        let Some(chunk) = frame.data_ref() else { continue };
        side.push(chunk);
        // Most calls arrive in one chunk, which then needs no copy.
        if first.is_empty() {
            first = chunk.clone();
        } else {
            if joined.is_empty() {
                joined.extend_from_slice(&first);
            }
            joined.extend_from_slice(chunk);
        }
        if first.len().max(joined.len()) > bytes_max {
            return Ahead::TooLong(whole(first, joined), body);
        }
        if !share.take(chunk.len()) {
            return Ahead::TooMuch(whole(first, joined), body);
        }
    }
    Ahead::Whole(whole(first, joined))
}

fn whole(first: Bytes, joined: BytesMut) -> Bytes {
    if joined.is_empty() { first } else { joined.freeze() }
}
