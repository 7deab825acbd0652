//! The listener and its threads: each a `current_thread` runtime with its own connections to clients
//! and providers, so that a call never crosses cores.

use crate::{
    budget::Budget,
    capture::Observer,
    config::Config,
    error::Error,
    guard::Guard,
    meters::{self, ConnectionMeters, InFlight, RefusalMeters, UnreadMeters},
    mirror::Mirror,
    patience::Rule,
    pool::{Connector, Pool, TlsSetup},
    serve::{Shared, Worker},
    steer::Steer,
};
use door::{Door, client};

pub(crate) use door::Seat;
use exchange::Clock;
use reading::Readers;
use std::{
    net::{SocketAddr, TcpListener as StdListener},
    num::NonZeroUsize,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    runtime,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

mod certificate;
mod door;
pub(crate) mod reading;

/// How long a thread pauses when the system gives it no connection (out of files, mostly).
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What the live path is given: it reads no clock, draws no chance and knows no policy by itself.
#[derive(Clone)]
pub struct Deps {
    /// Where copies go.
    pub mirror: Arc<dyn Mirror>,
    /// Who steers live categories.
    pub steer: Arc<dyn Steer>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for the names of exchanges and the guard's secret.
    pub chance: Arc<dyn Fn() -> u128 + Send + Sync>,
}

/// A proxy that listens and does not serve yet.
pub struct Proxy {
    listener: StdListener,
    addr: SocketAddr,
    config: Config,
    tls: TlsSetup,
    certificate: Option<TlsAcceptor>,
    shared: Arc<Shared>,
}

/// A proxy that serves.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    threads: Vec<JoinHandle<()>>,
}

impl Proxy {
    /// Takes the address or the socket, and checks what can be checked before serving.
    ///
    /// # Errors
    /// [`Error::Bind`] or [`Error::Socket`]; of TLS [`Error::NoAuthorities`], [`Error::CertificateFile`], [`Error::KeyFile`], [`Error::KeyPair`] or [`Error::Tls`].
    pub fn bind(config: Config, deps: Deps) -> Result<Self, Error> {
        let tls = TlsSetup::load(&config)?;
        let certificate = config.certificate.as_ref().map(certificate::acceptor).transpose()?;
        let listener = config.listen.socket(config.limits.waiting_max)?;
        let addr = listener.local_addr().map_err(Error::Socket)?;
        let limits = config.limits.clone();
        let secret = (deps.chance)();
        let shared = Arc::new(Shared {
            observer: Observer::new(deps.mirror, &limits),
            steer: deps.steer,
            clock: deps.clock,
            chance: deps.chance,
            held: Budget::new(limits.live_total_bytes_max),
            guard: Guard::new(secret, limits.guard_credentials_max, limits.guard_age_us_max),
            limits,
        });
        Ok(Self { listener, addr, config, tls, certificate, shared })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves on `threads` threads until `shutdown` is cancelled; then open calls have
    /// [`Limits::drain_wait_max`] to end.
    ///
    /// # Errors
    /// [`Error::Thread`] if a thread or its runtime cannot be made.
    pub fn run(
        self,
        threads: NonZeroUsize,
        shutdown: &CancellationToken,
    ) -> Result<Running, Error> {
        let limits = &self.config.limits;
        let seats = Arc::new(Semaphore::new(limits.connections_max));
        let readers = Readers::new(limits);
        let mut running = Running { addr: self.addr, threads: Vec::with_capacity(threads.get()) };
        for number in 0..threads.get() {
            let listener = self.listener.try_clone().map_err(Error::Thread)?;
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(Error::Thread)?;
            let calls = TaskTracker::new();
            let door = Door::new(self.certificate.clone(), limits, &readers, &calls);
            let worker = Arc::new(self.worker(&calls)?);
            let (seats, shutdown) = (Arc::clone(&seats), shutdown.child_token());
            let name = format!("live-{number}");
            let thread = thread::Builder::new().name(name).spawn(move || {
                runtime.block_on(accept(worker, door, listener, seats, shutdown));
            });
            running.threads.push(thread.map_err(Error::Thread)?);
        }
        Ok(running)
    }

    fn worker(&self, calls: &TaskTracker) -> Result<Worker, Error> {
        let drivers = TaskTracker::new();
        let limits = &self.config.limits;
        let pool = |upstream: &crate::Upstream| {
            let connector = Connector::new(upstream.clone(), &self.tls, &self.config, &drivers)?;
            Ok(Arc::new(Pool::new(connector, limits)))
        };
        Ok(Worker {
            shared: Arc::clone(&self.shared),
            pools: self.config.upstreams.iter().map(pool).collect::<Result<_, Error>>()?,
            calls: calls.clone(),
            in_flight: InFlight::gauge(),
            call_idle: Rule::new(limits.call_idle_max, meters::cut("call_idle")),
            reply_idle: Rule::new(limits.reply_idle_max, meters::cut("reply_idle")),
            tunnel_cut: meters::cut("tunnel_idle"),
            drain_cut: meters::cut("drain"),
            refusals: RefusalMeters::new(),
            unread: UnreadMeters::new(),
        })
    }
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Waits until every thread has drained; call it after cancelling the shutdown token.
    ///
    /// # Errors
    /// [`Error::Panicked`] if a thread did.
    pub fn join(self) -> Result<(), Error> {
        self.threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| Error::Panicked))
    }
}

/// One thread's life: accept until shutdown, then drain.
async fn accept(
    worker: Arc<Worker>,
    door: Door,
    listener: StdListener,
    seats: Arc<Semaphore>,
    shutdown: CancellationToken,
) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "a thread of the live path cannot use the listener");
            return;
        }
    };
    let door = Arc::new(door);
    loop {
        let seated = async { (seat(&seats, &door.connections).await, listener.accept().await) };
        let (seat, accepted) = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            seated = seated => seated,
        };
        match accepted {
            Ok((stream, _)) => {
                let seat = Seat::taken(seat, door.connections.open());
                let (worker_, door) = (Arc::clone(&worker), Arc::clone(&door));
                worker.calls.spawn(client(worker_, door, (stream, seat), shutdown.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    worker.calls.close();
    if timeout(worker.shared.limits.drain_wait_max, worker.calls.wait()).await.is_err() {
        let open = worker.calls.len();
        worker.drain_cut.increment(open as u64);
        tracing::warn!(open, "calls were cut at shutdown");
    }
}

/// A seat for the next client, which may have to wait for one that leaves.
async fn seat(seats: &Arc<Semaphore>, meters: &ConnectionMeters) -> Option<OwnedSemaphorePermit> {
    if let Ok(seat) = Arc::clone(seats).try_acquire_owned() {
        return Some(seat);
    }
    meters.full.increment(1);
    Arc::clone(seats).acquire_owned().await.ok()
}
