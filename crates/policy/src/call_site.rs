//! The fingerprint of the code that sent a call, from the call alone.
//!
//! It remembers nothing and learns nothing: the same call has the same call site after a restart
//! and on every machine.

mod canonical;
mod template;
mod words;

use exchange::Call;
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
        call.response_schema.as_ref().map(canonical::of_value).unwrap_or_default(),
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
    let mut parts: Vec<String> = offers.iter().flat_map(|it| canonical::of_list(it)).collect();
    parts.sort_unstable();
    parts
}
