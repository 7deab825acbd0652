//! The two bodies: the call's on its way up, the reply's on its way down. Both forward the chunks
//! that arrive as they are, and show each to the tee.

pub(crate) use {
    call::CallBody,
    gate::Gate,
    inflow::Inflow,
    reply::{ReplyBody, Rest, Source},
    retold::Retold,
};

mod call;
mod gate;
mod inflow;
mod reply;
mod retold;

/// The other side broke off: what was forwarded so far must not look finished.
#[derive(Debug, thiserror::Error)]
#[error("the other side broke off in the middle of a body")]
pub(crate) struct Broken;
