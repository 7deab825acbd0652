//! One call, from its head to the head of its reply: the order in which everything happens.

use crate::{
    body::{Inflow, ReplyBody, Rest},
    budget::Budget,
    capture::{CallFacts, CallSide, Head, Observer, Opened, Replying, observed},
    config::Limits,
    forward,
    guard::{Fingerprint, Guard},
    headers::{self, Upgrading},
    link::Link,
    live,
    meters::{InFlight, RefusalMeters, UnreadMeters},
    patience::Rule,
    pool::Pool,
    refusal::Refusal,
    route::route,
    steer::{CallHead, Steer},
};
use bytes::Bytes;
use exchange::{Clock, ExchangeId, Route, Served, Timestamp};
use http::{Method, Request, Response, StatusCode, request::Parts};
use http_body::Frame;
use hyper::{body::Incoming, upgrade::OnUpgrade};
use metrics::{Counter, Gauge};
use std::{collections::VecDeque, sync::Arc};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

/// How much of an unknown provider's name is repeated to the caller.
const ASKED_CHARS_MAX: usize = 64;

/// What all threads share.
pub(crate) struct Shared {
    pub(crate) observer: Arc<Observer>,
    pub(crate) steer: Arc<dyn Steer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Fn() -> u128 + Send + Sync>,
    pub(crate) guard: Guard,
    /// What live calls and replies hold in memory, to plan and to price them.
    pub(crate) held: Arc<Budget>,
    pub(crate) limits: Limits,
}

/// What one thread serves with.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) pools: Vec<Arc<Pool>>,
    pub(crate) calls: TaskTracker,
    pub(crate) in_flight: Gauge,
    pub(crate) call_idle: Arc<Rule>,
    pub(crate) reply_idle: Arc<Rule>,
    pub(crate) tunnel_cut: Counter,
    pub(crate) drain_cut: Counter,
    pub(crate) refusals: RefusalMeters,
    pub(crate) unread: UnreadMeters,
}

impl Worker {
    pub(crate) fn pool(&self, provider: &str) -> Option<&Arc<Pool>> {
        self.pools.iter().find(|pool| pool.upstream().name() == provider)
    }
}

/// A call that a provider is to answer.
pub(crate) struct Call {
    pub(crate) id: ExchangeId,
    pub(crate) at: Timestamp,
    pub(crate) started: Instant,
    pub(crate) pool: Arc<Pool>,
    pub(crate) path: String,
    pub(crate) parts: Parts,
    /// The policy that ruled when it arrived.
    pub(crate) policy_version: u64,
}

/// The client that waits for the answer.
pub(crate) struct Client {
    /// The provider that it named.
    pub(crate) pool: Arc<Pool>,
    /// The call's body as the tee sees it.
    pub(crate) side: Arc<CallSide>,
    pub(crate) in_flight: InFlight,
    /// Its connection, where it asks for another protocol on it.
    pub(crate) upgrade: Option<OnUpgrade>,
    /// The connection that the call came by.
    pub(crate) link: Link,
}

impl Call {
    pub(crate) fn head(&self) -> CallHead<'_> {
        CallHead {
            id: self.id,
            at: self.at,
            provider: self.pool.upstream().name(),
            method: &self.parts.method,
            path: &self.path,
            headers: &self.parts.headers,
        }
    }

    pub(crate) fn served_as_asked(&self) -> Served {
        observed(self.policy_version)
    }

    pub(crate) fn fingerprint(&self, worker: &Worker) -> Fingerprint {
        worker.shared.guard.fingerprint(&self.head(), self.pool.upstream().key_header())
    }

    /// Begins the capture of a call that is about to be forwarded and is not needed any more.
    pub(crate) fn open(self, worker: &Worker, client: &Client) -> Opened {
        let observer = &worker.shared.observer;
        if !observer.is_on() {
            return Opened::unobserved();
        }
        let facts = CallFacts {
            id: self.id,
            observed_at: self.at,
            started: self.started,
            provider: Arc::clone(self.pool.provider()),
            method: self.parts.method,
            path: self.path,
            head: Head::of(&self.parts.headers),
            declared_category: headers::declared_category(&self.parts.headers).map(str::to_owned),
            policy_version: self.policy_version,
        };
        Opened::new(observer, facts, &client.side)
    }

    /// Begins the capture of a call that is still to be planned.
    pub(crate) fn open_early(&self, worker: &Worker, client: &Client) -> Opened {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = self.parts.method.clone();
        parts.headers = self.parts.headers.clone();
        let copy = Self { pool: Arc::clone(&self.pool), path: self.path.clone(), parts, ..*self };
        copy.open(worker, client)
    }
}

impl Client {
    /// It is being answered: counts that, and lets the call's times count.
    pub(crate) fn note_answer(&mut self, route: Route, status: StatusCode) {
        self.pool.meters().answered(route, status);
        self.in_flight.time(self.pool.meters(), status);
    }
}

/// Answers one request of a client.
pub(crate) async fn serve(
    worker: Arc<Worker>,
    link: Link,
    request: Request<Incoming>,
) -> Response<ReplyBody> {
    let in_flight = InFlight::begin(&worker.in_flight, link.traffic());
    let (call, client, body) = match begin(&worker, link, in_flight, request) {
        Ok(begun) => begun,
        Err(refused) => {
            let Refused { refusal, body, in_flight } = *refused;
            return answer_refusal(&worker, (&refusal, body), Replying::unobserved(), in_flight);
        }
    };
    if client.upgrade.is_none() && live::concerns(&worker, &call) {
        return Box::pin(live::serve(&worker, call, client, body)).await;
    }
    forward::pass(&worker, call, client, body).await
}

/// A call that goes to nobody.
struct Refused {
    refusal: Refusal,
    body: Bytes,
    in_flight: InFlight,
}

impl Refused {
    /// For who named no provider that we know.
    fn plainly(refusal: Refusal, in_flight: InFlight) -> Box<Self> {
        Box::new(Self { body: refusal.body(), refusal, in_flight })
    }

    /// In the shape that the callers of the provider read.
    fn at(pool: &Pool, refusal: Refusal, in_flight: InFlight) -> Box<Self> {
        Box::new(Self { body: refusal.body_at(pool.upstream()), refusal, in_flight })
    }
}

fn begin(
    worker: &Worker,
    link: Link,
    in_flight: InFlight,
    mut request: Request<Incoming>,
) -> Result<(Call, Client, Inflow), Box<Refused>> {
    if request.method() == Method::CONNECT {
        return Err(Refused::plainly(Refusal::Connect, in_flight));
    }
    let upgrade = match headers::upgrading(request.headers()) {
        Upgrading::Yes => Some(hyper::upgrade::on(&mut request)),
        Upgrading::No => None,
    };
    let (parts, body) = request.into_parts();
    let routed = route(&parts.uri);
    let Some(pool) = worker.pool(routed.provider) else {
        return Err(Refused::plainly(unknown(worker, routed.provider), in_flight));
    };
    let bytes_max = worker.shared.limits.head_bytes_max;
    // In HTTP/1.1 it is refused while it is read.
    if link.is_http2() && headers::size_in_http2(&parts.uri, &parts.headers) > bytes_max {
        return Err(Refused::at(pool, Refusal::LongHead { bytes_max }, in_flight));
    }
    if !headers::is_framed_plainly(&parts.headers) {
        return Err(Refused::at(pool, Refusal::TransferCoding, in_flight));
    }
    let (pool, path) = (Arc::clone(pool), routed.path.into_owned());
    let observer = &worker.shared.observer;
    let side = if observer.is_on() { CallSide::new(observer.tape()) } else { CallSide::untaped() };
    let at = worker.shared.clock.now();
    let id = ExchangeId::new(at, (worker.shared.chance)());
    let body = Inflow::new(body, parts.version, &worker.call_idle);
    let started = in_flight.begun();
    let client = Client { pool: Arc::clone(&pool), side, in_flight, upgrade, link };
    let policy_version = worker.shared.steer.policy_version();
    Ok((Call { id, at, started, pool, path, parts, policy_version }, client, body))
}

fn unknown(worker: &Worker, asked: &str) -> Refusal {
    let names = worker.pools.iter().map(|pool| pool.upstream().name());
    let known = names.collect::<Vec<_>>().join(", ");
    let asked = asked.chars().take(ASKED_CHARS_MAX).collect();
    Refusal::UnknownProvider { asked, known }
}

/// Answers with an error of our own, in the shape that the caller's SDK reads.
pub(crate) fn answer_refusal(
    worker: &Worker,
    (refusal, body): (&Refusal, Bytes),
    replying: Replying,
    in_flight: InFlight,
) -> Response<ReplyBody> {
    worker.refusals.refused(refusal.code());
    let ahead = VecDeque::from([Frame::data(body)]);
    let mut response = Response::new(ReplyBody::new(ahead, Rest::End, replying, in_flight));
    *response.status_mut() = refusal.status();
    *response.headers_mut() = refusal.headers();
    response
}
