//! One call, from its head to its reply, whatever its dialect.

use super::{
    answers::{Asked, Said},
    body::{self, Awaited, ReplyBody},
    dialect::{Failure, Heard, Refusal, Wanted, Wire},
    fault::Fault,
    log::LoggedCall,
    price::ModelPrice,
    question::{Billing, JSON, Question, Told},
    server::Shared,
};
use crate::chance;
use bytes::Bytes;
use exchange::NanoUsd;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

const HTML: &str = "text/html; charset=utf-8";

/// The connection is to be reset.
#[derive(Debug, thiserror::Error)]
#[error("reset by an injected fault")]
pub(crate) struct Reset;

type Replied = Result<Response<ReplyBody>, Reset>;

/// The reply to a request.
pub(crate) async fn reply(shared: &Arc<Shared>, request: Request<Incoming>) -> Replied {
    let (head, body) = request.into_parts();
    let path = head.uri.path().strip_prefix(shared.spec.prefix.as_str()).unwrap_or("");
    let mut heard = Heard {
        path: path.to_owned(),
        query: head.uri.query().unwrap_or("").to_owned(),
        method: head.method,
        headers: head.headers,
        body: Bytes::new(),
    };
    let wire = shared.dialect.wire();
    let key = match key(shared, wire, &heard) {
        Ok(key) => key,
        Err(refusal) => return refuse(shared, &heard, &refusal),
    };
    match Limited::new(body, wire.body_bytes_max()).collect().await {
        Ok(body) => heard.body = body.to_bytes(),
        Err(_) => return refuse(shared, &heard, &wire.failure(Failure::TooLong)),
    }
    match wire.read(&heard, &shared.spec.models) {
        Err(refusal) => refuse(shared, &heard, &refusal),
        Ok(Wanted::Listing(listing)) => {
            let request = request_id(shared, &heard);
            Ok(headed(shared, &request, 200, JSON, body::whole(listing.to_string())))
        }
        Ok(Wanted::Answer(question)) => answer(shared, key, &question).await,
    }
}

fn key<'a>(shared: &'a Shared, wire: &dyn Wire, heard: &Heard) -> Result<&'a str, Refusal> {
    let secret = wire.secret(heard)?;
    let known = shared.spec.keys.iter().find(|(_, of)| of == secret);
    known.map(|(name, _)| name.as_str()).ok_or_else(|| wire.failure(Failure::UnknownKey))
}

fn refuse(shared: &Shared, heard: &Heard, refusal: &Refusal) -> Replied {
    Ok(refused(shared, &request_id(shared, heard), refusal))
}

/// The id of a request that no model has answered.
fn request_id(shared: &Shared, heard: &Heard) -> String {
    let asked = [heard.path.as_str(), &String::from_utf8_lossy(&heard.body)];
    format!("req_{}", &chance::hex(shared.spec.seed, &asked)[..DIGEST_DIGITS])
}

fn refused(shared: &Shared, request: &str, refusal: &Refusal) -> Response<ReplyBody> {
    let error = shared.dialect.wire().error(&refusal.error, request).to_string();
    let mut reply = headed(shared, request, refusal.status, JSON, body::whole(error));
    for (name, value) in &refusal.headers {
        insert(&mut reply, name, value);
    }
    reply
}

/// A reply with the head that this provider's replies carry.
fn headed(
    shared: &Shared,
    request: &str,
    status: u16,
    content_type: &'static str,
    body: ReplyBody,
) -> Response<ReplyBody> {
    let mut reply = Response::new(body);
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    insert(&mut reply, header::CONTENT_TYPE.as_str(), content_type);
    let remaining = shared.requests_remaining.load(Ordering::SeqCst);
    for (name, value) in shared.dialect.wire().head(request, remaining) {
        insert(&mut reply, name, &value);
    }
    reply
}

fn insert(reply: &mut Response<ReplyBody>, name: &str, value: &str) {
    let name = http::HeaderName::try_from(name);
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
        reply.headers_mut().insert(name, value);
    }
}

async fn answer(shared: &Arc<Shared>, key: &str, question: &Question) -> Replied {
    let Some(price) = shared.spec.models.iter().find(|price| price.model == question.model) else {
        // A dialect reads no question for a model that is not there.
        return Err(Reset);
    };
    if !shared.spec.latency.is_zero() {
        tokio::time::sleep(shared.spec.latency).await;
    }
    let call = Call::new(shared, price, question, key);
    match shared.faults.take(&question.model) {
        None => Ok(call.answer()),
        Some(fault) => call.fail(fault).await,
    }
}

/// So many hexadecimal digits tell replies apart.
const DIGEST_DIGITS: usize = 29;

/// A call that is understood.
struct Call<'a> {
    shared: &'a Arc<Shared>,
    price: &'a ModelPrice,
    question: &'a Question,
    asked: Asked<'a>,
    digest: String,
}

impl<'a> Call<'a> {
    fn new(
        shared: &'a Arc<Shared>,
        price: &'a ModelPrice,
        question: &'a Question,
        key: &'a str,
    ) -> Self {
        let asked = Asked::of(question, key);
        let occasion = ["reply", key, asked.model, &asked.identity];
        let mut digest = chance::hex(shared.spec.seed, &occasion);
        digest.truncate(DIGEST_DIGITS);
        Self { shared, price, question, asked, digest }
    }

    fn answer(&self) -> Response<ReplyBody> {
        let told = self.told();
        self.log(200, &told);
        let body = match <[String; 1]>::try_from((self.question.format.write)(&told)) {
            Ok([only]) => body::whole(only),
            Err(pieces) => body::pieces(pieces, self.shared.spec.event_pause, self.awaited()),
        };
        self.headed(200, body)
    }

    async fn fail(&self, fault: Fault) -> Replied {
        let refusal = match fault {
            Fault::RateLimited { retry_after_s } => Failure::RateLimited { retry_after_s },
            Fault::InsufficientQuota => Failure::InsufficientQuota,
            Fault::ServerError => Failure::Status(500),
            Fault::Overloaded => Failure::Overloaded,
            Fault::Status(status) => Failure::Status(status),
            Fault::Filtered => Failure::Filtered,
            Fault::ErrorInStream => match self.pieces() {
                pieces if pieces.len() > 1 => return Ok(self.erring(pieces)),
                _ => Failure::Overloaded,
            },
            Fault::Page => {
                self.log_failed(502);
                let page = body::whole("<html><body><h1>502 Bad Gateway</h1></body></html>");
                return Ok(headed(self.shared, &self.request(), 502, HTML, page));
            }
            Fault::Blocked => {
                let told = Told::blocked(self.question, &self.digest);
                self.log(200, &told);
                let pieces = (self.question.format.write)(&told);
                return Ok(self.headed(200, body::whole(pieces.concat())));
            }
            Fault::Hang => {
                self.log_failed(0);
                let awaited = self.awaited();
                self.shared.stopped().await;
                awaited.ended();
                return Err(Reset);
            }
            Fault::HeadOnly => return Ok(self.stuck(Vec::new())),
            Fault::Stuck => return Ok(self.stuck(body::half(self.pieces()))),
            Fault::Reset => {
                self.log_failed(0);
                return Err(Reset);
            }
            Fault::Truncated => {
                self.log_failed(200);
                return Ok(self.headed(200, body::broken(self.pieces())));
            }
            Fault::Garbage => {
                self.log_failed(200);
                let garbage = body::whole("<html>upstream: \u{fffd}\u{0}{{\"choices\":[");
                return Ok(self.headed(200, garbage));
            }
        };
        let refusal = self.shared.dialect.wire().failure(refusal);
        self.log_failed(refusal.status);
        Ok(refused(self.shared, &self.request(), &refusal))
    }

    /// So much of a reply, and no end.
    fn stuck(&self, pieces: Vec<String>) -> Response<ReplyBody> {
        self.log_failed(200);
        self.headed(200, body::stuck(pieces, self.shared, self.awaited()))
    }

    /// The first half of a stream, and then that the provider has too much to do.
    fn erring(&self, pieces: Vec<String>) -> Response<ReplyBody> {
        self.log_failed(200);
        let wire = self.shared.dialect.wire();
        let error = wire.error(&wire.failure(Failure::Overloaded).error, &self.request());
        let mut pieces = body::half(pieces);
        pieces.push((self.question.format.error)(&error));
        self.headed(200, body::pieces(pieces, Duration::ZERO, self.awaited()))
    }

    /// What the model says, as far as it was wanted.
    fn told(&self) -> Told<'_> {
        let said = match self.question.billing {
            Billing::Answer => self.shared.answers.answer(&self.asked),
            Billing::Prompt | Billing::Nothing => Said::Text(String::new()),
        };
        Told::new(self.question, &self.digest, said)
    }

    fn pieces(&self) -> Vec<String> {
        (self.question.format.write)(&self.told())
    }

    fn awaited(&self) -> Awaited {
        Awaited::new(self.shared, &self.question.model)
    }

    fn request(&self) -> String {
        format!("req_{}", self.digest)
    }

    fn log(&self, status: u16, told: &Told<'_>) {
        let (usage, cost) = match self.question.billing {
            Billing::Answer | Billing::Prompt => {
                (Some(told.used.usage()), self.price.cost(&told.used))
            }
            Billing::Nothing => (None, NanoUsd::ZERO),
        };
        self.add(LoggedCall { usage, cost, ..self.logged(status) });
    }

    /// Nothing is billed.
    fn log_failed(&self, status: u16) {
        self.add(self.logged(status));
    }

    fn add(&self, call: LoggedCall) {
        self.shared.log.add(call);
    }

    fn logged(&self, status: u16) -> LoggedCall {
        LoggedCall {
            request: self.request(),
            key: self.asked.key.to_owned(),
            model: self.asked.model.to_owned(),
            status,
            usage: None,
            cost: NanoUsd::ZERO,
        }
    }

    fn headed(&self, status: u16, body: ReplyBody) -> Response<ReplyBody> {
        headed(self.shared, &self.request(), status, self.question.format.content_type, body)
    }
}
