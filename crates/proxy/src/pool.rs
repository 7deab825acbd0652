//! Connections to one provider, kept by one thread: no lock is ever contended, and a connection is
//! driven by the core that uses it. Those of HTTP/1.1 carry one call each; what a client of HTTP/2 asks
//! goes another way (see `http2`).

use connect::Connection;
pub(crate) use connect::{Connector, TlsSetup};
use lines::{Lines, Slot};

use crate::{
    body::CallBody, config::Limits, meters::ProviderMeters, refusal::Refusal, transport::Reset,
    upstream::Upstream,
};
use http::{HeaderMap, Method, Request, Response, Version};
use http_body::Body;
use hyper::body::Incoming;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, timeout};
use tokio_util::either::Either;

mod connect;
mod http2;
mod lines;
mod reach;
mod through;

/// How long a connection whose reply has just ended may take to be ready for the next call.
const READY_WAIT_MAX: Duration = Duration::from_millis(50);

/// One provider's connections on one thread.
pub(crate) struct Pool {
    provider: Arc<str>,
    connector: Connector,
    idle: Mutex<VecDeque<Idle>>,
    idle_connections_max: usize,
    idle_age_max: Duration,
    connection_age_max: Duration,
    lines: Lines,
    again_bytes_max: usize,
    head_wait_max: Duration,
    meters: Arc<ProviderMeters>,
}

struct Idle {
    connection: Connection,
    /// When its last reply ended.
    since: Instant,
}

/// What a reply arrives on.
pub(crate) enum Lease {
    /// A connection of its own.
    Connection(Taken),
    /// A stream, beside others on its connection.
    Stream(Slot),
}

/// A connection in use. Dropping it closes the connection; [`Lease::give_back`] keeps it.
pub(crate) struct Taken {
    connection: Connection,
    pool: Arc<Pool>,
    age: Age,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Fresh,
    Reused,
}

impl Lease {
    pub(crate) fn give_back(self) {
        match self {
            Self::Connection(taken) => taken.give_back(),
            Self::Stream(slot) => drop(slot),
        }
    }
}

impl Taken {
    fn fresh(connection: Connection, pool: &Arc<Pool>) -> Self {
        Self { connection, pool: Arc::clone(pool), age: Age::Fresh }
    }

    fn give_back(self) {
        self.connection.reset.carry(None);
        if !self.connection.sender.is_closed() {
            self.pool.keep(self.connection);
        }
    }
}

impl Pool {
    pub(crate) fn new(connector: Connector, limits: &Limits) -> Self {
        let meters = Arc::clone(connector.meters());
        Self {
            provider: connector.upstream().name().into(),
            connector,
            idle: Mutex::default(),
            idle_connections_max: limits.idle_connections_max,
            idle_age_max: limits.idle_age_max,
            connection_age_max: limits.connection_age_max,
            lines: Lines::new(limits, &meters),
            again_bytes_max: limits.http2_again_bytes_max,
            head_wait_max: limits.head_wait_max,
            meters,
        }
    }

    pub(crate) fn upstream(&self) -> &Upstream {
        self.connector.upstream()
    }

    pub(crate) fn provider(&self) -> &Arc<str> {
        &self.provider
    }

    pub(crate) fn meters(&self) -> &Arc<ProviderMeters> {
        &self.meters
    }

    /// Sends the call and waits for the head of the reply. `caller`: how the connection breaks off that
    /// it came by, where that carries nothing else.
    ///
    /// An idle connection may have died unseen. The call is then sent once more, on a new connection,
    /// if nothing of it can have been acted on: it never left, or it is safe and has no body.
    pub(crate) fn send(
        self: &Arc<Self>,
        request: Request<CallBody>,
        caller: Option<Reset>,
    ) -> impl Future<Output = Result<(Response<Incoming>, Lease), Refusal>> {
        if request.version() == Version::HTTP_2 {
            // In a box, so that a call of HTTP/1.1 is to take no more memory for it.
            return Either::Left(Box::pin(http2::send(self, request)));
        }
        Either::Right(async {
            let taken = self.lease().await?;
            self.send_alone(taken, request, caller).await
        })
    }

    /// Sends the call on a connection of its own.
    async fn send_alone(
        self: &Arc<Self>,
        mut taken: Taken,
        request: Request<CallBody>,
        caller: Option<Reset>,
    ) -> Result<(Response<Incoming>, Lease), Refusal> {
        taken.connection.reset.carry(caller.clone());
        let spare = (taken.age == Age::Reused).then(|| spare(&request)).flatten();
        let unsent = match self.try_send(&mut taken, request).await {
            Ok(response) => return Ok((response, Lease::Connection(taken))),
            Err(Unanswered::Unsent(request)) if taken.age == Age::Reused => *request,
            Err(Unanswered::Died) => spare.ok_or_else(|| self.died())?,
            Err(Unanswered::Unsent(_)) => return Err(self.died()),
            Err(Unanswered::Late) => return Err(self.late()),
        };
        self.meters.retries.increment(1);
        let mut taken = self.fresh().await?;
        taken.connection.reset.carry(caller);
        match self.try_send(&mut taken, unsent).await {
            Ok(response) => Ok((response, Lease::Connection(taken))),
            Err(Unanswered::Late) => Err(self.late()),
            Err(Unanswered::Died | Unanswered::Unsent(_)) => Err(self.died()),
        }
    }

    async fn try_send(
        &self,
        taken: &mut Taken,
        request: Request<CallBody>,
    ) -> Result<Response<Incoming>, Unanswered> {
        match timeout(self.head_wait_max, taken.connection.sender.try_send_request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(mut failed)) => match failed.take_message() {
                Some(request) => Err(Unanswered::Unsent(Box::new(request))),
                None => Err(Unanswered::Died),
            },
            Err(_elapsed) => Err(Unanswered::Late),
        }
    }

    /// An idle connection that is ready, the last used first; else a new one.
    async fn lease(self: &Arc<Self>) -> Result<Taken, Refusal> {
        match self.reused().await {
            Some(taken) => Ok(taken),
            None => self.fresh().await,
        }
    }

    async fn reused(self: &Arc<Self>) -> Option<Taken> {
        while let Some(Idle { mut connection, since }) = self.latest() {
            let (now, sender) = (Instant::now(), &mut connection.sender);
            if sender.is_closed() {
                continue;
            }
            if now - since > self.idle_age_max {
                self.meters.bounds.idle_age.increment(1);
                continue;
            }
            if now - connection.made > self.connection_age_max {
                self.meters.bounds.connection_age.increment(1);
                continue;
            }
            let ready = sender.is_ready()
                || matches!(timeout(READY_WAIT_MAX, sender.ready()).await, Ok(Ok(())));
            if ready {
                return Some(Taken { connection, pool: Arc::clone(self), age: Age::Reused });
            }
        }
        None
    }

    async fn fresh(self: &Arc<Self>) -> Result<Taken, Refusal> {
        Ok(Taken::fresh(self.connector.connect().await?, self))
    }

    fn latest(&self) -> Option<Idle> {
        self.idle().pop_back()
    }

    fn keep(&self, connection: Connection) {
        let now = Instant::now();
        let mut idle = self.idle();
        while idle.front().is_some_and(|oldest| now - oldest.since > self.idle_age_max) {
            idle.pop_front();
            self.meters.bounds.idle_age.increment(1);
        }
        if idle.len() < self.idle_connections_max {
            idle.push_back(Idle { connection, since: now });
        } else {
            self.meters.bounds.idle_connections.increment(1);
        }
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn died(&self) -> Refusal {
        Refusal::Died { provider: self.upstream().name().to_owned() }
    }

    fn late(&self) -> Refusal {
        let provider = self.upstream().name().to_owned();
        Refusal::HeadTimeout { provider, waited: self.head_wait_max }
    }
}

/// Why a connection gave no reply.
enum Unanswered {
    /// It had died before the call was written; here is the call again.
    Unsent(Box<Request<CallBody>>),
    /// It died with the call.
    Died,
    /// The provider took too long.
    Late,
}

/// The call again, where sending it twice is safe.
fn spare(request: &Request<CallBody>) -> Option<Request<CallBody>> {
    if !is_safe(request) {
        return None;
    }
    let mut again = Request::new(request.body().empty_again());
    again.method_mut().clone_from(request.method());
    again.uri_mut().clone_from(request.uri());
    *again.headers_mut() = HeaderMap::clone(request.headers());
    *again.extensions_mut() = request.extensions().clone();
    Some(again)
}

/// Whether sending it twice does nothing that sending it once does not.
fn is_safe(request: &Request<CallBody>) -> bool {
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    safe && request.body().is_end_stream()
}
