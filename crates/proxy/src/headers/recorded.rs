//! Heads as an exchange carries them, read field by field: making maps of them again would be most of
//! what the mirror does with an exchange.

use super::{CATEGORY, CONVERSATION, PRIORITY, TENANT, is_framing, is_hop_by_hop, is_ours};
use exchange::Declared;
use http::HeaderMap;

/// A field's name, in lower case, and its value.
pub(crate) type Field<'h> = (&'h str, &'h [u8]);

/// The fields of a map, in its order.
pub(crate) fn fields(headers: &HeaderMap) -> Vec<Field<'_>> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

/// What the caller declared in fields of ours. Values that are not text count as not declared.
pub(crate) fn declared(head: &[Field<'_>]) -> Declared {
    let mut ours = head.iter().filter(|(name, _)| is_ours(name)).peekable();
    if ours.peek().is_none() {
        return Declared::default();
    }
    let text = |wanted| {
        let first = ours.clone().find(|(name, _)| *name == wanted);
        first.and_then(|(_, value)| text(value)).map(str::to_owned)
    };
    Declared {
        category: text(CATEGORY),
        tenant: text(TENANT),
        conversation: text(CONVERSATION),
        priority: text(PRIORITY),
    }
}

/// A call's head: as it was forwarded, without the upstream's host.
pub(crate) fn recorded_call(head: &[Field<'_>]) -> exchange::Headers {
    recorded(head, |name| name == "host" || is_ours(name))
}

/// A reply's head: as the client got it.
pub(crate) fn recorded_reply(head: &[Field<'_>]) -> exchange::Headers {
    recorded(head, |_| false)
}

/// The fields that pass on: order and duplicates kept, values read as Latin-1.
fn recorded(head: &[Field<'_>], is_left_out: impl Fn(&str) -> bool) -> exchange::Headers {
    let nominated = nominated(head);
    let is_nominated = |name: &str| {
        !is_framing(name)
            && nominated.iter().any(|token| token.eq_ignore_ascii_case(name.as_bytes()))
    };
    let kept = |name: &str| !(is_hop_by_hop(name) || is_left_out(name) || is_nominated(name));
    let mut headers = Vec::with_capacity(head.len());
    let fields = head.iter().filter(|(name, _)| kept(name));
    headers.extend(fields.map(|(name, value)| ((*name).to_owned(), latin1(value))));
    exchange::Headers(headers)
}

/// The fields that `connection` names.
fn nominated<'h>(head: &[Field<'h>]) -> Vec<&'h [u8]> {
    let lines = head.iter().filter(|(name, _)| *name == "connection");
    lines.flat_map(|(_, line)| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii).collect()
}

/// What `http` takes for text: visible ASCII, blanks and tabs.
fn text(value: &[u8]) -> Option<&str> {
    let is_text = value.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    is_text.then(|| std::str::from_utf8(value).ok()).flatten()
}

fn latin1(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => text.to_owned(),
        _ => value.iter().copied().map(char::from).collect(),
    }
}
