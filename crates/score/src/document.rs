//! JSON in a reply's text.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use std::fmt::Write;

/// Whether JSON may come in a Markdown code fence. A client that parses the text as it is stumbles
/// over one; many clients strip it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fence {
    /// With or without.
    #[default]
    Allowed,
    /// The text must be bare JSON.
    Refused,
}

impl Fence {
    /// The text that should be JSON.
    pub(crate) fn strip(self, text: &str) -> &str {
        let text = text.trim();
        match self {
            Self::Refused => text,
            Self::Allowed => inside_fence(text).unwrap_or(text),
        }
    }

    /// Reads the text as JSON; the error says what is wrong with it.
    pub(crate) fn parse(self, text: &str) -> Result<Value, String> {
        serde_json::from_str(self.strip(text)).map_err(|error| format!("not JSON: {error}"))
    }
}

/// What a single code fence around the whole text holds.
pub(crate) fn inside_fence(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("```")?.strip_suffix("```")?;
    let (language, body) = inner.split_once('\n')?;
    language.trim().bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| body.trim())
}

/// The arguments of a tool call. None at all are often written as nothing.
pub(crate) fn arguments(text: &str) -> Result<Value, String> {
    let text = text.trim();
    let text = if text.is_empty() { "{}" } else { text };
    serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))
}

/// Equality as JSON means it: `1` is `1.0`, and the order of members says nothing.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => numbers_equal(a, b),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            // Most members have the same place in both, and need not be looked for.
            let same = |((name, a), (beside, other)): (Member<'_>, Member<'_>)| {
                let found = if name == beside { Some(other) } else { b.get(name) };
                found.is_some_and(|b| equal(a, b))
            };
            a.len() == b.len() && a.iter().zip(b).all(same)
        }
        (a, b) => a == b,
    }
}

type Member<'v> = (&'v String, &'v Value);

/// A JSON pointer (RFC 6901), taken apart once.
pub(crate) struct Pointer(Vec<String>);

impl Pointer {
    pub(crate) fn of(text: &str) -> Self {
        let parts = text.split('/').skip(1);
        Self(parts.map(|part| part.replace("~1", "/").replace("~0", "~")).collect())
    }

    /// What it points to, as [`Value::pointer`] says.
    pub(crate) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, part| match value {
            Value::Object(members) => members.get(part),
            Value::Array(items) => items.get(place(part)?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        })
    }
}

/// A place in a list, which has one spelling.
fn place(part: &str) -> Option<usize> {
    let is_other = part.starts_with('+') || (part.starts_with('0') && part.len() > 1);
    if is_other { None } else { part.parse().ok() }
}

/// Integers as integers, because floats take different long ones for the same.
pub(crate) fn numbers_equal(a: &Number, b: &Number) -> bool {
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a == b,
        (_, _) => a.as_f64() == b.as_f64(),
    }
}

fn whole(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// A text that is the same for every spelling of a value, numbers aside.
pub(crate) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_canonical(value, &mut text);
    text
}

/// Members sorted by name, no whitespace: the order in which a map happens to be kept (which a
/// feature of a distant crate can change) must not show.
fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (index, (name, member)) in members.into_iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                let _ = write!(out, "{}:", Value::from(name.as_str()));
                write_canonical(member, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write_canonical(item, out);
            }
            out.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let _ = write!(out, "{value}");
        }
    }
}
