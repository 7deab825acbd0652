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
    if let Some(named) = named(declared, call) {
        return named;
    }
    if call.assistant_turns > 0 {
        let key = beginning(tenant, call);
        return Conversation { key, source: ConversationSource::Digest };
    }
    Conversation { key: id.to_string(), source: ConversationSource::Exchange }
}

/// The key by which is drawn who serves a call live: on every turn of a conversation the same, so that one
/// that another model has begun goes on there.
///
/// It is the conversation's key, and for a call without history the one that its next turn will have:
/// a digest of how it began. So calls that begin alike are served alike, whether or not they belong
/// together; as evidence they still stand alone.
#[must_use]
pub fn course(declared: Option<&str>, tenant: Option<&str>, call: &Call) -> String {
    named(declared, call).map_or_else(|| beginning(tenant, call), |named| named.key)
}

/// What the caller or the dialect calls the conversation.
fn named(declared: Option<&str>, call: &Call) -> Option<Conversation> {
    let given = |key: Option<&str>, source: ConversationSource| {
        let key = key.filter(|key| !key.is_empty())?;
        Some(Conversation { key: bounded(key), source })
    };
    given(declared, ConversationSource::Header)
        .or_else(|| given(call.conversation.as_deref(), ConversationSource::Dialect))
}

/// A digest of how a conversation began.
fn beginning(tenant: Option<&str>, call: &Call) -> String {
    digest(&[tenant, call.system.as_deref(), call.first_user.as_deref()])
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
