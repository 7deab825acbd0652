use crate::{
    REPLY_BYTES_MAX, Secret,
    fault::{self, Again, Fault},
    retry,
};
use bytes::{Bytes, BytesMut};
use exchange::Timestamp;
use http::HeaderMap;
use std::time::Duration;
use tokio::time::Instant;

/// One time that a call went out: a row of the ledger, whatever came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Counts from 1.
    pub number: u32,
    /// When it went out.
    pub started_at: Timestamp,
    /// The HTTP status; `None` where no head of a reply came.
    pub status: Option<u16>,
    /// What went wrong; `None` where nothing did.
    pub error: Option<String>,
    /// Until its end, however it ended, in microseconds.
    pub latency_us: u64,
    /// Until the first byte of the reply's body, in microseconds.
    pub ttft_us: Option<u64>,
}

/// What an attempt brought back.
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) ttft_us: Option<u64>,
}

/// Why an attempt brought nothing of use.
pub(crate) struct Miss {
    pub(crate) fault: Fault,
    pub(crate) again: Again,
    pub(crate) status: Option<u16>,
    pub(crate) wait_asked: Option<Duration>,
    pub(crate) error: String,
    pub(crate) body: String,
    pub(crate) ttft_us: Option<u64>,
}

impl Miss {
    pub(crate) fn timeout() -> Self {
        Self {
            fault: Fault::Candidate,
            again: Again::No,
            status: None,
            wait_asked: None,
            error: "no whole reply within the deadline".to_owned(),
            body: String::new(),
            ttft_us: None,
        }
    }
}

/// No more of a provider's error text is kept than this.
const ERROR_CHARS_MAX: usize = 500;

/// No more of the body of an error is handed on than this: enough for what filters say they found.
pub const ERROR_BODY_CHARS_MAX: usize = 16 << 10;

/// Sends the call once and reads its reply to the end.
pub(crate) async fn send(call: reqwest::RequestBuilder, key: &Secret) -> Result<Received, Miss> {
    let begun = Instant::now();
    let mut reply = call.send().await.map_err(|error| broken(error, None, None))?;
    let status = reply.status().as_u16();
    let headers = reply.headers().clone();
    let (mut body, mut ttft_us) = (BytesMut::new(), None);
    let cut = loop {
        match reply.chunk().await {
            Ok(None) => break None,
            Ok(Some(chunk)) if body.len() + chunk.len() > REPLY_BYTES_MAX => {
                break Some(too_long(status, ttft_us));
            }
            Ok(Some(chunk)) => {
                ttft_us.get_or_insert_with(|| micros_since(begun));
                body.extend_from_slice(&chunk);
            }
            Err(error) => break Some(broken(error, Some(status), ttft_us)),
        }
    };
    let received = Received { status, headers, body: body.freeze(), ttft_us };
    // The status is word enough: a refusal whose body breaks off is a refusal.
    match (fault::of_status(status, &received.body), cut) {
        (Some((fault, again)), _) => Err(refused(received, fault, again, key)),
        (None, Some(miss)) => Err(miss),
        (None, None) => Ok(received),
    }
}

pub(crate) fn micros_since(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn broken(error: reqwest::Error, status: Option<u16>, ttft_us: Option<u64>) -> Miss {
    let (fault, again) = fault::of_transport(&error);
    // The URL stays out: a credential may be in its query.
    let error = chain(&error.without_url());
    Miss { fault, again, status, wait_asked: None, error, body: String::new(), ttft_us }
}

fn too_long(status: u16, ttft_us: Option<u64>) -> Miss {
    Miss {
        fault: Fault::Ours,
        again: Again::No,
        status: Some(status),
        wait_asked: None,
        error: format!("the reply is longer than {REPLY_BYTES_MAX} bytes"),
        body: String::new(),
        ttft_us,
    }
}

fn refused(received: Received, fault: Fault, again: Again, key: &Secret) -> Miss {
    let text = key.masked(&String::from_utf8_lossy(&received.body));
    let body: String = text.chars().take(ERROR_BODY_CHARS_MAX).collect();
    let text: String = body.chars().take(ERROR_CHARS_MAX).collect();
    Miss {
        fault,
        again,
        status: Some(received.status),
        wait_asked: retry::asked_for(&received.headers),
        error: format!("status {}: {}", received.status, text.trim()),
        body,
        ttft_us: received.ttft_us,
    }
}

/// An error with its causes: reqwest's own text leaves out why a connection failed.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
