//! The listener: connections in, within their limits, until it is told to stop.

use crate::{
    answers::Answers,
    check::Check,
    error::Error,
    hosts::Hosts,
    recorder::Metrics,
    routes::{self, Desk},
};
use hyper::server::conn::http1::Builder;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{
    fmt, io,
    net::{self, Ipv4Addr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{self, Handle},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long to pause when the system gives no connection (out of files, mostly).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often histograms are folded together, so that they hold no more than what came since.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// Where the console listens and what it allows.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address.
    pub listen: SocketAddr,
    /// Names besides `localhost` under which it may be asked, without a port.
    pub host_names: Vec<String>,
    /// Limits.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            host_names: Vec::new(),
            limits: Limits::default(),
        }
    }
}

/// What the console allows itself and others.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections; a further one waits unaccepted.
    pub connections_max: usize,
    /// Answers that are prepared at once; a further question is told to come back. Health,
    /// readiness and metrics are always answered.
    pub answers_at_once_max: usize,
    /// How long an answer may take.
    pub answer_wait_max: Duration,
    /// How long a client may take for the head of its request, and rest between two.
    pub head_wait_max: Duration,
    /// How long open requests have to end when the console stops.
    pub drain_wait_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 128,
            answers_at_once_max: 4,
            answer_wait_max: Duration::from_secs(60),
            head_wait_max: Duration::from_secs(30),
            drain_wait_max: Duration::from_secs(5),
        }
    }
}

/// What the binary plugs in.
pub struct Deps {
    /// Who answers.
    pub answers: Arc<dyn Answers>,
    /// What must hold for the process to be ready.
    pub checks: Vec<Check>,
    /// Where metrics are read. Its upkeep runs here.
    pub metrics: Metrics,
}

impl fmt::Debug for Deps {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Deps").field("checks", &self.checks).finish_non_exhaustive()
    }
}

/// A console that has its address and does not answer yet.
///
/// Connections are served on a thread and a runtime of its own, so that health and metrics are told
/// whatever the process computes; answers are formed on the runtime that [`Console::bind`] is called on.
pub struct Console {
    listener: net::TcpListener,
    addr: SocketAddr,
    desk: Arc<Desk>,
}

impl fmt::Debug for Console {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Console").field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl Console {
    /// Takes the address. To be called on a runtime.
    ///
    /// # Errors
    /// [`Error::Bind`] if it cannot be had.
    pub fn bind(config: Config, deps: Deps) -> Result<Self, Error> {
        let refused = |source| Error::Bind { listen: config.listen, source };
        let listener = net::TcpListener::bind(config.listen).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let addr = listener.local_addr().map_err(refused)?;
        if !addr.ip().is_loopback() {
            tracing::warn!(%addr, "the console asks nobody for a credential; whoever reaches this address reads it");
        }
        let desk = Desk {
            answers: deps.answers,
            forming: Handle::current(),
            checks: deps.checks,
            metrics: deps.metrics,
            hosts: Hosts::new(addr, &config.host_names),
            seats: Semaphore::new(config.limits.answers_at_once_max),
            limits: config.limits,
        };
        Ok(Self { listener, addr, desk: Arc::new(desk) })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers until `shutdown` is cancelled; then open requests have
    /// [`Limits::drain_wait_max`] to end.
    ///
    /// # Errors
    /// [`Error::Thread`] if the system has no thread or no more files for it.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        let served = spawn_blocking(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            let metrics = self.desk.metrics.clone();
            // What the console itself measures goes where it is read.
            metrics::with_local_recorder(&metrics, || runtime.block_on(self.serve(shutdown)))
        });
        let ended = served.await.map_err(io::Error::other).and_then(|ended| ended);
        ended.map_err(Error::Thread)
    }

    async fn serve(self, shutdown: CancellationToken) -> io::Result<()> {
        let listener = TcpListener::from_std(self.listener)?;
        let connections = TaskTracker::new();
        let seats = Arc::new(Semaphore::new(self.desk.limits.connections_max));
        let mut upkeep = interval(METRICS_UPKEEP);
        upkeep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => break,
                _ = upkeep.tick() => {
                    self.desk.metrics.run_upkeep();
                    continue;
                }
                accepted = accept(&listener, &seats) => accepted,
            };
            let Some((stream, seat)) = accepted else { break };
            let served = serve(stream, Arc::clone(&self.desk), shutdown.clone());
            connections.spawn(async move {
                served.await;
                drop(seat);
            });
        }
        drop(listener);
        connections.close();
        // What has not ended by then ends with the runtime.
        let _ = timeout(self.desk.limits.drain_wait_max, connections.wait()).await;
        Ok(())
    }
}

/// The next connection and its seat; `None` once there are no seats, which does not happen.
async fn accept(
    listener: &TcpListener,
    seats: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let seat = Arc::clone(seats).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return Some((stream, seat)),
            Err(error) => {
                tracing::warn!(%error, "the console got no connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, desk: Arc<Desk>, shutdown: CancellationToken) {
    let head_wait_max = desk.limits.head_wait_max;
    let service = TowerToHyperService::new(routes::router(desk));
    let mut connection = pin!(
        Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head_wait_max)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a console connection ended early");
    }
}
