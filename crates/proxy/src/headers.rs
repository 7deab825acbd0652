//! The only header fields that this proxy changes: hop-by-hop ones (and those that `connection`
//! names), `host`, and our own `x-foreshadow-*`.
//!
//! Maps are rebuilt, never edited in place: removing from an `http::HeaderMap` swaps the last field
//! into the gap and so changes the order of the rest.

pub(crate) use http2::{in_http1, in_http2, size as size_in_http2};

use exchange::Declared;
use http::{HeaderMap, HeaderName, HeaderValue, header};

mod http2;
pub(crate) mod recorded;

/// Request fields of ours; removed before the upstream.
const OURS: &str = "x-foreshadow-";

const CATEGORY: &str = "x-foreshadow-category";
const TENANT: &str = "x-foreshadow-tenant";
const CONVERSATION: &str = "x-foreshadow-conversation";
const PRIORITY: &str = "x-foreshadow-priority";

/// Response fields of ours, on live categories.
pub(crate) const REPLY_EXCHANGE: HeaderName = HeaderName::from_static("x-foreshadow-exchange");
pub(crate) const REPLY_CATEGORY: HeaderName = HeaderName::from_static(CATEGORY);
pub(crate) const REPLY_MODEL: HeaderName = HeaderName::from_static("x-foreshadow-model");
pub(crate) const REPLY_ROUTE: HeaderName = HeaderName::from_static("x-foreshadow-route");
pub(crate) const REPLY_COST: HeaderName = HeaderName::from_static("x-foreshadow-cost-usd");
pub(crate) const REPLY_SAVING: HeaderName = HeaderName::from_static("x-foreshadow-saving-usd");

/// Where a caller's credential lies with the providers that we know.
const CREDENTIALS: [HeaderName; 7] = [
    header::AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
    header::COOKIE,
    HeaderName::from_static("openai-organization"),
    HeaderName::from_static("openai-project"),
];

/// How the names of other fields end that carry a credential: providers and gateways invent their
/// own, and the guard must not take two callers for one because it looks elsewhere.
const CREDENTIAL_ENDINGS: [&str; 7] =
    ["key", "token", "secret", "auth", "authorization", "password", "credential"];
/// Names that end so and differ from call to call.
const NO_CREDENTIALS: [&str; 3] = ["idempotency-key", "x-idempotency-key", "sec-websocket-key"];

/// What of a caller's head goes to a candidate. A list of what is allowed, because a caller's secret
/// may lie in a field that nobody here has heard of.
const FOR_CANDIDATES: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::ACCEPT, header::ACCEPT_ENCODING, header::USER_AGENT];

/// What of a candidate's reply speaks of our account there and not of the answer.
const OF_OUR_ACCOUNT: [HeaderName; 4] = [
    header::SET_COOKIE,
    HeaderName::from_static("openai-organization"),
    HeaderName::from_static("openai-project"),
    HeaderName::from_static("anthropic-organization-id"),
];
/// How the names of fields begin that tell of our quota there: callers would pace themselves by it.
const OF_OUR_QUOTA: [&str; 2] = ["x-ratelimit-", "anthropic-ratelimit-"];

/// Whether a field says who calls, as far as its name tells.
pub(crate) fn is_credential(name: &HeaderName) -> bool {
    let text = name.as_str();
    CREDENTIALS.contains(name)
        || !NO_CREDENTIALS.contains(&text)
            && CREDENTIAL_ENDINGS.iter().any(|ending| text.ends_with(ending))
}

/// Whether a message keeps its `upgrade` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upgrading {
    /// It asks for, or grants, another protocol.
    Yes,
    /// It does not.
    No,
}

/// Whether the call asks for another protocol on its connection. HTTP/2 is none: its calls would pass
/// unseen, and whoever speaks it may begin with it.
pub(crate) fn upgrading(headers: &HeaderMap) -> Upgrading {
    let asked = headers.get_all(header::UPGRADE).into_iter().flat_map(tokens);
    let mut others = asked.filter(|token| !token.eq_ignore_ascii_case(b"h2c"));
    if others.next().is_some() && names(headers, "upgrade") {
        return Upgrading::Yes;
    }
    Upgrading::No
}

/// Whether a call's body is framed in a way that every reader takes for the same: by a length, or by one
/// `chunked` and nothing before it. Of two codings on two lines one reader sees both, and another the first.
pub(crate) fn is_framed_plainly(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).into_iter();
    let first = codings.next();
    first.is_none_or(|coding| coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"))
        && codings.next().is_none()
}

/// The head that goes to a provider.
pub(crate) fn for_upstream(
    headers: &HeaderMap,
    host: &HeaderValue,
    upgrading: Upgrading,
) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(headers.len() + 2);
    if !headers.contains_key(header::HOST) {
        out.insert(header::HOST, host.clone());
    }
    let nominated = headers.contains_key(header::CONNECTION);
    for (name, value) in headers {
        if *name == header::HOST {
            out.insert(header::HOST, host.clone());
        } else if !is_held_back(headers, name, nominated) && !is_ours(name.as_str()) {
            out.append(name.clone(), value.clone());
        }
    }
    if wants_trailers(headers) {
        out.insert(header::TE, HeaderValue::from_static("trailers"));
        out.insert(header::CONNECTION, HeaderValue::from_static("te"));
    }
    keep_upgrade(headers, &mut out, upgrading);
    out
}

/// The head that goes to the client: mostly the provider's as it is.
pub(crate) fn for_client(headers: HeaderMap, upgrading: Upgrading) -> HeaderMap {
    let nominated = headers.contains_key(header::CONNECTION);
    let (is_coded, is_as_it_is) = transfer_coding(&headers);
    let is_kept = |name: &HeaderName| {
        !(is_held_back(&headers, name, nominated)
            || is_coded && *name == header::CONTENT_LENGTH
            || is_as_it_is && *name == header::TRANSFER_ENCODING)
    };
    if upgrading == Upgrading::No && headers.keys().all(is_kept) {
        return headers;
    }
    let mut out = HeaderMap::with_capacity(headers.len() + 6);
    for (name, value) in headers.iter().filter(|(name, _)| is_kept(name)) {
        out.append(name.clone(), value.clone());
    }
    keep_upgrade(&headers, &mut out, upgrading);
    out
}

/// Whether a reply says a transfer coding, beside which a length means nothing (hyper throws away a reply
/// with both), and whether that coding is none.
fn transfer_coding(headers: &HeaderMap) -> (bool, bool) {
    let codings = headers.get_all(header::TRANSFER_ENCODING).into_iter();
    let mut codings = codings.flat_map(tokens).peekable();
    let is_coded = codings.peek().is_some();
    (is_coded, is_coded && codings.all(|coding| coding.eq_ignore_ascii_case(b"identity")))
}

/// Whether the field is about this connection alone.
fn is_held_back(headers: &HeaderMap, name: &HeaderName, nominated: bool) -> bool {
    is_hop_by_hop(name.as_str()) || nominated && names(headers, name)
}

/// The head that goes to a candidate under our own key.
pub(crate) fn for_candidate(headers: &HeaderMap, host: &HeaderValue) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(FOR_CANDIDATES.len() + 3);
    out.insert(header::HOST, host.clone());
    for name in FOR_CANDIDATES {
        if let Some(value) = headers.get(&name) {
            out.insert(name, value.clone());
        }
    }
    out
}

/// Removes from a candidate's reply what speaks of our account.
pub(crate) fn without_our_account(headers: &HeaderMap) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(headers.len() + 6);
    for (name, value) in headers {
        let is_quota = OF_OUR_QUOTA.iter().any(|start| name.as_str().starts_with(start));
        if !OF_OUR_ACCOUNT.contains(name) && !is_quota {
            out.append(name.clone(), value.clone());
        }
    }
    out
}

/// What the caller declared in fields of ours. Values that are not text count as not declared.
#[must_use]
pub fn declared(headers: &HeaderMap) -> Declared {
    recorded::declared(&recorded::fields(headers))
}

/// The category that the caller declared.
pub(crate) fn declared_category(headers: &HeaderMap) -> Option<&str> {
    headers.get(CATEGORY).and_then(|value| value.to_str().ok())
}

/// A call's head as an exchange carries it: as it was forwarded, without the upstream's host.
#[must_use]
pub fn recorded_call(headers: &HeaderMap) -> exchange::Headers {
    recorded::recorded_call(&recorded::fields(headers))
}

/// Whether a trailer of a call stays here.
pub(crate) fn is_held_back_in_trailers(name: &HeaderName) -> bool {
    is_ours(name.as_str()) || is_hop_by_hop(name.as_str()) || is_framing(name.as_str())
}

fn is_ours(name: &str) -> bool {
    name.starts_with(OURS)
}

/// `transfer-encoding` and `trailer` are not here: hyper frames the body anew by the first (and keeps
/// any coding before `chunked`), and lets trailers through only where the second announces them.
fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "upgrade"
            | "te"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "keep-alive"
            | "proxy-connection"
    )
}

/// What frames the body is not a client's to remove.
fn is_framing(name: &str) -> bool {
    name == "transfer-encoding" || name == "content-length"
}

/// Whether `connection` names the field.
fn names(headers: &HeaderMap, field: impl AsRef<str>) -> bool {
    let field = field.as_ref();
    if is_framing(field) {
        return false;
    }
    let lines = headers.get_all(header::CONNECTION).into_iter();
    lines.flat_map(tokens).any(|token| token.eq_ignore_ascii_case(field.as_bytes()))
}

/// What stands between the commas of a line.
fn tokens(line: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    line.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

fn wants_trailers(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::TE).into_iter();
    lines.flat_map(tokens).any(|token| token.eq_ignore_ascii_case(b"trailers"))
}

fn keep_upgrade(from: &HeaderMap, to: &mut HeaderMap, upgrading: Upgrading) {
    if upgrading == Upgrading::No {
        return;
    }
    for value in from.get_all(header::UPGRADE) {
        to.append(header::UPGRADE, value.clone());
    }
    to.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
}
