//! Whose a failure is.
//!
//! | what happened | whose | again? |
//! | --- | --- | --- |
//! | deadline passed, nobody else to blame | candidate | no |
//! | deadline passed after an attempt that the provider refused | provider | no |
//! | 429 or 400 for want of money (`insufficient_quota` …), 401, 402 | ours: our account | no |
//! | 3xx | ours: the base URL is wrong, and no redirect may carry our key away | no |
//! | 408, 429, 5xx | provider | yes |
//! | any other 4xx | candidate | no |
//! | no connection, no name, no TLS | ours: nothing shows that the provider was reached | yes |
//! | connection lost after the call was sent, or in a reply that was none of these | provider | yes |
//! | reply longer than the limit, and none of these | ours: the limit is | no |
//!
//! A 403 may be our key or the model's content policy. It counts as the candidate's, because that
//! error can only hold a candidate back, never promote it.

/// Whose a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The model's: it counts as a full loss.
    Candidate,
    /// The provider's: a full loss too, in a column of its own.
    Provider,
    /// Ours: the reply is lost, and says nothing about anybody.
    Ours,
}

impl Fault {
    /// The fault's name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Provider => "provider",
            Self::Ours => "ours",
        }
    }
}

/// Whether another attempt may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    Yes,
    No,
}

/// Codes and types by which providers say that money, not speed, is what ran out.
const SPEND_CAPS: [&str; 6] = [
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_error",
    "spend_limit_exceeded",
    "credit_balance_too_low",
    "enforced_spend_limit_reached",
];
/// And how Anthropic says it where the error's type is that of any bad request, with status 400.
const SPENT: [&str; 2] = ["credit balance is too low", "your specified api usage limits"];

/// Who is to blame for a reply with `status`; `None` where it is a success.
pub(crate) fn of_status(status: u16, body: &[u8]) -> Option<(Fault, Again)> {
    match status {
        200..=299 => None,
        300..=399 | 401 | 402 => Some((Fault::Ours, Again::No)),
        400 | 429 if is_spend_cap(body) => Some((Fault::Ours, Again::No)),
        408 | 429 | 500.. => Some((Fault::Provider, Again::Yes)),
        0..=199 | 400..=499 => Some((Fault::Candidate, Again::No)),
    }
}

/// Who is to blame for a call that got no reply, or not all of it.
pub(crate) fn of_transport(error: &reqwest::Error) -> (Fault, Again) {
    if error.is_builder() {
        (Fault::Ours, Again::No)
    } else if error.is_connect() {
        (Fault::Ours, Again::Yes)
    } else {
        (Fault::Provider, Again::Yes)
    }
}

/// Every dialect that we know has `error.code` or `error.type`; Anthropic's caps of a month stand beside a
/// type that is that of any rate limit.
fn is_spend_cap(body: &[u8]) -> bool {
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(body) else { return false };
    let text = |place: &str| body.pointer(place)?.as_str();
    let said = text("/error/message").unwrap_or_default().to_ascii_lowercase();
    ["/error/code", "/error/type", "/error/status", "/error/details/error_code", "/code", "/type"]
        .into_iter()
        .filter_map(text)
        .any(|word| SPEND_CAPS.contains(&word))
        || SPENT.iter().any(|words| said.contains(words))
}
