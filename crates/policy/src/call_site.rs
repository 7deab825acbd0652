//! The fingerprint of the code that sent a call, from the call alone.
//!
//! It remembers nothing and learns nothing: the same call has the same call site after a restart
//! and on every machine.

mod template;
mod words;

use exchange::Call;
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use template::template;

/// What every call site's name begins with.
const PREFIX: &str = "site-";

/// Hexadecimal digits of a fingerprint: enough for millions of call sites without a collision.
const DIGITS: usize = 12;

/// The fingerprint of the code that sent a call: its dialect and endpoint, the model that it asks
/// for, its system prompt's template (what varies from call to call masked), its tools in any order
/// and with their schemas, and the form of the output that it asks for.
#[must_use]
pub fn call_site(dialect: &str, call: &Call) -> String {
    let mut tools = call.tools.clone();
    tools.sort_unstable();
    let mut parts = vec![
        dialect.to_owned(),
        call.endpoint.clone(),
        call.model.clone().unwrap_or_default(),
        call.system.as_deref().map(template).unwrap_or_default(),
        call.response_format.clone().unwrap_or_default(),
        call.response_schema.as_ref().map(canonical).unwrap_or_default(),
    ];
    parts.extend(tools);
    parts.extend(offers(&call.offers));
    let mut hash = Sha256::new();
    for part in &parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digest = format!("{:x}", hash.finalize());
    format!("{PREFIX}{}", &digest[..DIGITS])
}

/// Whether a text could be the name of a call site.
#[must_use]
pub fn is_call_site(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|digits| {
        digits.len() == DIGITS
            && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

/// What a call offers beside its messages; a list, like that of the tools, in any order.
fn offers(offers: &[String]) -> Vec<String> {
    let mut parts = Vec::new();
    for offer in offers {
        match serde_json::from_str(offer) {
            Ok(Value::Array(items)) => parts.extend(items.iter().map(canonical)),
            Ok(value) => parts.push(canonical(&value)),
            Err(_) => parts.push(offer.clone()),
        }
    }
    parts.sort_unstable();
    parts
}

/// A value as text with its members in the order of their names, whatever order they came in, and
/// its descriptions masked, because programs write dates and names into them too.
fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// The depth is bounded by the parser of the call that the value comes from.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => out.extend(["\"", text, "\""]),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in members {
                out.push_str(name);
                out.push(':');
                match (name.as_str(), value) {
                    ("description", Value::String(text)) => out.push_str(&template(text)),
                    (_, value) => write(value, out),
                }
                out.push(',');
            }
            out.push('}');
        }
    }
}
