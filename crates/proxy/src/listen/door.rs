//! How a client comes in: TLS where the listener has a certificate, then HTTP/1.1 or HTTP/2, as its
//! first bytes say; served until it closes, or until the calls that run at shutdown have ended.

use super::reading::{Readers, watched};
use crate::{
    body::ReplyBody,
    config::Limits,
    downstream::{BareAnswers, Downstream, Protocol, Taken},
    link::{Link, Traffic},
    meters::{self, ConnectionMeters, OpenConnection},
    serve::{Worker, serve},
    transport::Transport,
};
use http::{Response, StatusCode};
use hyper::{
    rt::Executor,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics::Counter;
use std::{convert::Infallible, error::Error, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long at shutdown a connection without a call stays open for one that is on its way.
const FAREWELL_MAX: Duration = Duration::from_secs(1);

/// A client's place among all that there are, kept as long as its connection, whatever that becomes.
pub(crate) struct Seat {
    _permit: Option<OwnedSemaphorePermit>,
    _open: OpenConnection,
}

impl Seat {
    pub(crate) fn taken(permit: Option<OwnedSemaphorePermit>, open: OpenConnection) -> Arc<Self> {
        Arc::new(Self { _permit: permit, _open: open })
    }
}

/// What every connection of one thread is served with.
pub(crate) struct Door {
    tls: Option<TlsAcceptor>,
    http1: http1::Builder,
    http2: http2::Builder<Calls>,
    handshake_wait_max: Duration,
    idle_max: Duration,
    cancelled_max: usize,
    readers: Arc<Readers>,
    bare: Arc<BareAnswers>,
    cut: Cut,
    pub(crate) connections: ConnectionMeters,
}

/// The counts of connections that were ended for a limit.
struct Cut {
    handshake: Counter,
    cancelled: Counter,
    idle: Counter,
    ping: Counter,
}

impl Cut {
    fn new() -> Self {
        Self {
            handshake: meters::cut("handshake"),
            cancelled: meters::cut("cancelled"),
            idle: meters::cut("client_idle"),
            ping: meters::cut("http2_ping"),
        }
    }

    /// Counts the limit that ended a connection, where it was one that the HTTP library looks after.
    fn note(&self, error: &hyper::Error, protocol: Protocol) {
        // Each protocol has one time of that library's: how long a head may take, and a ping.
        match (protocol, error.is_timeout()) {
            (Protocol::Http1, true) => self.idle.increment(1),
            (Protocol::Http2, true) => self.ping.increment(1),
            (_, false) if is_calmed(error) => self.cancelled.increment(1),
            (_, false) => {}
        }
    }
}

/// Whether the HTTP/2 library found by itself that a client takes back too many calls.
fn is_calmed(error: &hyper::Error) -> bool {
    let error = error.source().and_then(|source| source.downcast_ref::<h2::Error>());
    error.is_some_and(|error| {
        !error.is_remote() && error.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM)
    })
}

/// The tasks of clients' HTTP/2, one for each call.
#[derive(Clone)]
struct Calls {
    tasks: TaskTracker,
    readers: Arc<Readers>,
}

impl<F> Executor<F> for Calls
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, call: F) {
        self.tasks.spawn(watched(call, Arc::clone(&self.readers)));
    }
}

impl Door {
    pub(crate) fn new(
        tls: Option<TlsAcceptor>,
        limits: &Limits,
        readers: &Arc<Readers>,
        calls: &TaskTracker,
    ) -> Self {
        let calls = Calls { tasks: calls.clone(), readers: Arc::clone(readers) };
        Self {
            tls,
            http1: http1_server(limits),
            http2: http2_server(limits, calls),
            handshake_wait_max: limits.handshake_wait_max,
            idle_max: limits.client_idle_max,
            cancelled_max: limits.http2_cancelled_max,
            readers: Arc::clone(readers),
            bare: BareAnswers::new(limits.head_bytes_max),
            cut: Cut::new(),
            connections: ConnectionMeters::new(),
        }
    }

    /// Secures the connection, and waits for what it speaks. `None`: it came to nothing.
    async fn open(&self, stream: TcpStream) -> Option<(Protocol, Downstream)> {
        let transport = match &self.tls {
            None => Transport::plain(stream),
            Some(acceptor) => self.secure(acceptor, stream).await?,
        };
        let (secure, agreed) = (self.tls.is_some(), transport.agreed_on_http2());
        let mut stream = Downstream::new(transport, &self.readers.idle, &self.bare);
        if secure && !agreed {
            return Some((Protocol::Http1, stream));
        }
        let Ok(protocol) = timeout(self.idle_max, stream.protocol()).await else {
            self.cut.idle.increment(1);
            return None;
        };
        let protocol = protocol.ok()?;
        // Who agreed on HTTP/2 and speaks something else is not understood.
        (protocol == Protocol::Http2 || !agreed).then_some((protocol, stream))
    }

    async fn secure(&self, acceptor: &TlsAcceptor, stream: TcpStream) -> Option<Transport> {
        match timeout(self.handshake_wait_max, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Some(Transport::tls(stream.into())),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a client did not agree on TLS");
                None
            }
            Err(_elapsed) => {
                self.cut.handshake.increment(1);
                None
            }
        }
    }
}

fn http1_server(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .preserve_header_case(true)
        .auto_date_header(false)
        .max_header_size(limits.head_bytes_max)
        .timer(TokioTimer::new())
        .header_read_timeout(limits.client_idle_max);
    builder
}

fn http2_server(limits: &Limits, calls: Calls) -> http2::Builder<Calls> {
    let mut builder = http2::Builder::new(calls);
    builder
        .auto_date_header(false)
        .max_header_list_size(limits.http2_head_bytes_read_max())
        .max_concurrent_streams(limits.http2_streams_max)
        .initial_stream_window_size(limits.http2_window_bytes)
        .initial_connection_window_size(limits.http2_connection_window_bytes())
        .max_send_buf_size(limits.http2_window_bytes as usize)
        .max_pending_accept_reset_streams(limits.http2_cancelled_max)
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.http2_ping_every)
        .keep_alive_timeout(limits.http2_ping_wait_max);
    builder
}

/// One client's connection.
pub(crate) async fn client(
    worker: Arc<Worker>,
    door: Arc<Door>,
    (stream, seat): (TcpStream, Arc<Seat>),
    shutdown: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a client's connection is delayed by the kernel");
    }
    // In boxes, because an idle connection of HTTP/1.1 is to take no more memory for them: a handshake
    // that is over, and HTTP/2.
    let opening = Box::pin(door.open(stream));
    let opened = tokio::select! {
        biased;
        opened = opening => opened,
        () = shutdown.cancelled() => None,
    };
    let Some((protocol, stream)) = opened else { return };
    let ended = match protocol {
        Protocol::Http1 => http1((worker, &door), (stream, seat), shutdown).await,
        Protocol::Http2 => Box::pin(http2(worker, &door, stream, shutdown)).await,
    };
    if let Err(error) = ended {
        door.cut.note(&error, protocol);
        tracing::debug!(%error, "a client's connection ended");
    }
}

async fn http1(
    (worker, door): (Arc<Worker>, &Door),
    (stream, seat): (Downstream, Arc<Seat>),
    shutdown: CancellationToken,
) -> hyper::Result<()> {
    let (reset, turns) = (stream.reset().clone(), stream.turn().clone());
    let service = service_fn(|request| {
        let worker = Arc::clone(&worker);
        let link = Link::http1(request.version(), &reset, &seat);
        let turn = turns.take();
        async move {
            // In a box that goes when the reply begins: a stream may be idle for long after that.
            let reply = Box::pin(serve(worker, link, request)).await;
            Ok::<_, Infallible>(within(turn, reply))
        }
    });
    // In one expression, because what an async function moves takes its memory twice.
    let stream = TokioIo::new(stream);
    let mut connection = pin!(door.http1.serve_connection(stream, service).with_upgrades());
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        () = shutdown.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    if let Ok(ended) = timeout(FAREWELL_MAX, connection.as_mut()).await {
        return ended;
    }
    // Half a head is no call, and nobody waits for the other half.
    if turns.is_free() { Ok(()) } else { connection.await }
}

/// The reply of the call whose turn it is.
fn within(turn: Taken, reply: Response<ReplyBody>) -> Response<ReplyBody> {
    if reply.status() == StatusCode::SWITCHING_PROTOCOLS {
        turn.for_a_tunnel();
        return reply;
    }
    reply.map(|body| body.within(turn))
}

/// HTTP/2 ends softly: no further call is taken, those that are open go on. A client that has none and
/// does not close is not waited for; one that gives no sign of life is cut off by the pings.
async fn http2(
    worker: Arc<Worker>,
    door: &Door,
    stream: Downstream,
    shutdown: CancellationToken,
) -> hyper::Result<()> {
    let traffic = Traffic::new(door.cancelled_max);
    let service = service_fn(|request| {
        let (worker, traffic) = (Arc::clone(&worker), Arc::clone(&traffic));
        async move {
            let asked = traffic.asked();
            let reply = serve(worker, Link::Http2(traffic), request).await;
            asked.answered();
            Ok::<_, Infallible>(reply)
        }
    });
    let connection = door.http2.serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        () = shutdown.cancelled() => {}
        () = traffic.too_idle(door.idle_max) => door.cut.idle.increment(1),
        () = traffic.flooded() => door.cut.cancelled.increment(1),
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        ended = connection => ended,
        () = traffic.too_idle(FAREWELL_MAX) => Ok(()),
        // A client that reads nothing of the last replies is not waited for.
        () = sleep(door.readers.idle.idle_max()) => Ok(()),
    }
}
