//! What a proxy is told at its start: where it listens, whom it forwards to, and every limit.

use crate::{error::Error, upstream::Upstream};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// The configuration of one proxy.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where clients connect; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The providers, each under its own first path segment.
    pub upstreams: Vec<Upstream>,
    /// A PEM file of certificate authorities trusted beside the system's own.
    pub ca_file: Option<PathBuf>,
    /// The limits.
    pub limits: Limits,
}

impl Config {
    /// A configuration with the default limits and the system's authorities.
    ///
    /// # Errors
    /// [`Error::DuplicateUpstream`] where two providers share a name.
    pub fn new(listen: SocketAddr, upstreams: Vec<Upstream>) -> Result<Self, Error> {
        let mut names: Vec<&str> = upstreams.iter().map(Upstream::name).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::DuplicateUpstream { name: twice[0].to_owned() });
        }
        Ok(Self { listen, upstreams, ca_file: None, limits: Limits::default() })
    }
}

/// Every limit of the live path, in one place.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Client connections at once; more wait in the kernel's backlog.
    pub connections_max: usize,
    /// Bytes of a request's or a reply's head (hyper answers a longer request with a bare 431, and
    /// one of more than its 100 fields too: raising that count costs an allocation for each head).
    pub head_bytes_max: usize,
    /// How long a client's connection may lie idle, or take for a head.
    pub client_idle_max: Duration,
    /// Idle connections kept for each provider, by each thread.
    pub idle_connections_max: usize,
    /// How old an idle connection may become.
    pub idle_age_max: Duration,
    /// How long connecting (name, TCP, TLS) may take: past it, 504.
    pub connect_wait_max: Duration,
    /// How long a provider may take for the head of its reply: past it, 504.
    pub head_wait_max: Duration,
    /// How long a call with `expect: 100-continue` waits for the provider's word before its body
    /// goes out all the same.
    pub expect_wait_max: Duration,
    /// Bytes of each captured body; the rest is forwarded and not captured (`truncated`).
    pub capture_body_bytes_max: usize,
    /// Bytes of all captures that are open or not yet taken from the mirror; past it, `memory`.
    pub capture_total_bytes_max: usize,
    /// Bytes of a call's body that are read ahead to plan it; a longer call goes to the reference.
    pub live_call_bytes_max: usize,
    /// Bytes of an unstreamed reply that are held back to price it; a longer one goes unpriced.
    pub live_reply_bytes_max: usize,
    /// How long a candidate may take to its first body byte: past it, the reference is asked.
    pub candidate_wait_max: Duration,
    /// Credentials that the guard remembers.
    pub guard_credentials_max: usize,
    /// How long the reference's acceptance of a credential counts, in microseconds of the clock.
    pub guard_age_us_max: i64,
    /// How long open calls may take to end at shutdown.
    pub drain_wait_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 16_384,
            head_bytes_max: 128 << 10,
            client_idle_max: Duration::from_secs(120),
            idle_connections_max: 128,
            idle_age_max: Duration::from_secs(30),
            connect_wait_max: Duration::from_secs(10),
            head_wait_max: Duration::from_secs(900),
            expect_wait_max: Duration::from_secs(1),
            capture_body_bytes_max: 32 << 20,
            capture_total_bytes_max: 256 << 20,
            live_call_bytes_max: 32 << 20,
            live_reply_bytes_max: 4 << 20,
            candidate_wait_max: Duration::from_secs(120),
            guard_credentials_max: 10_000,
            guard_age_us_max: exchange::HOUR_US,
            drain_wait_max: Duration::from_secs(30),
        }
    }
}
