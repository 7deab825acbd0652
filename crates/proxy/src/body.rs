//! The two bodies: the call's on its way up, the reply's on its way down. Both forward the chunks
//! that arrive as they are, and show each to the tee.

pub(crate) use {
    call::CallBody,
    gate::Gate,
    inflow::Inflow,
    reply::{ReplyBody, Rest, Source},
    retold::Retold,
};

use http_body::SizeHint;

mod call;
mod gate;
mod inflow;
mod reply;
mod retold;

/// The size of a body of which `ahead` bytes are at hand and `rest` is still to come.
fn hint_after(ahead: u64, rest: &SizeHint) -> SizeHint {
    let mut hint = SizeHint::new();
    hint.set_lower(ahead + rest.lower());
    if let Some(upper) = rest.upper() {
        hint.set_upper(ahead + upper);
    }
    hint
}

/// A body that never ends: what was forwarded so far must not look finished.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// Its sender broke off.
    #[error("the other side broke off in the middle of a body")]
    Off,
    /// Its sender reset the connection.
    #[error("the other side reset the connection in the middle of a body")]
    Reset,
    /// Its sender is still there, and silent for too long.
    #[error("the other side sent nothing more of a body for too long")]
    Silent,
}
