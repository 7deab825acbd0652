//! The routes: each asks one thing and says it, within a time and a number at once.

use crate::{
    answers::{Answers, Unanswered, refusal},
    check::{self, Check},
    hosts::Hosts,
    listen::Limits,
    openapi::OPENAPI,
    recorder::Metrics,
};
use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use exchange::{ExchangeId, Timestamp};
use serde::Deserialize;
use std::sync::Arc;
use tokio::{runtime::Handle, sync::Semaphore, time::timeout};
use tokio_util::task::AbortOnDropHandle;

/// Every path that is served, as the OpenAPI document writes it.
pub const PATHS: [&str; 9] = [
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/v1/report",
    "/api/v1/evidence",
    "/api/v1/policy",
    "/api/v1/exchanges/{id}",
    "/api/v1/openapi.json",
];

/// Nothing is read from a body, so one that is announced as longer than this is a mistake.
const BODY_BYTES_MAX: u64 = 1 << 16;

/// Pages are shown, never run: answers of models may stand in them.
const CONTENT_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// What the routes share.
pub(crate) struct Desk {
    pub(crate) answers: Arc<dyn Answers>,
    /// Where they are formed: they compute, and the thread that serves may not.
    pub(crate) forming: Handle,
    pub(crate) checks: Vec<Check>,
    pub(crate) metrics: Metrics,
    pub(crate) hosts: Hosts,
    pub(crate) seats: Semaphore,
    pub(crate) limits: Limits,
}

type Shared = State<Arc<Desk>>;

pub(crate) fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/api/v1/report", get(report))
        .route("/api/v1/evidence", get(evidence))
        .route("/api/v1/policy", get(policy))
        .route("/api/v1/exchanges/{id}", get(exchange))
        .route("/api/v1/openapi.json", get(openapi))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), admit))
        .with_state(desk)
}

/// Refuses who is not meant to ask, and marks every answer as one that nobody keeps or runs.
async fn admit(State(desk): Shared, request: Request, next: Next) -> Response {
    let response = if !desk.hosts.allow(request.uri(), request.headers()) {
        refusal(
            StatusCode::MISDIRECTED_REQUEST,
            "host_not_allowed",
            "the host header names another host; ask for localhost, for the address that the \
             console listens on, or allow this name in its configuration",
        )
    } else if body_bytes(request.headers()) > BODY_BYTES_MAX {
        refusal(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "no route here reads a body")
    } else {
        next.run(request).await
    };
    marked(response)
}

fn body_bytes(headers: &HeaderMap) -> u64 {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

fn marked(mut response: Response) -> Response {
    let marks: [(HeaderName, HeaderValue); 4] = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    response.headers_mut().extend(marks);
    response
}

async fn page(State(desk): Shared) -> Result<Html<String>, Unanswered> {
    desk.asked(|answers| async move { answers.page().await }).await.map(Html)
}

/// The process is alive: that it answers at all is the answer.
async fn health() -> &'static str {
    "ok\n"
}

async fn ready(State(desk): Shared) -> Response {
    let readiness = check::ask(&desk.checks).await;
    let status = if readiness.is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness.body)).into_response()
}

async fn metrics(State(desk): Shared) -> Response {
    // Every scrape asks the checks, so that their gauge is as fresh as what stands beside it.
    check::ask(&desk.checks).await;
    let content_type = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (content_type, desk.metrics.render()).into_response()
}

async fn report(State(desk): Shared, query: Query<Moment>) -> Result<Response, Unanswered> {
    let as_of = query.0.as_of()?;
    let told = desk.asked(|answers| async move { answers.report(as_of).await }).await?;
    Ok(Json(told).into_response())
}

async fn evidence(State(desk): Shared, query: Query<Moment>) -> Result<Response, Unanswered> {
    let as_of = query.0.as_of()?;
    let told = desk.asked(|answers| async move { answers.evidence(as_of).await }).await?;
    Ok(Json(told).into_response())
}

async fn policy(State(desk): Shared) -> Result<Response, Unanswered> {
    let told = desk.asked(|answers| async move { answers.policy().await }).await?;
    Ok(Json(told).into_response())
}

async fn exchange(State(desk): Shared, id: Path<String>) -> Result<Response, Unanswered> {
    let id: ExchangeId = id.0.parse().map_err(|_| {
        Unanswered::Invalid(format!("{:?} is no exchange id; ids are UUIDs", shortened(&id.0)))
    })?;
    let told = desk.asked(|answers| async move { answers.exchange(id).await }).await?;
    Ok(Json(told).into_response())
}

async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

async fn unknown() -> Unanswered {
    Unanswered::NotFound(format!("there is no such path; there are {}", PATHS.join(", ")))
}

async fn wrong_method() -> Response {
    refusal(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "every path here is only read")
}

/// The moment to look from.
#[derive(Deserialize)]
struct Moment {
    as_of: Option<String>,
}

impl Moment {
    fn as_of(&self) -> Result<Option<Timestamp>, Unanswered> {
        let Some(text) = &self.as_of else { return Ok(None) };
        let moment = text.parse().map_err(|_| {
            let text = shortened(text);
            Unanswered::Invalid(format!(
                "as_of={text:?} is no moment; write 2026-11-20 or 2026-11-20T12:00:00Z"
            ))
        })?;
        Ok(Some(moment))
    }
}

/// Enough of what was typed to recognise it.
fn shortened(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 40;
    text.chars().take(SHOWN_CHARS_MAX).collect()
}

impl Desk {
    /// Waits for one of the few seats and then for the answer. Who gives up waiting frees the seat, and
    /// the answer is formed no further.
    async fn asked<T, F>(&self, ask: impl FnOnce(Arc<dyn Answers>) -> F) -> Result<T, Unanswered>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Unanswered>> + Send + 'static,
    {
        let Ok(_seat) = self.seats.try_acquire() else {
            return Err(Unanswered::Busy(format!(
                "{} answers are being prepared already; ask again in a moment",
                self.limits.answers_at_once_max
            )));
        };
        let wait = self.limits.answer_wait_max;
        let answer = self.forming.spawn(ask(Arc::clone(&self.answers)));
        match timeout(wait, AbortOnDropHandle::new(answer)).await {
            Ok(Ok(told)) => told,
            Ok(Err(broken)) => Err(Unanswered::Failed(broken.to_string())),
            Err(_) => {
                Err(Unanswered::TimedOut(format!("there was no answer in {} s", wait.as_secs())))
            }
        }
    }
}
