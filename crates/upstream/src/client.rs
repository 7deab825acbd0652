use crate::{
    attempt::{self, Attempt, Miss, Received},
    connections::Connections,
    fault::{Again, Fault},
    retry,
    secret::Secret,
};
use bytes::Bytes;
use exchange::{Clock, Headers};
use http::HeaderValue;
use reqwest::Url;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};

/// After the first attempt, no more than these.
pub const RETRIES_MAX: usize = 3;

/// Where a provider is, and how we show that we may call it.
#[derive(Clone, Debug)]
pub struct ProviderTarget {
    /// Its name in the pipeline.
    pub name: String,
    /// What comes before a call's path: `https://api.openai.com`.
    pub base_url: String,
    /// Our own key, which is never the caller's. Empty for a provider that wants none.
    pub key: Secret,
    /// The header that carries the key. `authorization` gets `Bearer ` before it.
    pub key_header: String,
    /// Header fields that each call carries beside the key.
    pub headers: &'static [(&'static str, &'static str)],
    /// How it is reached.
    pub way: Way,
    /// How much of it at once, and how patiently.
    pub limits: Limits,
}

/// How a provider is reached. Nothing of it is ever taken from the environment.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// The certificate authorities that it is trusted by, in PEM; `None` leaves it to the machine's.
    pub ca_pem: Option<String>,
    /// The forward proxy in front of it, `http://HOST:PORT`; `None` goes there directly.
    pub proxy: Option<String>,
}

/// How much of a provider is used at once, and how patiently.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Calls under way at once; more wait their turn, outside their deadline.
    pub in_flight_max: usize,
    /// Until a connection stands.
    pub connect_timeout: Duration,
    /// The wait before the first retry; it doubles from there.
    pub retry_wait: Duration,
    /// How old connections may become, however busy: past it a call makes new ones, and looks the
    /// provider's name up again.
    pub connection_age_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            in_flight_max: 32,
            connect_timeout: Duration::from_secs(10),
            retry_wait: Duration::from_millis(500),
            connection_age_max: Duration::from_secs(300),
        }
    }
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not an http or https URL.
    #[error("provider `{name}`: base URL `{url}` is not an http:// or https:// address")]
    BaseUrl {
        /// The provider.
        name: String,
        /// What it says.
        url: String,
    },
    /// Not a URL; it is not repeated, because a credential may stand in it.
    #[error("not a URL")]
    Url,
    /// The key, or the name of its header, cannot stand in a header.
    #[error("provider `{0}`: its key or key header has characters that a header cannot carry")]
    Key(String),
    /// The machine trusts nobody.
    #[error("no trusted certificates found: install the package ca-certificates")]
    NoRoots,
    /// The certificate authorities that were given are none.
    #[error("provider `{name}`: its certificate authorities cannot be used: {problem}")]
    Authorities {
        /// The provider.
        name: String,
        /// What is wrong with them.
        problem: String,
    },
    /// TLS cannot be set up.
    #[error("tls: {0}")]
    Tls(String),
    /// The HTTP client cannot be built.
    #[error("http client: {0}")]
    Http(#[from] reqwest::Error),
}

/// A reply in full.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status: 2xx.
    pub status: u16,
    /// The header fields.
    pub headers: Headers,
    /// The body as it came.
    pub body: Bytes,
    /// Of the attempt that answered, in microseconds.
    pub latency_us: u64,
    /// Until the first byte of the body, in microseconds.
    pub ttft_us: Option<u64>,
    /// Every attempt, the answering one last.
    pub attempts: Vec<Attempt>,
}

/// No reply of use.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{error} ({} attempts, fault: {})", attempts.len(), fault.name())]
pub struct Failure {
    /// Whose it is.
    pub fault: Fault,
    /// The last HTTP status, where there was one.
    pub status: Option<u16>,
    /// What went wrong, without credentials.
    pub error: String,
    /// The body that the last status came with, without our key; cut at
    /// [`ERROR_BODY_CHARS_MAX`](crate::ERROR_BODY_CHARS_MAX) characters, and
    /// empty where there was none.
    pub body: String,
    /// Every attempt; none where the call could not even be made.
    pub attempts: Vec<Attempt>,
}

/// A provider, ready to be called.
pub struct Client {
    name: String,
    base: Url,
    key: Secret,
    connections: Connections,
    places: Semaphore,
    limits: Limits,
    clock: Arc<dyn Clock>,
}

impl Client {
    /// Opens nothing yet; connections come with calls.
    ///
    /// # Errors
    /// [`Error`] where the target cannot be called at all.
    pub fn new(target: ProviderTarget, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let base = base_url(&target)?;
        let connections = Connections::new(&target, &base)?;
        let places = Semaphore::new(target.limits.in_flight_max.max(1));
        let ProviderTarget { name, key, limits, .. } = target;
        Ok(Self { name, base, key, connections, places, limits, clock })
    }

    /// The provider's name in the pipeline.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Posts `body` to `path` (with a leading `/`), and again where that may help, all within
    /// `deadline`. `chance` spreads the waits.
    ///
    /// # Errors
    /// [`Failure`], with whose it is and every attempt made.
    pub async fn call(
        &self,
        path: &str,
        body: Bytes,
        deadline: Duration,
        chance: u64,
    ) -> Result<Answer, Failure> {
        let url = self.url(path)?;
        let _place = self.place().await?;
        let ends = Instant::now() + deadline;
        let mut attempts = Vec::new();
        let mut refused_by_provider = false;
        loop {
            let http = self.connections.young(self.limits.connection_age_max);
            let call = http.post(url.clone()).body(body.clone());
            let miss = match self.attempt(call, ends, &mut attempts).await {
                Ok(received) => return Ok(answer(received, attempts)),
                Err(miss) => miss,
            };
            let next = attempts.len() as u32 + 1;
            let chosen = || retry::wait(self.limits.retry_wait, next, chance);
            let wait = miss.wait_asked.unwrap_or_else(chosen);
            let spent = attempts.len() > RETRIES_MAX || Instant::now() + wait >= ends;
            if miss.again == Again::No || spent {
                return Err(failure(miss, attempts, refused_by_provider));
            }
            refused_by_provider |= miss.fault == Fault::Provider;
            tokio::time::sleep(wait).await;
        }
    }

    /// A path must not be able to change the host that gets our key.
    fn url(&self, path: &str) -> Result<Url, Failure> {
        let text = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        let url = Url::parse(&text).ok().filter(|url| {
            path.starts_with('/') && url.origin() == self.base.origin() && url.username().is_empty()
        });
        url.ok_or_else(|| ours("the path does not fit behind the provider's base URL"))
    }

    async fn place(&self) -> Result<SemaphorePermit<'_>, Failure> {
        self.places.acquire().await.map_err(|_| ours("the client is closed"))
    }

    async fn attempt(
        &self,
        call: reqwest::RequestBuilder,
        ends: Instant,
        attempts: &mut Vec<Attempt>,
    ) -> Result<Received, Miss> {
        let started_at = self.clock.now();
        let begun = Instant::now();
        let outcome = tokio::time::timeout_at(ends, attempt::send(call, &self.key))
            .await
            .unwrap_or_else(|_| Err(Miss::timeout()));
        let (status, error, ttft_us) = match &outcome {
            Ok(received) => (Some(received.status), None, received.ttft_us),
            Err(miss) => (miss.status, Some(miss.error.clone()), miss.ttft_us),
        };
        attempts.push(Attempt {
            number: attempts.len() as u32 + 1,
            started_at,
            status,
            error,
            latency_us: attempt::micros_since(begun),
            ttft_us,
        });
        outcome
    }
}

fn base_url(target: &ProviderTarget) -> Result<Url, Error> {
    Url::parse(&target.base_url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| Error::BaseUrl { name: target.name.clone(), url: target.base_url.clone() })
}

fn answer(received: Received, attempts: Vec<Attempt>) -> Answer {
    let text = |value: &HeaderValue| value.as_bytes().iter().map(|byte| *byte as char).collect();
    let headers = received.headers.iter();
    Answer {
        status: received.status,
        headers: Headers(headers.map(|(name, value)| (name.to_string(), text(value))).collect()),
        body: received.body,
        latency_us: attempts.last().map_or(0, |attempt| attempt.latency_us),
        ttft_us: received.ttft_us,
        attempts,
    }
}

fn failure(miss: Miss, attempts: Vec<Attempt>, refused_by_provider: bool) -> Failure {
    let timed_out = miss.status.is_none() && miss.fault == Fault::Candidate;
    let fault = if timed_out && refused_by_provider { Fault::Provider } else { miss.fault };
    tracing::debug!(fault = fault.name(), status = miss.status, error = miss.error, "call failed");
    Failure { fault, status: miss.status, error: miss.error, body: miss.body, attempts }
}

fn ours(error: &str) -> Failure {
    Failure {
        fault: Fault::Ours,
        status: None,
        error: error.to_owned(),
        body: String::new(),
        attempts: Vec::new(),
    }
}
