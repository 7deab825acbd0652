//! A candidate that was asked for a call, and whose reply the client did not get: it may have to be paid
//! all the same, so it is kept until somebody has read what it took.

use crate::capture::Head;
use bytes::Bytes;
use exchange::Disuse;
use http::{HeaderMap, StatusCode};
use std::mem;
use tokio::time::Instant;

/// Whether a candidate was asked, and what is known of it.
#[derive(Default)]
pub(super) enum Trial {
    /// None was, or the client gets what it said.
    #[default]
    Nobody,
    /// One is being asked.
    Asking(Box<Asking>),
    /// One was, in vain.
    Unused(Box<UnusedReply>),
}

/// Who is being asked.
pub(super) struct Asking {
    pub(super) candidate: String,
    pub(super) provider: String,
    pub(super) since: Instant,
}

/// What had come of a reply when it was given up.
#[derive(Clone)]
pub(crate) struct Came {
    pub(crate) status: StatusCode,
    pub(crate) head: Head,
    pub(crate) body: Bytes,
    pub(crate) is_whole: bool,
}

/// A reply that the client did not get, raw. Nothing of it is ever written but what it took.
#[derive(Clone)]
pub struct UnusedReply {
    candidate: String,
    provider: String,
    why: Disuse,
    came: Option<Came>,
    latency_us: u64,
}

impl Trial {
    /// A candidate that is still being asked is given up.
    pub(super) fn give_up(&mut self, why: Disuse, came: Option<Came>) {
        *self = match mem::take(self) {
            Self::Asking(asking) => {
                let Asking { candidate, provider, since } = *asking;
                let latency_us = super::micros_since(since);
                Self::Unused(Box::new(UnusedReply { candidate, provider, why, came, latency_us }))
            }
            settled @ (Self::Nobody | Self::Unused(_)) => settled,
        };
    }

    pub(super) fn unused(&self) -> Option<&UnusedReply> {
        match self {
            Self::Unused(unused) => Some(unused),
            Self::Nobody | Self::Asking(_) => None,
        }
    }

    pub(super) fn into_unused(self) -> Option<Box<UnusedReply>> {
        match self {
            Self::Unused(unused) => Some(unused),
            Self::Nobody | Self::Asking(_) => None,
        }
    }
}

impl UnusedReply {
    /// The candidate.
    #[must_use]
    pub fn candidate(&self) -> &str {
        &self.candidate
    }

    /// Its provider, by the name in the configuration.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Why the client did not get it.
    #[must_use]
    pub fn why(&self) -> Disuse {
        self.why
    }

    /// Its status; 0 where none had come.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.came.as_ref().map_or(0, |came| came.status.as_u16())
    }

    /// Its head, less what speaks of our account.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        self.came.as_ref().map(|came| came.head.headers()).unwrap_or_default()
    }

    /// What had come of its body; empty where nothing had.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.came.as_ref().map_or(&[], |came| &came.body)
    }

    /// Whether that is all of it.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.came.as_ref().is_some_and(|came| came.is_whole)
    }

    /// From when it was asked until it was given up, in microseconds.
    #[must_use]
    pub fn latency_us(&self) -> u64 {
        self.latency_us
    }

    /// What it holds in memory.
    pub(super) fn bytes(&self) -> usize {
        self.came.as_ref().map_or(0, |came| came.head.len() + came.body.len())
    }
}
