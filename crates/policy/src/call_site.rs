use exchange::Call;
use sha2::{Digest, Sha256};

/// Characters of the system prompt that count: programs put what varies behind what does not.
const SYSTEM_CHARS_MAX: usize = 256;

/// Hexadecimal digits of a fingerprint: enough for millions of call sites without a collision.
const DIGITS: usize = 12;

/// The fingerprint of the code that sent a call: its endpoint, the start of its system prompt with
/// numbers masked, its tools in any order, and the shape of the output that it asks for.
///
/// Not the model: a call site that changes its model is still the same code.
#[must_use]
pub fn call_site(call: &Call) -> String {
    let mut tools: Vec<&str> = call.tools.iter().map(String::as_str).collect();
    tools.sort_unstable();
    let parts = [
        call.endpoint.clone(),
        masked(call.system.as_deref().unwrap_or_default()),
        tools.join(","),
        call.response_format.clone().unwrap_or_default(),
        call.response_schema.as_ref().map(ToString::to_string).unwrap_or_default(),
    ];
    let mut hash = Sha256::new();
    for part in &parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digest = format!("{:x}", hash.finalize());
    format!("site-{}", &digest[..DIGITS])
}

/// The prompt's start with runs of digits and runs of white space made alike: dates, counters and
/// line breaks vary from call to call.
fn masked(system: &str) -> String {
    let mut out = String::new();
    for character in system.chars().take(SYSTEM_CHARS_MAX) {
        let shown = match character {
            digit if digit.is_ascii_digit() => '0',
            space if space.is_whitespace() => ' ',
            other => other,
        };
        if !(matches!(shown, '0' | ' ') && out.ends_with(shown)) {
            out.push(shown);
        }
    }
    out
}
