//! What a proxy is told at its start: where it listens, whom it forwards to, and every limit.

use crate::{error::Error, resolve::Resolver, upstream::Upstream};
use socket2::SockRef;
use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

/// The configuration of one proxy.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where clients connect.
    pub listen: Listen,
    /// The providers, each under its own first path segment.
    pub upstreams: Vec<Upstream>,
    /// Who answers for the names of providers.
    pub resolver: Resolver,
    /// What the listener shows its clients; without it, it speaks no TLS.
    pub certificate: Option<Certificate>,
    /// The limits.
    pub limits: Limits,
}

/// Where clients connect.
#[derive(Clone, Debug)]
pub enum Listen {
    /// At an address that is taken for them; port 0 takes a free one.
    At(SocketAddr),
    /// At a socket that listens already, and that somebody else keeps open over a restart: who
    /// connects meanwhile waits in its queue and is not refused.
    On(Arc<TcpListener>),
}

impl From<SocketAddr> for Listen {
    fn from(addr: SocketAddr) -> Self {
        Self::At(addr)
    }
}

impl Listen {
    /// Up to `waiting_max` connections wait at an address of ours; for a socket of somebody else's, that
    /// is theirs to say.
    pub(crate) fn socket(&self, waiting_max: u16) -> Result<TcpListener, Error> {
        let socket = match self {
            Self::At(addr) => {
                let refused = |source| Error::Bind { addr: *addr, source };
                let socket = TcpListener::bind(addr).map_err(refused)?;
                // It listens already, for fewer.
                SockRef::from(&socket).listen(waiting_max.into()).map_err(refused)?;
                socket
            }
            Self::On(socket) => socket.try_clone().map_err(Error::Socket)?,
        };
        nonblocking(socket).map_err(Error::Socket)
    }
}

fn nonblocking(socket: TcpListener) -> io::Result<TcpListener> {
    socket.set_nonblocking(true).map(|()| socket)
}

/// A certificate for the listener, read once, at the start.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// A PEM file with the certificate and those that vouch for it, in this order.
    pub chain: PathBuf,
    /// A PEM file with its private key.
    pub key: PathBuf,
}

impl Config {
    /// A configuration with the default limits, and the system's authorities and names.
    ///
    /// # Errors
    /// [`Error::DuplicateUpstream`] where two providers share a name.
    pub fn new(listen: impl Into<Listen>, upstreams: Vec<Upstream>) -> Result<Self, Error> {
        let mut names: Vec<&str> = upstreams.iter().map(Upstream::name).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::DuplicateUpstream { name: twice[0].to_owned() });
        }
        Ok(Self {
            listen: listen.into(),
            upstreams,
            resolver: Resolver::system(),
            certificate: None,
            limits: Limits::default(),
        })
    }
}

/// Every limit of the live path, in one place.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Client connections at once; more wait in the kernel's backlog.
    pub connections_max: usize,
    /// Connections that wait there: past it the kernel drops the first word of a client, which says it
    /// again after a second. The system has a limit of its own (`net.core.somaxconn`).
    pub waiting_max: u16,
    /// How long a client may take to agree on TLS.
    pub handshake_wait_max: Duration,
    /// Bytes of a request's or a reply's head (a longer request is a 431, and so is
    /// one of more than hyper's 100 fields: raising that count costs an allocation for each head).
    pub head_bytes_max: usize,
    /// How long a client's connection may lie idle, or take for a head.
    pub client_idle_max: Duration,
    /// How long a client may send nothing in the middle of a call: past it, 408.
    pub call_idle_max: Duration,
    /// How long a provider may send nothing in the middle of a reply (it may think that long): past
    /// it, the reply breaks off.
    pub reply_idle_max: Duration,
    /// How long a client's connection may take in nothing of what is written to it: past it, it is
    /// reset. Over TLS it is to take in 64 KiB in that time. Of HTTP/2 it holds for each stream too.
    pub reader_idle_max: Duration,
    /// How long a tunnel may be silent both ways before it is closed …
    pub tunnel_idle_max: Duration,
    /// … and once one side has said that it has no more to say.
    pub tunnel_half_open_max: Duration,
    /// Calls at once on one HTTP/2 connection, be it to a client or to a provider.
    pub http2_streams_max: u32,
    /// Bytes of one HTTP/2 call or reply that are taken in before the other side has read them, and
    /// that wait to be written. A connection takes in as much for each of its calls, so that one that
    /// is read slowly does not hold up the others.
    pub http2_window_bytes: u32,
    /// HTTP/2 replies, of all clients, that may stand still at once because their clients take in no
    /// more: past it, the one that has stood longest is reset. Each holds up to
    /// [`http2_window_bytes`](Self::http2_window_bytes), and as much again of an HTTP/2 provider.
    pub http2_stalled_max: usize,
    /// How often an HTTP/2 connection is asked for a sign of life …
    pub http2_ping_every: Duration,
    /// … and how long it may take for one before it is closed.
    pub http2_ping_wait_max: Duration,
    /// Calls that one HTTP/2 client may take back before they are answered: past it, and past half of
    /// its calls, its connection ends with what is open there. As many that it takes back before we
    /// have seen them end it at once.
    pub http2_cancelled_max: usize,
    /// HTTP/2 connections to each provider, by each thread: a further one is made when those that
    /// there are carry all the calls that they may.
    pub http2_connections_max: usize,
    /// Bytes of a call that are kept until its reply begins, to send it again where an HTTP/2 provider
    /// refused it unread; a longer call is not sent again.
    pub http2_again_bytes_max: usize,
    /// Idle connections kept for each provider, by each thread.
    pub idle_connections_max: usize,
    /// How old an idle connection may become.
    pub idle_age_max: Duration,
    /// How old a connection to a provider may become, however busy it is: past it, it takes no further
    /// call, and the next one looks the provider's name up again.
    pub connection_age_max: Duration,
    /// How long connecting (name, TCP, TLS) may take: past it, 504.
    pub connect_wait_max: Duration,
    /// How long one address of a provider may be silent before the next one is tried beside it.
    pub next_address_after: Duration,
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
    /// Bytes of all calls that are read ahead and replies that are held back; past it, calls go to the
    /// reference unplanned and replies go unpriced.
    pub live_total_bytes_max: usize,
    /// How long a candidate may take to its first body byte: past it, the reference is asked.
    pub candidate_wait_max: Duration,
    /// Credentials that the guard remembers.
    pub guard_credentials_max: usize,
    /// How long the reference's acceptance of a credential counts, in microseconds of the clock.
    pub guard_age_us_max: i64,
    /// How long open calls may take to end at shutdown.
    pub drain_wait_max: Duration,
}

impl Limits {
    /// What an HTTP/2 connection takes in for all of its calls together.
    pub(crate) fn http2_connection_window_bytes(&self) -> u32 {
        const WINDOW_BYTES_MAX: u32 = (1 << 31) - 1;
        self.http2_window_bytes.saturating_mul(self.http2_streams_max).min(WINDOW_BYTES_MAX)
    }

    /// The limit of a reply's head, as HTTP/2 announces it.
    pub(crate) fn http2_head_bytes_max(&self) -> u32 {
        u32::try_from(self.head_bytes_max).unwrap_or(u32::MAX)
    }

    /// The same of a call's head. A head up to twice the limit is read, so that it gets an error of
    /// ours; what is beyond that, `h2` throws away and answers alone.
    pub(crate) fn http2_head_bytes_read_max(&self) -> u32 {
        self.http2_head_bytes_max().saturating_mul(2)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 16_384,
            waiting_max: 4_096,
            handshake_wait_max: Duration::from_secs(10),
            head_bytes_max: 128 << 10,
            client_idle_max: Duration::from_secs(120),
            call_idle_max: Duration::from_secs(120),
            reply_idle_max: Duration::from_secs(900),
            reader_idle_max: Duration::from_secs(900),
            tunnel_idle_max: Duration::from_secs(3_600),
            tunnel_half_open_max: Duration::from_secs(30),
            http2_streams_max: 100,
            http2_window_bytes: 256 << 10,
            http2_stalled_max: 2_048,
            http2_ping_every: Duration::from_secs(30),
            http2_ping_wait_max: Duration::from_secs(20),
            http2_cancelled_max: 100,
            http2_connections_max: 8,
            http2_again_bytes_max: 64 << 10,
            idle_connections_max: 128,
            idle_age_max: Duration::from_secs(30),
            connection_age_max: Duration::from_secs(300),
            connect_wait_max: Duration::from_secs(10),
            next_address_after: Duration::from_millis(250),
            head_wait_max: Duration::from_secs(900),
            expect_wait_max: Duration::from_secs(1),
            capture_body_bytes_max: 32 << 20,
            capture_total_bytes_max: 256 << 20,
            live_call_bytes_max: 32 << 20,
            live_reply_bytes_max: 4 << 20,
            live_total_bytes_max: 256 << 20,
            candidate_wait_max: Duration::from_secs(120),
            guard_credentials_max: 10_000,
            guard_age_us_max: exchange::HOUR_US,
            drain_wait_max: Duration::from_secs(30),
        }
    }
}
