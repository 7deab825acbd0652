//! A client that plays calls through a base URL: loopback, HTTP/1.1, keep-alive, no TLS.
//!
//! It never retries on a new connection what an old one may have taken, follows nothing and decodes
//! nothing: what it returns is what came.

use crate::{Error, LiveCall};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{net::TcpStream, task::JoinSet, time::Instant};

/// So many idle connections are kept for later.
const IDLE_MAX: usize = 256;

/// A client for one base URL.
#[derive(Debug)]
pub struct Client {
    authority: String,
    prefix: String,
    idle: Mutex<Vec<Connection>>,
}

/// What came back for one call.
#[derive(Clone, Debug)]
pub struct Played {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
    /// From sending to the head of the reply.
    pub first_byte: Duration,
    /// From sending to the end of the reply.
    pub whole: Duration,
}

#[derive(Debug)]
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Drives the connection; dropping it closes.
    _driver: JoinSet<()>,
}

impl Client {
    /// A client for `http://HOST:PORT` with or without a prefix.
    ///
    /// # Errors
    /// [`Error::BaseUrl`] for anything else.
    pub fn new(base_url: &str) -> Result<Self, Error> {
        let wrong = || Error::BaseUrl(base_url.to_owned());
        let rest = base_url.strip_prefix("http://").ok_or_else(wrong)?.trim_end_matches('/');
        let (authority, prefix) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.is_empty() {
            return Err(wrong());
        }
        let (authority, prefix) = (authority.to_owned(), prefix.to_owned());
        Ok(Self { authority, prefix, idle: Mutex::default() })
    }

    /// Plays `calls`, at most `at_once` of them at a time; results stand in the order of the calls.
    pub async fn play(
        &self,
        calls: &[LiveCall],
        at_once: NonZeroUsize,
    ) -> Vec<Result<Played, Error>> {
        stream::iter(calls).map(|call| self.send(call)).buffered(at_once.get()).collect().await
    }

    /// Plays one call.
    ///
    /// # Errors
    /// [`Error::Io`] if there is no connection, [`Error::Http`] if it breaks.
    pub async fn send(&self, call: &LiveCall) -> Result<Played, Error> {
        let body = call.body.clone();
        let mut request = self.request(Method::POST, &call.path, body)?;
        for (name, value) in &call.headers {
            let name = http::HeaderName::try_from(name).map_err(http::Error::from)?;
            let value = http::HeaderValue::try_from(value).map_err(http::Error::from)?;
            request.headers_mut().append(name, value);
        }
        self.exchange(request).await
    }

    /// Gets `path` under a bearer key.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn get(&self, path: &str, key: &str) -> Result<Played, Error> {
        let mut request = self.request(Method::GET, path, Bytes::new())?;
        let bearer = http::HeaderValue::try_from(format!("Bearer {key}"));
        request.headers_mut().insert(header::AUTHORIZATION, bearer.map_err(http::Error::from)?);
        self.exchange(request).await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, http::Error> {
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix))
            .header(header::HOST, &self.authority)
            .body(Full::new(body))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Played, Error> {
        let mut connection = self.connection().await?;
        let sent = Instant::now();
        let (head, body) = connection.sender.send_request(request).await?.into_parts();
        let first_byte = sent.elapsed();
        let body = body.collect().await?.to_bytes();
        let whole = sent.elapsed();
        self.put_back(connection);
        let status = head.status.as_u16();
        Ok(Played { status, headers: head.headers, body, first_byte, whole })
    }

    async fn connection(&self) -> Result<Connection, Error> {
        while let Some(mut idle) = self.take() {
            if idle.sender.ready().await.is_ok() {
                return Ok(idle);
            }
        }
        let connect = Error::io(format!("connect to {}", self.authority));
        let stream = TcpStream::connect(&self.authority).await.map_err(connect)?;
        stream.set_nodelay(true).map_err(Error::io("set nodelay"))?;
        let (sender, driving) = http1::handshake(TokioIo::new(stream)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // What breaks the connection breaks the call on it, which reports it.
            let _ = driving.await;
        });
        Ok(Connection { sender, _driver: driver })
    }

    fn take(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX && !connection.sender.is_closed() {
            idle.push(connection);
        }
    }
}
