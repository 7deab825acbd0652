//! The two bodies: the call's on its way up, the reply's on its way down. Both forward the chunks
//! that arrive as they are, and show each to the tee.

pub(crate) use {
    call::CallBody,
    gate::Gate,
    reply::{ReplyBody, Rest, Source},
};

mod call;
mod gate;
mod reply;

/// The other side broke off: what was forwarded so far must not look finished.
#[derive(Debug, thiserror::Error)]
#[error("the other side broke off in the middle of a body")]
pub(crate) struct Broken;
