use exchange::{Call, Conversation, ConversationSource, ExchangeId};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// A declared key longer than this is replaced by its digest.
pub const CONVERSATION_KEY_CHARS_MAX: usize = 200;

/// The conversation that a call belongs to: what the caller declared, else the dialect's own id,
/// else a digest of how it began if it carries a history, else the exchange alone.
///
/// A call without history is alone, because most calls that begin alike are not one conversation;
/// taking them for one would make a batch job a single unit of evidence.
#[must_use]
pub fn conversation(
    declared: Option<&str>,
    tenant: Option<&str>,
    call: &Call,
    id: ExchangeId,
) -> Conversation {
    if let Some(key) = declared.filter(|key| !key.is_empty()) {
        return Conversation { key: bounded(key), source: ConversationSource::Header };
    }
    if let Some(key) = call.conversation.as_deref().filter(|key| !key.is_empty()) {
        return Conversation { key: bounded(key), source: ConversationSource::Dialect };
    }
    if call.assistant_turns > 0 {
        let beginning = [tenant, call.system.as_deref(), call.first_user.as_deref()];
        return Conversation { key: digest(&beginning), source: ConversationSource::Digest };
    }
    Conversation { key: id.to_string(), source: ConversationSource::Exchange }
}

fn bounded(key: &str) -> String {
    if key.chars().count() <= CONVERSATION_KEY_CHARS_MAX {
        key.to_owned()
    } else {
        digest(&[Some(key)])
    }
}

/// Length before text, so that no two lists of parts share their bytes; absent is not empty.
fn digest(parts: &[Option<&str>]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        let length = part.map_or(u64::MAX, |text| text.len() as u64);
        hasher.update(length.to_le_bytes());
        hasher.update(part.unwrap_or_default());
    }
    hasher.finalize()[..16].iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
