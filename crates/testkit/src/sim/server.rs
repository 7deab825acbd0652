use super::{
    answers::{Answers, Asked},
    body::{self, ReplyBody},
    fault::{Fault, Faults},
    log::{CallLog, LoggedCall},
    price::ModelPrice,
    wire::{self, Completion},
};
use crate::{Error, chance};
use exchange::{NanoUsd, Usage};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
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

/// A longer request is refused.
const BODY_BYTES_MAX: usize = 16 << 20;
/// So long may calls in flight still run when the provider stops.
const STOP_WAIT: Duration = Duration::from_secs(2);
/// What the rate limit headers allow.
const REQUESTS_LIMIT: u64 = 10_000;
const TOKENS_LIMIT: u64 = 2_000_000;

/// What a simulated provider is.
#[derive(Clone, Debug)]
pub struct ProviderSpec {
    /// Its name, as a pipeline would call it.
    pub name: String,
    /// What stands before `/v1/…` in its paths: empty, or `/base`.
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

struct Shared {
    spec: ProviderSpec,
    answers: Arc<dyn Answers>,
    faults: Faults,
    log: CallLog,
    requests_remaining: AtomicU64,
    stop: CancellationToken,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Shared").field("name", &self.spec.name).finish_non_exhaustive()
    }
}

impl Provider {
    /// Starts it on a free port of loopback.
    ///
    /// # Errors
    /// [`Error::Io`] if no port can be had.
    pub async fn start(spec: ProviderSpec, answers: Arc<dyn Answers>) -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(Error::io("listen on loopback"))?;
        let address = listener.local_addr().map_err(Error::io("address of the listener"))?;
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
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

    /// Where it listens: `http://127.0.0.1:PORT/PREFIX`, without `/v1`.
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

    /// Sets what `x-ratelimit-remaining-requests` says from now on.
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

/// The connection is to be reset.
#[derive(Debug, thiserror::Error)]
#[error("reset by an injected fault")]
struct Reset;

type Replied = Result<Response<ReplyBody>, Reset>;

async fn reply(shared: &Shared, request: Request<Incoming>) -> Replied {
    let (head, body) = request.into_parts();
    let Some(key) = key_of(shared, &head.headers) else {
        let message = "Incorrect API key provided.";
        return refusal(401, message, "invalid_request_error", Some("invalid_api_key"));
    };
    let path = head.uri.path().strip_prefix(shared.spec.prefix.as_str()).unwrap_or("");
    match (head.method, path) {
        (Method::GET, "/v1/models") => {
            let names = shared.spec.models.iter().map(|model| model.model.as_str());
            response(200, body::whole(wire::models(names).to_string()))
        }
        (Method::POST, "/v1/chat/completions") => {
            match Limited::new(body, BODY_BYTES_MAX).collect().await {
                Ok(body) => complete(shared, key, &body.to_bytes()).await,
                Err(_) => refusal(413, "The request is too large.", "invalid_request_error", None),
            }
        }
        (method, path) => {
            let message = format!("Invalid URL ({method} {path})");
            refusal(404, &message, "invalid_request_error", None)
        }
    }
}

fn key_of<'a>(shared: &'a Shared, headers: &HeaderMap) -> Option<&'a str> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let secret = given.map_or(Some(""), |given| given.strip_prefix("Bearer "))?;
    let keys = &shared.spec.keys;
    keys.iter().find(|(_, of)| of == secret).map(|(name, _)| name.as_str())
}

async fn complete(shared: &Shared, key: &str, bytes: &[u8]) -> Replied {
    let Ok(body) = serde_json::from_slice::<Value>(bytes) else {
        let message = "We could not parse the JSON body of your request.";
        return refusal(400, message, "invalid_request_error", None);
    };
    let Some(model) = body.get("model").and_then(Value::as_str) else {
        let message = "you must provide a model parameter";
        return refusal(400, message, "invalid_request_error", None);
    };
    if !body.get("messages").is_some_and(Value::is_array) {
        let message = "Missing required parameter: 'messages'.";
        let code = Some("missing_required_parameter");
        return refusal(400, message, "invalid_request_error", code);
    }
    let Some(price) = shared.spec.models.iter().find(|price| price.model == model) else {
        let message =
            format!("The model `{model}` does not exist or you do not have access to it.");
        return refusal(404, &message, "invalid_request_error", Some("model_not_found"));
    };
    if !shared.spec.latency.is_zero() {
        tokio::time::sleep(shared.spec.latency).await;
    }
    let call = Call { shared, price, asked: Asked::new(&price.model, key, &body) };
    match shared.faults.take(model) {
        None => call.answer(),
        Some(fault) => call.fail(fault).await,
    }
}

/// A call that is understood.
struct Call<'a> {
    shared: &'a Shared,
    price: &'a ModelPrice,
    asked: Asked<'a>,
}

impl Call<'_> {
    fn answer(&self) -> Replied {
        let (usage, pieces) = self.said();
        self.log(200, Some(usage));
        let body = match <[String; 1]>::try_from(pieces) {
            Ok([only]) => body::whole(only),
            Err(pieces) => body::pieces(pieces, self.shared.spec.event_pause),
        };
        self.headed(200, body)
    }

    async fn fail(&self, fault: Fault) -> Replied {
        let (status, kind, code, message) = match fault {
            Fault::RateLimited { .. } => {
                (429, "requests", Some("rate_limit_exceeded"), "Rate limit reached for requests.")
            }
            Fault::InsufficientQuota => (
                429,
                "insufficient_quota",
                Some("insufficient_quota"),
                "You exceeded your current quota, please check your plan and billing details.",
            ),
            Fault::ServerError => (
                500,
                "server_error",
                None,
                "The server had an error while processing your request.",
            ),
            Fault::Hang => {
                self.log(0, None);
                self.shared.stop.cancelled().await;
                return Err(Reset);
            }
            Fault::Reset => {
                self.log(0, None);
                return Err(Reset);
            }
            Fault::Truncated => {
                self.log(200, None);
                return self.headed(200, body::broken(self.said().1));
            }
            Fault::Garbage => {
                self.log(200, None);
                return self
                    .headed(200, body::whole("<html>upstream: \u{fffd}\u{0}{{\"choices\":["));
            }
        };
        self.log(status, None);
        let error = wire::error(message, kind, code).to_string();
        let mut reply = self.headed(status, body::whole(error))?;
        reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        if let Fault::RateLimited { retry_after_s } = fault {
            reply.headers_mut().insert(header::RETRY_AFTER, retry_after_s.into());
        }
        Ok(reply)
    }

    /// The answer's usage, and its body piece by piece (one piece if unstreamed).
    fn said(&self) -> (Usage, Vec<String>) {
        let said = self.shared.answers.answer(&self.asked);
        let usage = wire::usage(self.asked.body, &said);
        let id = format!("chatcmpl-{}", self.digest());
        let reply = Completion { id: &id, model: self.asked.model, said: &said, usage };
        let pieces = if self.streams() {
            reply.events(self.asked.body["stream_options"]["include_usage"] == true)
        } else {
            vec![reply.json().to_string()]
        };
        (usage, pieces)
    }

    fn streams(&self) -> bool {
        self.asked.body["stream"] == true
    }

    fn digest(&self) -> String {
        let occasion = ["reply", self.asked.key, self.asked.model, &self.asked.identity];
        let mut digest = chance::hex(self.shared.spec.seed, &occasion);
        digest.truncate(29);
        digest
    }

    fn log(&self, status: u16, usage: Option<Usage>) {
        self.shared.log.add(LoggedCall {
            request: format!("req_{}", self.digest()),
            key: self.asked.key.to_owned(),
            model: self.asked.model.to_owned(),
            status,
            usage,
            cost: usage.map_or(NanoUsd::ZERO, |usage| self.price.cost(&usage)),
        });
    }

    /// A reply with the head that this provider's replies carry.
    fn headed(&self, status: u16, body: ReplyBody) -> Replied {
        let mut reply = response(status, body)?;
        let headers = reply.headers_mut();
        if self.streams() {
            let events = HeaderValue::from_static("text/event-stream; charset=utf-8");
            headers.insert(header::CONTENT_TYPE, events);
        }
        let remaining = self.shared.requests_remaining.load(Ordering::SeqCst);
        let limits = [
            ("x-ratelimit-limit-requests", REQUESTS_LIMIT),
            ("x-ratelimit-limit-tokens", TOKENS_LIMIT),
            ("x-ratelimit-remaining-requests", remaining),
            ("x-ratelimit-remaining-tokens", TOKENS_LIMIT),
        ];
        for (name, value) in limits {
            headers.insert(name, value.into());
        }
        headers.insert("x-ratelimit-reset-requests", HeaderValue::from_static("6ms"));
        headers.insert("x-ratelimit-reset-tokens", HeaderValue::from_static("0s"));
        headers.insert("openai-version", HeaderValue::from_static("2020-10-01"));
        if let Ok(id) = HeaderValue::from_str(&format!("req_{}", self.digest())) {
            headers.insert("x-request-id", id);
        }
        Ok(reply)
    }
}

const JSON: &str = "application/json";

fn refusal(status: u16, message: &str, kind: &str, code: Option<&str>) -> Replied {
    response(status, body::whole(wire::error(message, kind, code).to_string()))
}

fn response(status: u16, body: ReplyBody) -> Replied {
    let mut reply = Response::new(body);
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    Ok(reply)
}
