//! What is in the journal is what went over the wire, less what must not be written.

use crate::support::{KEY_HEADER, Setup, System, body_of, contains, raw_files};
use exchange::{Body, ConversationSource, Exchange};
use journal::Limits;
use proptest::{collection::vec, prelude::*};
use std::sync::{Arc, Mutex, mpsc};

const CHAT: &str = "/p/v1/chat/completions";

fn inline(body: &Body) -> Vec<u8> {
    body.inline().unwrap().to_vec()
}

/// Sends `bodies` and expects them in the journal, in order, each beside what the client got.
fn check_bodies(bodies: &[Vec<u8>]) {
    let mut system = System::start(Setup::default());
    let mut client = system.client();
    let replies: Vec<_> = bodies.iter().map(|body| client.post(CHAT, "", body)).collect();
    system.settle();
    let exchanges = system.exchanges();
    assert_eq!(exchanges.len(), bodies.len());
    for (n, exchange) in exchanges.iter().enumerate() {
        assert_eq!(exchange.origin.offer_seq, n as u64, "no gap");
        assert_eq!(inline(&exchange.call.body), bodies[n]);
        assert_eq!(inline(&exchange.reply.body), body_of(&replies[n]));
        assert_eq!(exchange.capture, exchange::Capture::Complete);
        assert!(!exchange.redacted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_body_arrives_byte_for_byte(bodies in vec(vec(any::<u8>(), 0..5_000), 1..12)) {
        check_bodies(&bodies);
    }
}

#[test]
fn bodies_longer_than_a_group_arrive_byte_for_byte() {
    let long = |seed: usize| (0..6 << 20).map(|n: usize| ((n + seed) % 251) as u8).collect();
    check_bodies(&[long(0), b"short".to_vec(), long(1), long(2)]);
}

#[test]
fn more_exchanges_than_a_group_arrive_in_order_and_flush_waits_for_them_all() {
    let mut system = System::without_thread(Setup::default());
    let mut client = system.client();
    for n in 0..1_300 {
        client.post(CHAT, "", format!("call {n}").as_bytes());
    }
    system.start_thread();
    system.settle();
    let found: Vec<_> = system.exchanges().iter().map(|e| inline(&e.call.body)).collect();
    let sent: Vec<_> = (0..1_300).map(|n| format!("call {n}").into_bytes()).collect();
    assert_eq!(found, sent);
}

#[test]
fn flush_waits_for_what_was_offered_while_the_proxy_serves_on() {
    let system = System::start(Setup::default());
    let mut client = system.client();
    for n in 1..=20_u64 {
        client.post(CHAT, "", b"x");
        // The reply's last byte is at the client a moment before the exchange is offered; the next
        // reply on the same connection is not.
        client.post(CHAT, "", b"y");
        system.flush();
        assert!(system.exchanges().len() as u64 >= 2 * n - 1);
    }
}

#[test]
fn invariant_9_no_credential_is_written() {
    let mut system = System::start(Setup::default());
    let mut client = system.client();
    let headers = format!(
        "authorization: Bearer secret-of-the-caller-1\r\n\
         x-api-key: secret-of-the-caller-2\r\napi-key: secret-of-the-caller-3\r\n\
         x-goog-api-key: secret-of-the-caller-4\r\ncookie: session=secret-of-the-caller-5\r\n\
         proxy-authorization: Basic secret-of-the-caller-6\r\n\
         referer: https://me:secret-of-the-caller-7@example.com/\r\n\
         {KEY_HEADER}: secret-of-the-caller-0\r\n"
    );
    let headers = headers.as_str();
    for query in ["key", "api_key", "access_token", "token"] {
        let path = format!("{CHAT}?a=b&{query}=secret-of-the-caller-8");
        let reply = client.post(&path, headers, b"{\"model\":\"m\",\"messages\":[]}");
        assert!(contains(&reply, "cookie-of-the-reply"), "the client gets it all the same");
    }
    // An unknown dialect, and a body that nobody can read, change nothing about it.
    client.post(
        "/p/v9/unknown/sk-0123456789abcdef0123456789abcdef?key=secret-of-the-caller-9",
        headers,
        b"\xff",
    );
    system.settle();
    let exchanges = system.exchanges();
    assert_eq!(exchanges.len(), 5);
    assert_eq!(exchanges[0].call.path, "/v1/chat/completions?a=b");
    assert_eq!(exchanges[0].reply.headers.get("openai-organization"), Some("org-1"));
    let files = raw_files(system.dir.path());
    for secret in ["secret-of-the-caller", "cookie-of-the-reply", "sk-0123456789abcdef"] {
        assert!(!contains(&files, secret), "{secret} is in the journal");
    }
    assert!(contains(&files, "org-1"), "the files were searched");
}

#[test]
fn a_glance_sees_what_redaction_takes_away_but_no_credential() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let glance = {
        let seen = Arc::clone(&seen);
        move |exchange: &Exchange| seen.lock().unwrap().push(exchange.clone())
    };
    let redact = |exchange: &mut Exchange| {
        exchange.call.body = Body::Inline("gone".into());
        true
    };
    let mut system = System::start(Setup {
        glance: Box::new(glance),
        redact: Box::new(redact),
        ..Setup::default()
    });
    system.client().post("/p/x", &format!("{KEY_HEADER}: mine\r\n"), b"kept");
    system.settle();
    let [seen] = seen.lock().unwrap().clone().try_into().unwrap();
    assert_eq!(seen.call.body, Body::Inline("kept".into()));
    assert_eq!(seen.call.headers.get(KEY_HEADER), None);
    assert_eq!(system.exchanges()[0].call.body, Body::Inline("gone".into()));
}

#[test]
fn what_is_passed_on_is_what_was_written() {
    let (tell, passed_on) = mpsc::channel();
    let redact = |exchange: &mut Exchange| {
        exchange.call.body = Body::Inline("gone".into());
        true
    };
    let mut system = System::start(Setup {
        redact: Box::new(redact),
        pass_on: Box::new(move |exchange| tell.send(*exchange).unwrap()),
        ..Setup::default()
    });
    system.client().post("/p/x", &format!("{KEY_HEADER}: mine\r\n"), b"kept");
    system.settle();
    assert_eq!(passed_on.try_iter().collect::<Vec<_>>(), system.exchanges());
    assert_eq!(system.exchanges().len(), 1);
}

#[test]
fn what_a_journal_refuses_is_passed_on_all_the_same() {
    let (tell, passed_on) = mpsc::channel();
    let mut system = System::start(Setup {
        journal: Limits::bytes(0),
        pass_on: Box::new(move |exchange| tell.send(exchange.call.path.clone()).unwrap()),
        ..Setup::default()
    });
    system.client().post("/p/x", "", b"kept");
    system.settle();
    assert_eq!(passed_on.try_iter().collect::<Vec<_>>(), ["/x"]);
    assert!(system.exchanges().is_empty());
}

#[test]
fn redaction_runs_before_the_journal_and_after_credentials_are_gone() {
    let redact = |exchange: &mut Exchange| {
        assert_eq!(exchange.call.headers.get("authorization"), None);
        let body = inline(&exchange.call.body);
        let has_name = contains(&body, "Ada");
        if has_name {
            exchange.call.body = Body::Inline("[name]".into());
            exchange.reply.body = Body::default();
        }
        has_name
    };
    let mut system = System::start(Setup { redact: Box::new(redact), ..Setup::default() });
    let mut client = system.client();
    let bearer = "authorization: Bearer x\r\n";
    let reply = client.post(CHAT, bearer, b"I am Ada");
    assert_eq!(body_of(&reply), b"adA ma I", "the client's own is not redacted");
    client.post(CHAT, bearer, b"I am nobody");
    system.settle();
    let exchanges = system.exchanges();
    assert_eq!(exchanges.iter().map(|e| e.redacted).collect::<Vec<_>>(), [true, false]);
    assert_eq!(inline(&exchanges[0].call.body), b"[name]");
    assert_eq!(inline(&exchanges[1].call.body), b"I am nobody");
    let files = raw_files(system.dir.path());
    assert!(!contains(&files, "Ada") && !contains(&files, "adA"));
}

#[test]
fn conversations_go_by_what_is_declared_then_by_how_they_began_then_alone() {
    let mut system = System::start(Setup::default());
    let mut client = system.client();
    let first = br#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#;
    let grown = |last: &str| {
        format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}},{{"role":"assistant","content":"yes?"}},{{"role":"user","content":"{last}"}}]}}"#
        )
    };
    client.post(CHAT, "x-foreshadow-conversation: talk-1\r\n", first);
    client.post(CHAT, "", grown("one").as_bytes());
    client.post(CHAT, "", grown("two").as_bytes());
    client.post(CHAT, "x-foreshadow-tenant: acme\r\n", grown("two").as_bytes());
    client.post(CHAT, "", first);
    client.post(CHAT, "", b"not json");
    system.settle();
    let exchanges = system.exchanges();
    let sources: Vec<_> = exchanges.iter().map(|e| e.conversation.source).collect();
    use ConversationSource as Source;
    let expected = [
        Source::Header,
        Source::Digest,
        Source::Digest,
        Source::Digest,
        Source::Exchange,
        Source::Exchange,
    ];
    assert_eq!(sources, expected);
    let keys: Vec<_> = exchanges.iter().map(|e| e.conversation.key.as_str()).collect();
    assert_eq!(keys[0], "talk-1");
    assert_eq!(keys[1], keys[2], "one conversation that grows");
    assert_ne!(keys[2], keys[3], "another tenant's");
    assert_eq!(keys[4], exchanges[4].id.to_string());
    assert_eq!(exchanges[0].declared.conversation.as_deref(), Some("talk-1"));
    assert_eq!(exchanges[0].call.headers.get("x-foreshadow-conversation"), None);
}
