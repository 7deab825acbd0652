//! Credentials, and how they leave a call before anybody writes it down.
//!
//! Rather too much is removed than too little: a header that merely looks like a key is no loss to
//! the evidence. What remains is still a valid path, so that it can be read and matched by rules.

use exchange::Headers;
use std::borrow::Cow;

/// Stands where a credential stood in the middle of a path.
pub const REMOVED: &str = "[credential removed]";

/// Header fields whose value is a URL, and so may carry a credential inside.
const URL_HEADERS: [&str; 4] = ["content-location", "location", "origin", "referer"];
/// Last words of names of credentials: `x-api-key`, `access_token`, `X-Amz-Signature`.
const LAST_WORDS: [&str; 19] = [
    "assertion",
    "auth",
    "authentication",
    "authorization",
    "bearer",
    "cookie",
    "cookie2",
    "credential",
    "credentials",
    "jwt",
    "key",
    "pass",
    "passwd",
    "password",
    "pwd",
    "secret",
    "sig",
    "signature",
    "token",
];
/// The same for names that run their words together: `apiKey`, `accesstoken`.
const ENDINGS: [&str; 7] =
    ["accesskey", "apikey", "authorization", "password", "secret", "signature", "token"];
/// Names that end like a credential's and are none.
const HARMLESS: [&str; 3] = ["idempotency-key", "x-idempotency-key", "sec-websocket-key"];
/// What stands before each parameter of a query or fragment.
const MARKS: [char; 4] = ['?', '&', ';', '#'];
/// How keys of well-known providers begin, each with the length from which it is one.
const KEY_SHAPES: [(&str, usize); 8] = [
    ("sk-", 20),
    ("sk_", 20),
    ("pk-", 20),
    ("xai-", 20),
    ("gsk_", 20),
    ("hf_", 20),
    ("AIza", 35),
    ("eyJ", 60),
];

/// Removes every credential from header fields and path (with its query, where it has one).
pub fn strip(headers: &mut Headers, path: &mut String) {
    // First, because what is left of a URL may look like a key.
    for (name, value) in &mut headers.0 {
        if URL_HEADERS.contains(&name.as_str()) {
            *value = strip_url(value);
        }
    }
    headers.0.retain(|(name, value)| !is_credential_name(name) && !is_credential_value(value));
    *path = strip_url(path);
}

fn strip_url(url: &str) -> String {
    let query_start = url.find(['?', '#']).unwrap_or(url.len());
    let (path, query) = url.split_at(query_start);
    let mut stripped = strip_segments(&strip_userinfo(path));
    strip_query(query, &mut stripped);
    stripped
}

/// `https://name:secret@host/` becomes `https://host/`, wherever in the path a URL stands.
fn strip_userinfo(path: &str) -> String {
    let mut pieces = path.split("://");
    let mut stripped = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let authority_end = piece.find('/').unwrap_or(piece.len());
        let userinfo_end = piece[..authority_end].rfind('@').map_or(0, |at| at + 1);
        stripped.push_str("://");
        stripped.push_str(&piece[userinfo_end..]);
    }
    stripped
}

fn strip_segments(path: &str) -> String {
    let segments = path
        .split('/')
        .map(|segment| if is_key_shaped(&percent_decoded(segment)) { REMOVED } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// Writes the parameters that are no credentials behind `path`, each with the mark before it.
fn strip_query(query: &str, path: &mut String) {
    let (mut rest, mut marked) = (query, false);
    while let Some(mark) = rest.chars().next() {
        let behind = &rest[mark.len_utf8()..];
        let (parameter, next) = behind.split_at(behind.find(MARKS).unwrap_or(behind.len()));
        rest = next;
        if !is_credential_parameter(parameter) {
            path.push(if marked || mark == '#' { mark } else { '?' });
            path.push_str(parameter);
            marked = true;
        }
    }
}

fn is_credential_parameter(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let (name, value) = (percent_decoded(name), percent_decoded(value));
    is_credential_name(&name)
        || is_key_shaped(&name)
        || is_credential_value(&value)
        || (value.contains("://") && strip_url(&value) != value)
}

fn is_credential_name(name: &str) -> bool {
    let name = lower_case(name.trim());
    if HARMLESS.contains(&&*name) {
        return false;
    }
    let last_word = name.rsplit(['-', '_', '.']).next().unwrap_or_default();
    LAST_WORDS.contains(&last_word) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Names of header fields mostly are in lower case already.
fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

fn is_credential_value(value: &str) -> bool {
    let value = value.trim();
    let scheme = value.split([' ', '+']).next().unwrap_or_default();
    let has_scheme = scheme.len() < value.len()
        && ["basic", "bearer", "digest", "negotiate"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known));
    has_scheme || is_key_shaped(value)
}

fn is_key_shaped(text: &str) -> bool {
    KEY_SHAPES.iter().any(|(start, length)| text.len() >= *length && text.starts_with(start))
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~+/=".contains(&byte))
}

fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let (bytes, mut decoded, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let hex = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) => {
                decoded.push(value);
                at += 3;
            }
            None => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}
