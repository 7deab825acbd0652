//! The connection that a call came by, as far as answering it depends on it.

pub(crate) use traffic::Traffic;

use crate::{downstream::Reset, headers};
use http::{HeaderMap, Version};
use std::sync::Arc;

mod traffic;

/// One client's connection.
pub(crate) enum Link {
    /// It carries one call at a time. A reset is how to break off visibly, where closing would look
    /// like an end.
    Http1(Option<Reset>),
    /// It carries many, each a stream of its own, which breaks off by itself.
    Http2(Arc<Traffic>),
}

impl Link {
    /// The connection of a call of `version`, HTTP/1.0 or HTTP/1.1.
    pub(crate) fn http1(version: Version, reset: &Reset) -> Self {
        Self::Http1((version == Version::HTTP_10).then(|| reset.clone()))
    }

    pub(crate) fn is_http2(&self) -> bool {
        matches!(self, Self::Http2(_))
    }

    pub(crate) fn reset(&self) -> Option<Reset> {
        match self {
            Self::Http1(reset) => reset.clone(),
            Self::Http2(_) => None,
        }
    }

    pub(crate) fn traffic(&self) -> Option<&Arc<Traffic>> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(traffic) => Some(traffic),
        }
    }

    /// A reply's head as this connection can carry it.
    pub(crate) fn head(&self, head: HeaderMap) -> HeaderMap {
        match self {
            Self::Http1(_) => head,
            Self::Http2(_) => headers::in_http2(&head),
        }
    }
}
