//! The connection that a call came by, as far as answering it depends on it.

pub(crate) use traffic::Traffic;

use crate::{headers, listen::Seat, transport::Reset};
use http::{HeaderMap, Version};
use std::sync::Arc;

mod traffic;

/// One client's connection.
pub(crate) enum Link {
    /// It carries one call at a time.
    Http1 { reset: Reset, closing: Closing, seat: Arc<Seat> },
    /// It carries many, each a stream of its own, which breaks off by itself.
    Http2(Arc<Traffic>),
}

/// What a client makes of its connection of HTTP/1.x when that closes in the middle of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// The end: a reply of HTTP/1.0 may end so. Only a reset shows that it broke off.
    LooksWhole,
    /// That more was to come.
    LooksCut,
}

impl Link {
    /// The connection of a call of `version`, HTTP/1.0 or HTTP/1.1.
    pub(crate) fn http1(version: Version, reset: &Reset, seat: &Arc<Seat>) -> Self {
        let closing =
            if version == Version::HTTP_10 { Closing::LooksWhole } else { Closing::LooksCut };
        Self::Http1 { reset: reset.clone(), closing, seat: Arc::clone(seat) }
    }

    /// What has to be kept as long as the connection lives, whatever it becomes.
    pub(crate) fn seat(&self) -> Option<Arc<Seat>> {
        match self {
            Self::Http1 { seat, .. } => Some(Arc::clone(seat)),
            Self::Http2(_) => None,
        }
    }

    pub(crate) fn is_http2(&self) -> bool {
        matches!(self, Self::Http2(_))
    }

    /// How a reply of HTTP/1.x breaks off.
    pub(crate) fn breaking(&self) -> Option<(Reset, Closing)> {
        match self {
            Self::Http1 { reset, closing, .. } => Some((reset.clone(), *closing)),
            Self::Http2(_) => None,
        }
    }

    /// How a connection of HTTP/1.x breaks off; of HTTP/2, each stream does by itself.
    pub(crate) fn reset(&self) -> Option<&Reset> {
        match self {
            Self::Http1 { reset, .. } => Some(reset),
            Self::Http2(_) => None,
        }
    }

    pub(crate) fn traffic(&self) -> Option<&Arc<Traffic>> {
        match self {
            Self::Http1 { .. } => None,
            Self::Http2(traffic) => Some(traffic),
        }
    }

    /// A reply's head as this connection can carry it.
    pub(crate) fn head(&self, head: HeaderMap) -> HeaderMap {
        match self {
            Self::Http1 { .. } => head,
            Self::Http2(_) => headers::in_http2(&head),
        }
    }
}
