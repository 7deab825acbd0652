use super::{
    answers::Answers,
    call::reply,
    dialect::Dialect,
    fault::{Fault, Faults},
    log::CallLog,
    price::ModelPrice,
};
use crate::Error;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// So long may calls in flight still run when the provider stops.
const STOP_WAIT: Duration = Duration::from_secs(2);
/// How many requests and tokens the rate limit headers allow.
pub(crate) const REQUESTS_LIMIT: u64 = 10_000;
pub(crate) const TOKENS_LIMIT: u64 = 2_000_000;

/// What a simulated provider is.
#[derive(Clone, Debug)]
pub struct ProviderSpec {
    /// Its name, as a pipeline would call it.
    pub name: String,
    /// What stands before `/v1/…` (`/v1beta/…`) in its paths: empty, or `/base`.
    pub prefix: String,
    /// Its part in every draw.
    pub seed: u64,
    /// The keys that it accepts: name and secret. The log knows the name. An empty secret is that of
    /// callers without a key.
    pub keys: Vec<(String, String)>,
    /// Its models.
    pub models: Vec<ModelPrice>,
    /// How long it thinks before a reply.
    pub latency: Duration,
    /// How long it thinks before each event of a stream.
    pub event_pause: Duration,
}

/// A running provider.
#[derive(Debug)]
pub struct Provider {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

/// What all calls to a provider have in common.
pub(crate) struct Shared {
    pub(crate) dialect: Dialect,
    pub(crate) spec: ProviderSpec,
    pub(crate) answers: Arc<dyn Answers>,
    pub(crate) faults: Faults,
    pub(crate) log: CallLog,
    pub(crate) requests_remaining: AtomicU64,
    stop: CancellationToken,
}

impl Shared {
    /// Until the provider stops.
    pub(crate) async fn stopped(&self) {
        self.stop.cancelled().await;
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Shared").field("name", &self.spec.name).finish_non_exhaustive()
    }
}

impl Provider {
    /// Starts one of [`Dialect::OpenAi`] on a free port of loopback.
    ///
    /// # Errors
    /// [`Error::Io`] if no port can be had.
    pub async fn start(spec: ProviderSpec, answers: Arc<dyn Answers>) -> Result<Self, Error> {
        Self::speaking(Dialect::OpenAi, spec, answers).await
    }

    /// Starts one of any dialect on a free port of loopback.
    ///
    /// # Errors
    /// [`Error::Io`] if no port can be had.
    pub async fn speaking(
        dialect: Dialect,
        spec: ProviderSpec,
        answers: Arc<dyn Answers>,
    ) -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(Error::io("listen on loopback"))?;
        let address = listener.local_addr().map_err(Error::io("address of the listener"))?;
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            dialect,
            spec,
            answers,
            faults: Faults::default(),
            log: CallLog::default(),
            requests_remaining: AtomicU64::new(REQUESTS_LIMIT - 1),
            stop: stop.clone(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { shared, address, stop, tasks })
    }

    /// What a pipeline calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.spec.name
    }

    /// Where it listens: `http://127.0.0.1:PORT/PREFIX`, without the version.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.address, self.shared.spec.prefix)
    }

    /// What it billed.
    #[must_use]
    pub fn log(&self) -> &CallLog {
        &self.shared.log
    }

    /// Lets the next `calls` calls to `model` fail (`u32::MAX`: until it is healed).
    pub fn inject(&self, model: &str, fault: Fault, calls: u32) {
        self.shared.faults.inject(model, fault, calls);
    }

    /// Ends the faults of `model`.
    pub fn heal(&self, model: &str) {
        self.shared.faults.heal(model);
    }

    /// Sets how many requests the head of a reply says to be left, from now on.
    pub fn set_requests_remaining(&self, requests: u64) {
        self.shared.requests_remaining.store(requests, Ordering::SeqCst);
    }

    /// Takes no more calls, lets those in flight end for a moment, and ends.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => break,
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    // Whoever is not done by then is aborted with the set.
    let _ = tokio::time::timeout(STOP_WAIT, ended).await;
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // Without it small replies wait for the peer's acknowledgement; failing to set it only slows.
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let service = {
        let (shared, reset) = (Arc::clone(&shared), Arc::clone(&reset));
        service_fn(move |request| {
            let (shared, reset) = (Arc::clone(&shared), Arc::clone(&reset));
            async move {
                let reply = reply(&shared, request).await;
                reset.store(reply.is_err(), Ordering::SeqCst);
                reply
            }
        })
    };
    let mut serving = http1::Builder::new()
        // A wall clock in the head would make two runs differ.
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = shared.stop.cancelled() => {
            std::pin::Pin::new(&mut serving).graceful_shutdown();
            (&mut serving).await
        }
    };
    if ended.is_err() && reset.load(Ordering::SeqCst) {
        // Closing at once, with data unread or not, is what sends a reset instead of an end.
        let _ = serving.into_parts().io.into_inner().set_zero_linger();
    }
}
