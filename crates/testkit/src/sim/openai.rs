//! OpenAI: Chat Completions and Responses.

pub(crate) mod chat;
mod model;
mod problem;
mod responses;
mod schema;

use super::{
    dialect::{Failure, Heard, Refusal, Wanted, Wire},
    price::ModelPrice,
    server::{REQUESTS_LIMIT, TOKENS_LIMIT},
};
use http::Method;
use serde_json::{Value, json};

/// When every simulated reply says it was made: a provider without a clock keeps runs identical.
const CREATED_S: u64 = 1_767_225_600;
const EVENTS: &str = "text/event-stream; charset=utf-8";

/// The provider.
pub(crate) struct OpenAi;

impl Wire for OpenAi {
    fn body_bytes_max(&self) -> usize {
        16 << 20
    }

    fn secret<'a>(&self, heard: &'a Heard) -> Result<&'a str, Refusal> {
        let Some(given) = heard.header("authorization") else { return Ok("") };
        given.strip_prefix("Bearer ").ok_or_else(|| self.failure(Failure::UnknownKey))
    }

    fn read(&self, heard: &Heard, models: &[ModelPrice]) -> Result<Wanted, Refusal> {
        match (&heard.method, heard.path.as_str()) {
            (&Method::GET, "/v1/models") => Ok(Wanted::Listing(listing(models))),
            (&Method::POST, "/v1/chat/completions") => {
                let body = body(heard, models, &chat::SHAPE)?;
                chat::question(body).map(|question| Wanted::Answer(Box::new(question)))
            }
            (&Method::POST, "/v1/responses") => {
                let body = body(heard, models, &responses::SHAPE)?;
                responses::question(body).map(|question| Wanted::Answer(Box::new(question)))
            }
            (method, path) => match path.strip_prefix("/v1/models/") {
                Some(name) if method == Method::GET => known(name, models).map(Wanted::Listing),
                Some(_) | None => {
                    Err(invalid(404, &format!("Invalid URL ({method} {path})"), None))
                }
            },
        }
    }

    fn failure(&self, failure: Failure) -> Refusal {
        match failure {
            Failure::UnknownKey => {
                invalid(401, "Incorrect API key provided.", Some("invalid_api_key"))
            }
            Failure::TooLong => invalid(413, "The request is too large.", None),
            Failure::RateLimited { retry_after_s } => {
                let message = "Rate limit reached for requests.";
                let error = error(message, "requests", Some("rate_limit_exceeded"));
                Refusal::new(429, error).with("retry-after", retry_after_s)
            }
            Failure::InsufficientQuota => {
                let message = "You exceeded your current quota, please check your plan and billing \
                               details.";
                let kind = "insufficient_quota";
                let refusal = Refusal::new(429, error(message, kind, Some(kind)));
                refusal.with("x-should-retry", false)
            }
            Failure::Overloaded => status(503),
            Failure::Filtered => {
                let message = "The response was filtered due to the prompt triggering the content \
                               management policy.";
                let mut error = error(message, "invalid_request_error", Some("content_filter"));
                error["innererror"] = json!({"code": "ResponsibleAIPolicyViolation"});
                Refusal::new(400, error)
            }
            Failure::Status(of) => status(of),
        }
    }

    fn error(&self, error: &Value, _: &str) -> Value {
        json!({"error": error})
    }

    fn head(&self, request: &str, requests_remaining: u64) -> Vec<(&'static str, String)> {
        vec![
            ("x-ratelimit-limit-requests", REQUESTS_LIMIT.to_string()),
            ("x-ratelimit-limit-tokens", TOKENS_LIMIT.to_string()),
            ("x-ratelimit-remaining-requests", requests_remaining.to_string()),
            ("x-ratelimit-remaining-tokens", TOKENS_LIMIT.to_string()),
            ("x-ratelimit-reset-requests", "6ms".to_owned()),
            ("x-ratelimit-reset-tokens", "0s".to_owned()),
            ("openai-version", "2020-10-01".to_owned()),
            ("x-request-id", request.to_owned()),
        ]
    }
}

/// The body of a call, if it has this shape and names a model that is there.
fn body(
    heard: &Heard,
    models: &[ModelPrice],
    shape: &super::shape::Shape,
) -> Result<Value, Refusal> {
    let Some(body) = heard.json() else {
        return Err(invalid(400, "We could not parse the JSON body of your request.", None));
    };
    let Some(model) = body.get("model").and_then(Value::as_str) else {
        return Err(invalid(400, "you must provide a model parameter", None));
    };
    super::shape::check(*shape, &body).map_err(|problem| problem::refusal(&problem))?;
    known(model, models)?;
    Ok(body)
}

fn known(name: &str, models: &[ModelPrice]) -> Result<Value, Refusal> {
    if models.iter().any(|model| model.model == name) {
        return Ok(listed(name));
    }
    let message = format!("The model `{name}` does not exist or you do not have access to it.");
    Err(invalid(404, &message, Some("model_not_found")))
}

fn listed(name: &str) -> Value {
    json!({"id": name, "object": "model", "created": CREATED_S, "owned_by": "simulated"})
}

fn listing(models: &[ModelPrice]) -> Value {
    let models = models.iter().map(|model| listed(&model.model)).collect::<Vec<_>>();
    json!({"object": "list", "data": models})
}

/// The error that is documented for a status.
fn status(status: u16) -> Refusal {
    let (message, kind, code) = match status {
        401 => ("Incorrect API key provided.", "invalid_request_error", Some("invalid_api_key")),
        403 => (
            "Country, region, or territory not supported",
            "request_forbidden",
            Some("unsupported_country_region_territory"),
        ),
        404 => ("The model does not exist.", "invalid_request_error", Some("model_not_found")),
        429 => ("Rate limit reached for requests.", "requests", Some("rate_limit_exceeded")),
        500 => ("The server had an error while processing your request.", "server_error", None),
        503 => {
            ("The engine is currently overloaded, please try again later.", "server_error", None)
        }
        501..=599 => ("The server had an error.", "server_error", None),
        _ => ("The request cannot be served.", "invalid_request_error", None),
    };
    Refusal::new(status, error(message, kind, code))
}

fn invalid(status: u16, message: &str, code: Option<&str>) -> Refusal {
    Refusal::new(status, error(message, "invalid_request_error", code))
}

/// A refusal that names the parameter.
fn invalid_param(param: &str, message: &str, code: Option<&str>) -> Refusal {
    let mut refusal = invalid(400, message, code);
    refusal.error["param"] = json!(param);
    refusal
}

fn error(message: &str, kind: &str, code: Option<&str>) -> Value {
    json!({"message": message, "type": kind, "param": null, "code": code})
}
