//! Anthropic: Messages, the counting of their tokens, and models.

mod messages;
mod model;
mod problem;

use super::{
    dialect::{Failure, Heard, Refusal, Wanted, Wire},
    price::ModelPrice,
    server::{REQUESTS_LIMIT, TOKENS_LIMIT},
    shape::{self, Shape},
};
use http::Method;
use serde_json::{Value, json};

/// A version of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// `2023-06-01`.
    Of2023,
    /// `2026-10-21`: nothing of sampling, no documents of the assistant's, no citations of the user's.
    Of2026,
}

/// When every model says it was made, and every limit says it is renewed.
const CREATED: &str = "2026-01-01T00:00:00Z";

/// The provider.
pub(crate) struct Anthropic;

impl Wire for Anthropic {
    fn body_bytes_max(&self) -> usize {
        32 << 20
    }

    fn secret<'a>(&self, heard: &'a Heard) -> Result<&'a str, Refusal> {
        match (heard.header("x-api-key"), heard.header("authorization")) {
            (Some(key), _) => Ok(key),
            (None, Some(bearer)) => {
                bearer.strip_prefix("Bearer ").ok_or_else(|| self.failure(Failure::UnknownKey))
            }
            (None, None) => {
                Err(refusal(401, "authentication_error", "x-api-key header is required"))
            }
        }
    }

    fn read(&self, heard: &Heard, models: &[ModelPrice]) -> Result<Wanted, Refusal> {
        let version = version(heard)?;
        match (&heard.method, heard.path.as_str()) {
            (&Method::GET, "/v1/models") => Ok(Wanted::Listing(listing(models))),
            (&Method::POST, "/v1/messages") => {
                let body = body(heard, models, &messages::SHAPE)?;
                messages::question(version, body).map(|question| Wanted::Answer(Box::new(question)))
            }
            (&Method::POST, "/v1/messages/count_tokens") => {
                let body = body(heard, models, &messages::COUNT_SHAPE)?;
                messages::count(version, body).map(|question| Wanted::Answer(Box::new(question)))
            }
            (method, path) => match path.strip_prefix("/v1/models/") {
                Some(name) if method == Method::GET => known(name, models).map(Wanted::Listing),
                Some(_) | None => Err(refusal(404, "not_found_error", "Not Found")),
            },
        }
    }

    fn failure(&self, failure: Failure) -> Refusal {
        match failure {
            Failure::UnknownKey => refusal(401, "authentication_error", "invalid x-api-key"),
            Failure::TooLong => status(413),
            Failure::RateLimited { retry_after_s } => {
                status(429).with("retry-after", retry_after_s).with("x-should-retry", true)
            }
            Failure::InsufficientQuota => {
                let message = "You have reached your specified API usage limits.";
                let mut refusal = refusal(429, "rate_limit_error", message);
                refusal.error["details"] = json!({"error_code": "enforced_spend_limit_reached"});
                refusal.with("x-should-retry", false)
            }
            Failure::Overloaded => status(529).with("x-should-retry", true),
            Failure::Filtered => invalid("Output blocked by content filtering policy"),
            Failure::Status(of) => status(of),
        }
    }

    fn error(&self, error: &Value, request: &str) -> Value {
        json!({"type": "error", "error": error, "request_id": request})
    }

    fn head(&self, request: &str, requests_remaining: u64) -> Vec<(&'static str, String)> {
        let tokens = TOKENS_LIMIT.to_string();
        vec![
            ("request-id", request.to_owned()),
            ("anthropic-organization-id", "00000000-0000-0000-0000-000000000000".to_owned()),
            ("anthropic-ratelimit-requests-limit", REQUESTS_LIMIT.to_string()),
            ("anthropic-ratelimit-requests-remaining", requests_remaining.to_string()),
            ("anthropic-ratelimit-requests-reset", CREATED.to_owned()),
            ("anthropic-ratelimit-tokens-limit", tokens.clone()),
            ("anthropic-ratelimit-tokens-remaining", tokens.clone()),
            ("anthropic-ratelimit-tokens-reset", CREATED.to_owned()),
            ("anthropic-ratelimit-input-tokens-limit", tokens.clone()),
            ("anthropic-ratelimit-input-tokens-remaining", tokens.clone()),
            ("anthropic-ratelimit-input-tokens-reset", CREATED.to_owned()),
            ("anthropic-ratelimit-output-tokens-limit", tokens.clone()),
            ("anthropic-ratelimit-output-tokens-remaining", tokens),
            ("anthropic-ratelimit-output-tokens-reset", CREATED.to_owned()),
        ]
    }
}

fn version(heard: &Heard) -> Result<Version, Refusal> {
    match heard.header("anthropic-version") {
        None => Err(invalid("anthropic-version: header is required")),
        Some("2023-06-01") => Ok(Version::Of2023),
        Some("2026-10-21") => Ok(Version::Of2026),
        Some(version) => {
            Err(invalid(&format!("anthropic-version: \"{version}\" is not a valid version")))
        }
    }
}

/// The body of a call, if it has this shape and names a model that is there.
fn body(heard: &Heard, models: &[ModelPrice], shape: &Shape) -> Result<Value, Refusal> {
    let Some(body) = heard.json() else {
        return Err(invalid("The request body is not valid JSON"));
    };
    shape::check(*shape, &body).map_err(|problem| problem::refusal(&problem))?;
    known(body["model"].as_str().unwrap_or_default(), models)?;
    Ok(body)
}

fn known(name: &str, models: &[ModelPrice]) -> Result<Value, Refusal> {
    if models.iter().any(|model| model.model == name) {
        return Ok(listed(name));
    }
    Err(refusal(404, "not_found_error", &format!("model: {name}")))
}

fn listed(name: &str) -> Value {
    json!({
        "type": "model", "id": name, "display_name": name, "created_at": CREATED,
        "lifecycle": "active",
    })
}

fn listing(models: &[ModelPrice]) -> Value {
    let id = |model: Option<&ModelPrice>| model.map(|model| model.model.clone());
    json!({
        "data": models.iter().map(|model| listed(&model.model)).collect::<Vec<_>>(),
        "has_more": false, "first_id": id(models.first()), "last_id": id(models.last()),
    })
}

/// The error that is documented for a status.
fn status(status: u16) -> Refusal {
    let (kind, message) = match status {
        401 => ("authentication_error", "invalid x-api-key"),
        402 => ("billing_error", "There is an issue with your billing or payment information."),
        403 => (
            "permission_error",
            "Your API key does not have permission to use the specified resource.",
        ),
        404 => ("not_found_error", "Not Found"),
        413 => ("request_too_large", "Request exceeds the maximum size"),
        429 => ("rate_limit_error", "This request would exceed your account's rate limit."),
        504 => ("timeout_error", "The request timed out while processing."),
        529 => ("overloaded_error", "Overloaded"),
        500..=599 => ("api_error", "Internal server error"),
        _ => ("invalid_request_error", "The request cannot be served."),
    };
    refusal(status, kind, message)
}

fn invalid(message: &str) -> Refusal {
    refusal(400, "invalid_request_error", message)
}

fn refusal(status: u16, kind: &str, message: &str) -> Refusal {
    Refusal::new(status, json!({"type": kind, "message": message}))
}
