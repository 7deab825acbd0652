//! Replies of candidates that speak another dialect: told anew, whole or piece by piece, and the
//! reference asked where they cannot be.

use crate::{
    live::{Script, Stage, by_reference, call, stage, stamps},
    support::{Provider, Setup, Witness, json},
};
use bytes::Bytes;
use exchange::{Capture, Route};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use proxy::{Retell, RetellStream, Telling};
use std::sync::{Arc, atomic::AtomicBool};

/// How the reply to a call with this body is told: by its second word.
pub(crate) fn of(body: &[u8]) -> Telling {
    match body.split(|byte| *byte == b' ').nth(1) {
        Some(b"whole") => Telling::Anew(Arc::new(Shouting { in_pieces: false })),
        Some(b"pieces") => Telling::Anew(Arc::new(Shouting { in_pieces: true })),
        Some(_) | None => Telling::AsItComes,
    }
}

/// Tells everything in capitals, and nothing of a body that begins with `{`.
struct Shouting {
    in_pieces: bool,
}

impl Retell for Shouting {
    fn whole(&self, status: StatusCode, _: &HeaderMap, body: &Bytes) -> Option<Bytes> {
        let can = status == StatusCode::OK && !body.starts_with(b"{");
        can.then(|| body.to_ascii_uppercase().into())
    }

    fn stream(&self) -> Option<Box<dyn RetellStream>> {
        self.in_pieces.then(|| Box::new(Pieces::default()) as _)
    }

    fn block(&self) -> Bytes {
        Bytes::from_static(b"BLOCKED")
    }

    fn head(&self) -> HeaderMap {
        let kind = if self.in_pieces { "text/event-stream" } else { "application/json" };
        let fields =
            [(header::CONTENT_TYPE, kind), (HeaderName::from_static("x-request-id"), "ours")];
        fields.map(|(name, value)| (name, HeaderValue::from_static(value))).into_iter().collect()
    }
}

/// Tells line by line.
#[derive(Default)]
struct Pieces(Vec<u8>);

impl RetellStream for Pieces {
    fn push(&mut self, bytes: &[u8]) -> Bytes {
        self.0.extend_from_slice(bytes);
        let end = self.0.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.0.drain(..end).map(|byte| byte.to_ascii_uppercase()).collect()
    }

    fn finish(&mut self) -> Bytes {
        if self.0.is_empty() || self.0.starts_with(b"{") { Bytes::new() } else { "END".into() }
    }
}

const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/other\r\nx-account: ours\r\n\
     transfer-encoding: chunked\r\n\r\n";

/// A call after which the connection closes.
fn last(body: &str) -> String {
    call("good", body).replacen("host: a\r\n", "host: a\r\nconnection: close\r\n", 1)
}

/// The head and the body that a known caller gets, and where they were recorded.
fn asked(candidate: &'static str, body: &str) -> (Stage, String, String) {
    let stage = stage(Route::Live, move |_, _| candidate.to_owned());
    let mut client = stage.rig.client();
    client.ask(&call("good", "summarise"));
    stage.seen.next();
    client.send(last(body));
    let head = client.read_head();
    let (rest, _) = client.read_to_close();
    (stage, head, rest)
}

#[test]
fn a_whole_reply_is_told_anew_and_recorded_as_the_caller_got_it() {
    let reply = "HTTP/1.1 200 OK\r\ncontent-type: text/other\r\nx-account: ours\r\n\
         content-length: 5\r\n\r\nhello";
    let (stage, head, body) = asked(reply, "summarise whole");
    assert_eq!(body, "HELLO");
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    assert!(head.contains("x-request-id: ours\r\n"), "{head}");
    assert!(head.contains("x-foreshadow-route: live\r\n"), "{head}");
    assert!(head.contains("x-foreshadow-cost-usd: 0.000000005\r\n"), "it is priced: {head}");
    assert!(!head.contains("x-account"), "{head}");
    let (sent, _) = stage.candidate.lock().unwrap()[0].clone();
    assert!(sent.contains("accept-encoding: identity\r\n"), "{sent}");
    let exchange = stage.seen.next();
    assert_eq!(exchange.reply.body.inline().unwrap(), "HELLO");
    assert_eq!(exchange.capture, Capture::Complete);
}

#[test]
fn a_stream_is_told_as_it_comes_with_an_end_of_its_own() {
    const CHUNKS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/other\r\n\
         transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n4\r\nllo\n\r\n3\r\nyou\r\n0\r\n\r\n";
    let (stage, head, body) = asked(CHUNKS, "summarise pieces");
    assert_eq!(body, "6\r\nHELLO\n\r\n3\r\nEND\r\n0\r\n\r\n");
    assert!(head.contains("content-type: text/event-stream\r\n"), "{head}");
    assert!(!head.contains("x-foreshadow-cost-usd"), "{head}");
    let exchange = stage.seen.next();
    assert_eq!(exchange.reply.body.inline().unwrap(), "HELLO\nEND");
    assert_eq!(exchange.capture, Capture::Complete);
}

/// The candidate replies `reply`, of which nothing can be told, and nobody notices.
fn check_fallback(reply: &'static str, body: &str) {
    let (_, head, body) = asked(reply, body);
    assert_eq!(body, "{\"by\":\"reference\"}");
    assert_eq!(stamps(&head), by_reference("fallback"));
}

#[test]
fn what_cannot_be_told_is_answered_by_the_reference() {
    let unreadable: &str = Box::leak(json("200 OK", "{}").into_boxed_str());
    check_fallback(unreadable, "summarise whole");
    check_fallback(unreadable, "summarise pieces");
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello";
    check_fallback(cut, "summarise whole");
    check_fallback(cut, "summarise pieces");
}

#[test]
fn a_stream_that_dies_while_it_is_told_looks_dead() {
    let reference = Provider::answering(|_, _| json("200 OK", "{}"));
    let dying = Provider::scripted(|mut wire| {
        wire.read_call().unwrap();
        wire.send(STREAM.to_owned() + "6\r\nhello\n\r\n5\r\nso");
    });
    let (witness, seen) = Witness::new();
    let live = Arc::new(AtomicBool::new(true));
    let rig = Setup::of(&[("p", reference.url()), ("c", dying.url())])
        .mirrored_by(witness)
        .steered_by(Script { turn: Route::Live, live })
        .start();
    let mut client = rig.client();
    client.ask(&call("good", "summarise"));
    seen.next();
    client.send(last("summarise pieces"));
    client.read_head();
    assert_eq!(client.read_to_close().0, "6\r\nHELLO\n\r\n", "without its end");
    assert_eq!(seen.next().capture, Capture::Truncated);
}
