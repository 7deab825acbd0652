//! Which calls belong together.

use dialect::{Dialect, conversation, course};
use exchange::{Call, ConversationSource, ExchangeId, Headers, Timestamp};
use proptest::prelude::*;

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

/// Who serves it is drawn by one key on every turn, also on the first, which as evidence stands alone.
#[test]
fn a_conversation_keeps_its_course_from_the_first_turn_on() {
    let of = |declared: Option<&str>, call: &Call| course(declared, Some("shop"), call);
    let dialects_own =
        |turns_so_far| Call { conversation: Some("thread_1".into()), ..turns(turns_so_far) };
    assert_eq!(of(None, &turns(0)), of(None, &turns(1)));
    assert_eq!(of(None, &turns(0)), of(None, &turns(7)));
    for turns_so_far in [1, 2] {
        let key = |declared, call: &Call| conversation(declared, Some("shop"), call, id(1)).key;
        for (declared, call) in
            [(None, turns(turns_so_far)), (Some("mine"), turns(0)), (None, dialects_own(0))]
        {
            assert_eq!(of(declared, &call), key(declared, &call));
        }
    }
    let other = Call { first_user: Some("good day".into()), ..turns(0) };
    assert_ne!(of(None, &turns(0)), of(None, &other));
    assert_ne!(of(None, &turns(0)), course(None, None, &turns(0)), "another tenant's");
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

const PATH: &str = "/v1/chat/completions";

/// Whether a glance at a call sees that it may tell a conversation, and whether reading it finds one.
fn told(path: &str, headers: &Headers, body: &[u8]) -> (bool, bool) {
    let call = Dialect::OpenAi.read_call("POST", path, headers, body);
    let found = call.assistant_turns > 0 || call.conversation.is_some();
    (Dialect::OpenAi.may_tell_conversation("POST", path, headers, body), found)
}

#[test]
fn most_calls_show_that_they_stand_alone_without_being_read() {
    let alone = br#"{"model":"m","messages":[{"role":"user","content":"hello \n you"}]}"#;
    assert_eq!(told(PATH, &Headers::default(), alone), (false, false));
    let history = br#"{"messages":[{"role":"user"},{"role":"assistant","content":"hi"}]}"#;
    assert_eq!(told(PATH, &Headers::default(), history), (true, true));
    // Elsewhere nothing is read of a conversation.
    assert_eq!(told("/v1/embeddings", &Headers::default(), history), (false, false));
}

#[test]
fn neither_escapes_nor_codings_hide_a_conversation_from_the_glance() {
    let escaped = br#"{"messages":[{"role":"\u0061ssistant","content":"hi"}]}"#;
    assert_eq!(told(PATH, &Headers::default(), escaped), (true, true));
    let coded = Headers(vec![("content-encoding".into(), "gzip".into())]);
    assert!(told(PATH, &coded, b"\x1f\x8b").0);
}

/// A call's text, from pieces that tell conversations in every way, and some that do not.
fn call_text() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "conversation",
        "conversation_id",
        "thread_id",
        "session_id",
        "user",
        "metadata",
        "thread\\u005fid",
    ]);
    let value = prop::sample::select(vec![
        r#""a""#,
        r#"{"id":"b"}"#,
        r#"{"thread_id":"c"}"#,
        r#"{"session_id":"d"}"#,
        "null",
        "7",
    ]);
    let role = prop::sample::select(vec!["user", "assistant", "system", "ass\\u0069stant"]);
    (prop::collection::vec((key, value), 0..4), prop::collection::vec(role, 0..4)).prop_map(
        |(fields, roles)| {
            let fields: String =
                fields.iter().map(|(key, value)| format!(r#""{key}":{value},"#)).collect();
            let turns = roles.iter().map(|role| format!(r#"{{"role":"{role}","content":"x"}}"#));
            format!(r#"{{{fields}"messages":[{}]}}"#, turns.collect::<Vec<_>>().join(","))
        },
    )
}

proptest! {
    #[test]
    fn the_glance_misses_no_conversation(text in call_text()) {
        let (may, found) = told(PATH, &Headers::default(), text.as_bytes());
        prop_assert!(may || !found, "{text}");
    }
}
