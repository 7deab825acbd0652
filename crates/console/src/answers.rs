//! What the console asks of the binary, and how it is told that there is no answer.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use exchange::{ExchangeId, Timestamp};
use serde_json::{Value, json};

/// The figures and texts behind the routes. `as_of` is a moment to look from; `None` is now.
#[async_trait::async_trait]
pub trait Answers: Send + Sync + 'static {
    /// The console's page: one self-contained HTML document without scripts.
    async fn page(&self) -> Result<String, Unanswered>;

    /// The confidence report, as `foreshadow report --format json` prints it.
    async fn report(&self, as_of: Option<Timestamp>) -> Result<Value, Unanswered>;

    /// The evidence of every cell: what the gate reads.
    async fn evidence(&self, as_of: Option<Timestamp>) -> Result<Value, Unanswered>;

    /// The policy that rules.
    async fn policy(&self) -> Result<Value, Unanswered>;

    /// What happened to one exchange, and why.
    async fn exchange(&self, id: ExchangeId) -> Result<Value, Unanswered>;
}

/// Why there is no answer. The text is for the operator who asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The question cannot be meant.
    #[error("{0}")]
    Invalid(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// Not now; asking again later may help.
    #[error("{0}")]
    Busy(String),
    /// It took longer than [`crate::Limits::answer_wait_max`].
    #[error("{0}")]
    TimedOut(String),
    /// It went wrong on our side.
    #[error("{0}")]
    Failed(String),
}

impl Unanswered {
    /// The word for it in a body.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::NotFound(_) => "not_found",
            Self::Busy(_) => "busy",
            Self::TimedOut(_) => "timed_out",
            Self::Failed(_) => "failed",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::TimedOut(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Unanswered {
    fn into_response(self) -> Response {
        refusal(self.status(), self.code(), &self.to_string())
    }
}

/// The one shape of an error on this listener.
pub(crate) fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}
