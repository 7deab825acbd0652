//! Gemini: `generateContent`, whole or streamed, the counting of tokens, embeddings and models.

mod embed;
mod generate;
mod model;
mod problem;
mod spelling;

use super::{
    dialect::{Failure, Heard, Refusal, Wanted, Wire},
    price::ModelPrice,
    question::{Format, Question},
    shape::{self, Shape},
};
use http::Method;
use serde_json::{Value, json};

/// The versions of the interface that there are.
const VERSIONS: [&str; 2] = ["/v1beta/", "/v1/"];
const SERVICE: &str = "generativelanguage.googleapis.com";

/// The provider.
pub(crate) struct Gemini;

impl Wire for Gemini {
    fn body_bytes_max(&self) -> usize {
        20 << 20
    }

    fn secret<'a>(&self, heard: &'a Heard) -> Result<&'a str, Refusal> {
        let key = heard.header("x-goog-api-key").or_else(|| heard.asked("key"));
        key.ok_or_else(|| {
            refusal(
                403,
                "PERMISSION_DENIED",
                "Method doesn't allow unregistered callers (callers without established identity). \
                 Please use API Key or other form of API consumer identity to call this API.",
            )
        })
    }

    fn read(&self, heard: &Heard, models: &[ModelPrice]) -> Result<Wanted, Refusal> {
        let path = VERSIONS.iter().find_map(|version| heard.path.strip_prefix(version));
        match (&heard.method, path, path.and_then(called)) {
            (&Method::GET, Some("models"), _) => Ok(Wanted::Listing(listing(models))),
            (&Method::GET, Some(path), None) => match path.strip_prefix("models/") {
                Some(name) => known(name, "", models).map(|()| Wanted::Listing(listed(name))),
                None => Err(no_such_path()),
            },
            (&Method::POST, _, Some((name, method))) => {
                let streamed = heard.asked("alt") == Some("sse");
                let asked = Called::of(method, streamed).ok_or_else(no_such_path)?;
                let question = asked.question(name, heard, models);
                let question = question.map_err(|error| asked.framed(error))?;
                Ok(Wanted::Answer(Box::new(question)))
            }
            (_, _, _) => Err(no_such_path()),
        }
    }

    fn failure(&self, failure: Failure) -> Refusal {
        match failure {
            Failure::UnknownKey => unknown_key(),
            Failure::TooLong => {
                let most = self.body_bytes_max();
                invalid(&format!("Request payload size exceeds the limit: {most} bytes."))
            }
            Failure::RateLimited { retry_after_s } => {
                let mut refusal = status(429);
                refusal.error["details"] = json!([{
                    "@type": "type.googleapis.com/google.rpc.RetryInfo",
                    "retryDelay": format!("{retry_after_s}s"),
                }]);
                refusal
            }
            Failure::InsufficientQuota => refusal(
                402,
                "RESOURCE_EXHAUSTED",
                "Your prepayment credits are depleted. Please go to AI Studio to manage your project \
                 and billing.",
            ),
            Failure::Overloaded => status(503),
            Failure::Filtered => status(400),
            Failure::Status(of) => status(of),
        }
    }

    fn error(&self, error: &Value, _: &str) -> Value {
        match error {
            // Where a stream of an array was wanted, the error is its one element.
            Value::Array(_) => error.clone(),
            error => json!({"error": error}),
        }
    }

    fn head(&self, _: &str, _: u64) -> Vec<(&'static str, String)> {
        [
            ("vary", "Origin, X-Origin, Referer"),
            ("server", "scaffolding on HTTPServer2"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "SAMEORIGIN"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
    }
}

/// What is called of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Called {
    Generate,
    StreamEvents,
    StreamArray,
    Count,
    Embed,
    EmbedBatch,
}

impl Called {
    fn of(method: &str, streamed: bool) -> Option<Self> {
        match (method, streamed) {
            ("generateContent", _) => Some(Self::Generate),
            ("streamGenerateContent", true) => Some(Self::StreamEvents),
            ("streamGenerateContent", false) => Some(Self::StreamArray),
            ("countTokens", _) => Some(Self::Count),
            ("embedContent", _) => Some(Self::Embed),
            ("batchEmbedContents", _) => Some(Self::EmbedBatch),
            (_, _) => None,
        }
    }

    fn method(self) -> &'static str {
        match self {
            Self::Generate | Self::StreamEvents | Self::StreamArray => "generateContent",
            Self::Count => "countTokens",
            Self::Embed | Self::EmbedBatch => "embedContent",
        }
    }

    fn shape(self) -> &'static Shape {
        match self {
            Self::Generate | Self::StreamEvents | Self::StreamArray => &generate::SHAPE,
            Self::Count => &generate::COUNT_SHAPE,
            Self::Embed => &embed::SHAPE,
            Self::EmbedBatch => &embed::BATCH_SHAPE,
        }
    }

    fn question(
        self,
        name: &str,
        heard: &Heard,
        models: &[ModelPrice],
    ) -> Result<Question, Refusal> {
        let Some(body) = heard.json().map(spelling::in_camels) else {
            return Err(invalid("Invalid JSON payload received. Unexpected end of string."));
        };
        shape::check(*self.shape(), &body).map_err(|problem| problem::refusal(&problem))?;
        known(name, self.method(), models)?;
        let generated = |format: &'static Format| generate::question(name, body.clone(), format);
        match self {
            Self::Generate => generated(&generate::WHOLE),
            Self::StreamEvents => generated(&generate::EVENTS),
            Self::StreamArray => generated(&generate::ARRAY),
            Self::Count => generate::count(name, body),
            Self::Embed => embed::question(name, body),
            Self::EmbedBatch => embed::batch(name, body),
        }
    }

    fn framed(self, mut refusal: Refusal) -> Refusal {
        if self == Self::StreamArray {
            refusal.error = json!([{"error": refusal.error}]);
        }
        refusal
    }
}

/// The model and the method of `models/MODEL:METHOD`.
fn called(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("models/")?.split_once(':')
}

fn known(name: &str, method: &str, models: &[ModelPrice]) -> Result<(), Refusal> {
    if models.iter().any(|model| model.model == name) {
        return Ok(());
    }
    let supported = match method {
        "" => String::new(),
        method => format!(", or is not supported for {method}"),
    };
    let message = format!(
        "models/{name} is not found for API version v1beta{supported}. Call ListModels to see the \
         list of available models and their supported methods."
    );
    Err(refusal(404, "NOT_FOUND", &message))
}

fn listed(name: &str) -> Value {
    json!({
        "name": format!("models/{name}"), "version": "001", "displayName": name,
        "inputTokenLimit": model::CONTEXT_TOKENS_MAX, "outputTokenLimit": model::OUTPUT_TOKENS_MAX,
        "supportedGenerationMethods": ["generateContent", "countTokens", "embedContent"],
        "temperature": 1, "topP": 0.95, "topK": 64, "maxTemperature": 2,
    })
}

fn listing(models: &[ModelPrice]) -> Value {
    json!({"models": models.iter().map(|model| listed(&model.model)).collect::<Vec<_>>()})
}

fn unknown_key() -> Refusal {
    let mut refusal = invalid("API key not valid. Please pass a valid API key.");
    refusal.error["details"] = json!([
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
            "domain": "googleapis.com", "metadata": {"service": SERVICE},
        },
        {
            "@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US",
            "message": "API key not valid. Please pass a valid API key.",
        },
    ]);
    refusal
}

fn no_such_path() -> Refusal {
    refusal(404, "NOT_FOUND", "Requested entity was not found.")
}

/// The error that is documented for a status.
fn status(status: u16) -> Refusal {
    let (name, message) = match status {
        401 => ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
        403 => ("PERMISSION_DENIED", "The caller does not have permission"),
        404 => ("NOT_FOUND", "Requested entity was not found."),
        409 => ("ABORTED", "The operation was aborted."),
        429 => (
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        499 => ("CANCELLED", "The operation was cancelled."),
        500 => ("INTERNAL", "An internal error has occurred. Please retry or report."),
        503 => ("UNAVAILABLE", "The model is overloaded. Please try again later."),
        504 => ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
        501..=599 => ("UNKNOWN", "The service failed."),
        _ => ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    };
    refusal(status, name, message)
}

fn invalid(message: &str) -> Refusal {
    refusal(400, "INVALID_ARGUMENT", message)
}

fn refusal(status: u16, name: &str, message: &str) -> Refusal {
    Refusal::new(status, json!({"code": status, "message": message, "status": name}))
}
