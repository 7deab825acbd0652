//! Which calls belong together.

use dialect::conversation;
use exchange::{Call, ConversationSource, ExchangeId, Timestamp};

fn turns(assistant_turns: u32) -> Call {
    Call {
        system: Some("be brief".into()),
        first_user: Some("hello".into()),
        assistant_turns,
        ..Call::default()
    }
}

fn id(chance: u128) -> ExchangeId {
    ExchangeId::new(Timestamp(0), chance)
}

#[test]
fn the_best_source_wins() {
    let dialects_own = Call { conversation: Some("thread_1".into()), ..turns(1) };
    let of = |declared: Option<&str>, call: &Call| {
        let found = conversation(declared, None, call, id(1));
        (found.source, found.key)
    };
    assert_eq!(of(Some("mine"), &dialects_own), (ConversationSource::Header, "mine".into()));
    assert_eq!(of(Some(""), &dialects_own), (ConversationSource::Dialect, "thread_1".into()));
    assert_eq!(of(None, &turns(1)).0, ConversationSource::Digest);
    assert_eq!(of(None, &turns(0)), (ConversationSource::Exchange, id(1).to_string()));
}

#[test]
fn a_conversation_keeps_its_key_as_it_grows() {
    let key = |turns_so_far| conversation(None, Some("shop"), &turns(turns_so_far), id(1)).key;
    assert_eq!(key(1), key(7));
    assert_eq!(key(1).len(), 32);
}

#[test]
fn tenant_system_prompt_and_first_message_each_tell_conversations_apart() {
    let key = |tenant: Option<&str>, call: Call| conversation(None, tenant, &call, id(1)).key;
    let one = key(Some("a"), turns(1));
    assert_ne!(one, key(Some("b"), turns(1)));
    assert_ne!(one, key(None, turns(1)));
    assert_ne!(one, key(Some("a"), Call { first_user: None, ..turns(1) }));
    assert_ne!(one, key(Some("a"), Call { system: Some(String::new()), ..turns(1) }));
    // No shift of text from one part to the next gives the same digest.
    let shifted = |system: &str, user: &str| Call {
        system: Some(system.into()),
        first_user: Some(user.into()),
        ..turns(1)
    };
    assert_ne!(key(None, shifted("ab", "c")), key(None, shifted("a", "bc")));
}

#[test]
fn a_key_without_end_is_replaced_by_its_digest() {
    let long = "x".repeat(10_000);
    let found = conversation(Some(&long), None, &turns(0), id(1));
    assert_eq!((found.source, found.key.len()), (ConversationSource::Header, 32));
}
