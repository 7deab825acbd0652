//! A connection that changed its protocol (101): bytes both ways until either side ends. It is
//! counted and not mirrored, because what flows there are no calls.

use crate::{
    body::{ReplyBody, Rest},
    capture::{Opened, Replying},
    config::Limits,
    headers::{self, Upgrading},
    serve::{Client, Worker},
    transport::Reset,
};
use exchange::Route;
use http::Response;
use hyper::{
    body::Incoming,
    upgrade::{OnUpgrade, Upgraded},
};
use hyper_util::rt::TokioIo;
use metrics::Counter;
use std::{
    collections::VecDeque,
    io,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional},
    time::timeout,
};

/// Passes the 101 on, and joins the two connections as soon as both have switched.
pub(crate) fn open(
    worker: &Worker,
    opened: Opened,
    client: Client,
    mut response: Response<Incoming>,
) -> Response<ReplyBody> {
    opened.discard();
    client.pool.meters().tunnels.increment(1);
    client.pool.meters().answered(Route::Reference, response.status());
    if let Some(below) = client.upgrade {
        let above = hyper::upgrade::on(&mut response);
        let (seat, reset) = (client.link.seat(), client.link.reset().cloned());
        let patience = Patience::of(&worker.shared.limits);
        let cut = worker.tunnel_cut.clone();
        worker.calls.spawn(async move {
            if let Err(error) = join((below, above, reset), patience, cut).await {
                tracing::debug!(%error, "a tunnel broke off");
            }
            // Until here it is a connection like any other.
            drop(seat);
        });
    }
    let (parts, _) = response.into_parts();
    let body = ReplyBody::new(VecDeque::new(), Rest::End, Replying::unobserved(), client.in_flight);
    let mut passed = Response::new(body);
    *passed.status_mut() = parts.status;
    *passed.headers_mut() = headers::for_client(parts.headers, Upgrading::Yes);
    *passed.extensions_mut() = parts.extensions;
    passed
}

/// How long a tunnel may be silent.
#[derive(Clone, Copy)]
struct Patience {
    /// As long as both sides are there.
    idle_max: Duration,
    /// Once one of them has said that it has no more to say.
    half_open_max: Duration,
}

impl Patience {
    fn of(limits: &Limits) -> Self {
        let (idle_max, half_open_max) = (limits.tunnel_idle_max, limits.tunnel_half_open_max);
        Self { idle_max, half_open_max }
    }

    fn is_over(self, silent: Duration, flow: &Flow) -> bool {
        silent
            >= if flow.is_half.load(Ordering::Relaxed) { self.half_open_max } else { self.idle_max }
    }

    /// How often it is looked at.
    fn look_every(self) -> Duration {
        self.half_open_max.min(self.idle_max)
    }
}

async fn join(
    (below, above, reset): (OnUpgrade, OnUpgrade, Option<Reset>),
    patience: Patience,
    cut: Counter,
) -> io::Result<()> {
    let (Ok(below), Ok(above)) = tokio::join!(below, above) else { return Ok(()) };
    let flow = Arc::new(Flow::default());
    let (mut below, mut above) = (Side::new(below, &flow), Side::new(above, &flow));
    let mut joined = pin!(copy_bidirectional(&mut below, &mut above));
    let mut silent = Duration::ZERO;
    loop {
        match timeout(patience.look_every(), joined.as_mut()).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => {
                // A client's reset reaches its provider by itself; this is the other way.
                if let (io::ErrorKind::ConnectionReset, Some(reset)) = (error.kind(), &reset) {
                    reset.on_close();
                }
                return Err(error);
            }
            Err(_) if flow.has_moved.swap(false, Ordering::Relaxed) => silent = Duration::ZERO,
            Err(_) => silent += patience.look_every(),
        }
        if patience.is_over(silent, &flow) {
            cut.increment(1);
            return Ok(());
        }
    }
}

/// What became of a tunnel since it was last looked at.
#[derive(Default)]
struct Flow {
    has_moved: AtomicBool,
    is_half: AtomicBool,
}

/// One end of a tunnel, which tells what comes from there.
struct Side {
    stream: TokioIo<Upgraded>,
    flow: Arc<Flow>,
}

impl Side {
    fn new(upgraded: Upgraded, flow: &Arc<Flow>) -> Self {
        Self { stream: TokioIo::new(upgraded), flow: Arc::clone(flow) }
    }
}

impl AsyncRead for Side {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let has_ended = buffer.filled().len() == before && buffer.remaining() > 0;
        let told = if has_ended { &self.flow.is_half } else { &self.flow.has_moved };
        told.store(true, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Side {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
