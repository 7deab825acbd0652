//! Heads that cannot be read: hyper answers them before there is a call, with so many bytes and nothing in
//! them; what a client gets is an error that its SDK can read. And such bytes that are somebody else's.

use crate::{
    limits::{check_after, counted, provider},
    support::{Provider, Rig, Wire, json},
};
use std::iter;

/// Longer than hyper allows.
const PATH_BYTES: usize = 70_000;
const BARE: &str = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

fn never_asked() -> Provider {
    provider(|_, head| panic!("asked: {head}"))
}

#[test]
fn a_head_that_cannot_be_read_is_an_error_of_the_callers_dialect_and_counted() {
    let fields = (0..200).map(|number| format!("x-{number}: 1\r\n")).collect::<String>();
    let large = format!("x: {}\r\n", "y".repeat(200_000));
    let cases = [
        ("GET /p/x HTTP/1.1\r\nhost: a\r\n".to_owned() + &fields, "431", "head_too_long"),
        ("GET /p/x HTTP/1.1\r\nhost: a\r\n".to_owned() + &large, "431", "head_too_long"),
        (format!("GET /{} HTTP/1.1\r\n", "p".repeat(PATH_BYTES)), "414", "path_too_long"),
        ("no call at all\r\n".to_owned(), "400", "head_unreadable"),
        ("GET /p/x HTTP/1.1\r\nno field\r\n".to_owned(), "400", "head_unreadable"),
        ("GET /p/x HTTP/9.9\r\nhost: a\r\n".to_owned(), "400", "head_unreadable"),
        ("G\u{7f}T /p/x HTTP/1.1\r\nhost: a\r\n".to_owned(), "400", "head_unreadable"),
    ];
    for (head, status, code) in cases {
        let provider = never_asked();
        let (rig, counts) = counted(&provider, |_| {});
        let mut client = rig.client();
        client.send(head + "\r\n");
        check_error(&mut client, status, code);
        check_after(&rig, &counts, &format!("foreshadow_live_refusals_total{{code={code}}}"));
    }
}

#[track_caller]
fn check_error(client: &mut Wire, status: &str, code: &str) {
    let head = client.read_head();
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    assert!(head.contains("content-type: application/json\r\nconnection: close\r\n"), "{head}");
    let length: usize = head.split("content-length: ").nth(1).unwrap().trim().parse().unwrap();
    let body = String::from_utf8(client.read_exact(length)).unwrap();
    let error = &serde_json::from_str::<serde_json::Value>(&body).unwrap()["error"];
    assert_eq!(
        (&error["code"], &error["type"]),
        (&code.into(), &"invalid_request_error".into()),
        "{body}"
    );
    assert!(error["message"].as_str().unwrap().starts_with("foreshadow: "), "{body}");
}

#[test]
fn a_head_that_cannot_be_read_after_calls_that_were_answered() {
    let provider = Provider::answering(|_, _| json("200 OK", "{}"));
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    for _ in 0..3 {
        assert!(client.ask("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n").0.starts_with("HTTP/1.1 200 "));
    }
    client.send("no call at all\r\n\r\n");
    check_error(&mut client, "400", "head_unreadable");
}

/// What a provider says is passed on, even where it looks like what hyper says.
#[test]
fn a_providers_own_words_are_its_own() {
    let length = BARE.len();
    let in_pieces = iter::once(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n"));
    let replies: [Vec<String>; 3] = [
        vec!["HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\n".into()],
        in_pieces.chain([BARE.to_owned()]).collect(),
        vec![format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{BARE}")],
    ];
    for pieces in replies {
        let sent = pieces.clone();
        let provider = Provider::scripted(move |mut wire| {
            wire.read_head();
            let (first, rest) = sent.split_first().unwrap();
            wire.send(first);
            for piece in rest {
                // The client has the head, so its body comes by itself.
                wire.read_until("go on");
                wire.send(piece);
            }
            wire.read_to_close();
        });
        let rig = Rig::before(&provider);
        let mut client = rig.client();
        client.send(
            "POST /p/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 5\r\n\r\n",
        );
        let head = if pieces.len() > 1 { client.read_head() } else { String::new() };
        client.send("go on");
        let rest = client.read_to_close().0;
        let body = pieces.concat().split_once("\r\n\r\n").unwrap().1.to_owned();
        assert_eq!((head + &rest).split_once("\r\n\r\n").unwrap().1, body);
    }
}

/// A tunnel's bytes are nobody's reply.
#[test]
fn a_tunnel_may_carry_such_bytes() {
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        wire.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
        wire.read_until("go on");
        wire.send(BARE);
        wire.read_to_close();
    });
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
    assert!(client.read_head().starts_with("HTTP/1.1 101 "));
    client.send("go on");
    client.read_until(BARE);
}
