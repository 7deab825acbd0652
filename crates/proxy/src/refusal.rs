//! The errors that the proxy itself makes, in the shape that the SDKs of the provider read, each saying
//! what to do. They name providers and limits, never a path's query, a header or a body.

use crate::upstream::Upstream;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::time::Duration;

/// Why a call gets an answer of ours instead of a provider's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "no provider is named `{asked}` here: the first segment of the path must be one of {known}"
    )]
    UnknownProvider { asked: String, known: String },
    #[error("CONNECT is not served: use Foreshadow as a base URL, not as a forward proxy")]
    Connect,
    #[error("the path cannot be forwarded: check its characters")]
    Path,
    #[error("the head of the call is no HTTP/1.1: check its first line and its header fields")]
    UnreadableHead,
    #[error("the body of the call has a transfer coding besides `chunked`: send it without")]
    TransferCoding,
    #[error("the path is too long: put what is in it into the body")]
    LongPath,
    #[error("the head of the call has over {bytes_max} bytes or 100 fields: send less of it")]
    LongHead { bytes_max: usize },
    #[error("the call broke off before its end: send it again")]
    CallCut,
    #[error("the call sent nothing more for too long before its end: send it again")]
    CallLate,
    #[error("cannot reach provider `{provider}`: {problem}; check its base URL and the network")]
    Unreachable { provider: String, problem: String },
    #[error("provider `{provider}` did not accept a connection within {waited:?}")]
    ConnectTimeout { provider: String, waited: Duration },
    #[error("provider `{provider}` did not begin to reply within {waited:?}")]
    HeadTimeout { provider: String, waited: Duration },
    #[error("provider `{provider}` closed the connection before it replied: try again")]
    Died { provider: String },
}

/// Every error's machine-readable name.
pub(crate) const CODES: [&str; 13] = [
    "unknown_provider",
    "connect_refused",
    "bad_path",
    "head_unreadable",
    "transfer_coding_unknown",
    "path_too_long",
    "head_too_long",
    "call_cut",
    "call_timeout",
    "upstream_unreachable",
    "upstream_connect_timeout",
    "upstream_timeout",
    "upstream_closed",
];

impl Refusal {
    /// Whether the provider may have acted on the call.
    pub(crate) fn went_out(&self) -> bool {
        match self {
            Self::HeadTimeout { .. } | Self::Died { .. } => true,
            Self::UnknownProvider { .. }
            | Self::Connect
            | Self::Path
            | Self::UnreadableHead
            | Self::TransferCoding
            | Self::LongPath
            | Self::LongHead { .. }
            | Self::CallCut
            | Self::CallLate
            | Self::Unreachable { .. }
            | Self::ConnectTimeout { .. } => false,
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::UnknownProvider { .. } => StatusCode::NOT_FOUND,
            Self::Connect => StatusCode::METHOD_NOT_ALLOWED,
            Self::Path | Self::CallCut | Self::UnreadableHead => StatusCode::BAD_REQUEST,
            Self::TransferCoding => StatusCode::NOT_IMPLEMENTED,
            Self::LongPath => StatusCode::URI_TOO_LONG,
            Self::LongHead { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::CallLate => StatusCode::REQUEST_TIMEOUT,
            Self::Unreachable { .. } | Self::Died { .. } => StatusCode::BAD_GATEWAY,
            Self::ConnectTimeout { .. } | Self::HeadTimeout { .. } => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// The error's machine-readable name, in the body's `code` and in metrics.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::UnknownProvider { .. } => "unknown_provider",
            Self::Connect => "connect_refused",
            Self::Path => "bad_path",
            Self::UnreadableHead => "head_unreadable",
            Self::TransferCoding => "transfer_coding_unknown",
            Self::LongPath => "path_too_long",
            Self::LongHead { .. } => "head_too_long",
            Self::CallCut => "call_cut",
            Self::CallLate => "call_timeout",
            Self::Unreachable { .. } => "upstream_unreachable",
            Self::ConnectTimeout { .. } => "upstream_connect_timeout",
            Self::HeadTimeout { .. } => "upstream_timeout",
            Self::Died { .. } => "upstream_closed",
        }
    }

    fn kind(&self) -> &'static str {
        if self.status().is_server_error() { "api_error" } else { "invalid_request_error" }
    }

    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers
    }

    /// The body in the shape that the callers of a provider read.
    pub(crate) fn body_at(&self, upstream: &Upstream) -> Bytes {
        match upstream.error_body() {
            None => self.body(),
            Some(write) => {
                write(self.status().as_u16(), &format!("foreshadow: {self}"), self.kind())
            }
        }
    }

    /// The body in `OpenAI`'s shape, for who named no provider.
    pub(crate) fn body(&self) -> Bytes {
        let body = serde_json::json!({"error": {
            "message": format!("foreshadow: {self}"),
            "type": self.kind(),
            "param": null,
            "code": self.code(),
        }});
        body.to_string().into()
    }
}
