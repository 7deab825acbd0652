//! Invariant 2 at its edges: what is allowed and seldom seen, and who leaves in the middle.

use crate::{
    support::{PATIENCE, Provider, Rig, json},
    transparency::{Case, OK, check},
};
use std::sync::mpsc::channel;

#[test]
fn chunk_extensions_end_here() {
    check(&Case {
        call: "POST /p/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n\
               3;a=b;c=\"d\"\r\nabc\r\n0;last\r\n\r\n",
        forwarded: "POST /x HTTP/1.1\r\nhost: {host}\r\ntransfer-encoding: chunked\r\n\r\n\
               3\r\nabc\r\n0\r\n\r\n",
        reply: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4;x\r\nwxyz\r\n0;y=z\r\n\r\n",
        returned: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nwxyz\r\n0\r\n\r\n",
    });
}

#[test]
fn empty_and_odd_values_pass_and_only_blanks_around_them_go() {
    check(&Case {
        call: "GET /p/x HTTP/1.1\r\nhost: a\r\nx-empty:\r\nx-blank:  \t \r\nx-tab: a\tb\r\n\
               x-quoted: \"a, b\"; c='\\'\r\nx-commas: ,, ,\r\nx_odd!#$%&'*+.^`|~: 1\r\n\r\n",
        forwarded: "GET /x HTTP/1.1\r\nhost: {host}\r\nx-empty:\r\nx-blank:\r\nx-tab: a\tb\r\n\
               x-quoted: \"a, b\"; c='\\'\r\nx-commas: ,, ,\r\nx_odd!#$%&'*+.^`|~: 1\r\n\r\n",
        reply: "HTTP/1.1 200 OK\r\nx-empty:\r\nx-tab:\ta\tb  \r\ncontent-length: 0\r\n\r\n",
        returned: "HTTP/1.1 200 OK\r\nx-empty: \r\nx-tab: a\tb\r\ncontent-length: 0\r\n\r\n",
    });
}

#[test]
fn a_websocket_is_joined_with_the_fields_of_both_sides() {
    let (tell, told) = channel();
    let provider = Provider::scripted(move |mut wire| {
        tell.send(wire.read_head()).unwrap();
        wire.send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
             Sec-WebSocket-Protocol: realtime\r\n\r\n",
        );
        // A masked frame, and a whole one with a close.
        assert_eq!(wire.read_exact(8), b"\x81\x82\x01\x02\x03\x04ik");
        wire.send(b"\x81\x02ok\x88\x00");
    });
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    client.send(
        "GET /p/v1/realtime?model=m HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: realtime, openai-beta.realtime-v1\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n",
    );
    let asked = told.recv_timeout(PATIENCE).unwrap();
    for field in [
        "GET /v1/realtime?model=m HTTP/1.1\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "Sec-WebSocket-Protocol: realtime, openai-beta.realtime-v1\r\n",
        "Sec-WebSocket-Version: 13\r\n",
    ] {
        assert!(asked.contains(field), "{asked}");
    }
    let head = client.read_head();
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    assert!(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
    assert!(head.contains("Sec-WebSocket-Protocol: realtime\r\n"), "{head}");
    client.send(b"\x81\x82\x01\x02\x03\x04ik");
    assert_eq!(client.read_to_close().0, "\u{81}\u{2}ok\u{88}\u{0}");
}

#[test]
fn a_reply_may_come_before_the_call_has_ended() {
    let provider = Provider::scripted(|mut wire| {
        wire.read_until("5\r\nhalf!\r\n");
        wire.send("HTTP/1.1 413 Payload Too Large\r\ncontent-length: 2\r\n\r\nno");
        wire.read_to_close();
    });
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    client
        .send("POST /p/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf!\r\n");
    assert!(client.read_head().starts_with("HTTP/1.1 413 Payload Too Large\r\n"));
    assert_eq!(client.read_exact(2), b"no");
}

/// A client resets its connection after `call` went out and `wants` came back; its provider gets a reset.
#[track_caller]
fn check_reset(call: &'static str, reply: &'static str, wants: &str) {
    let (begun, has_begun) = channel();
    let (tell, told) = channel();
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        wire.send(reply);
        begun.send(()).unwrap();
        tell.send(wire.read_to_close().1).unwrap();
    });
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    client.send(call);
    has_begun.recv_timeout(PATIENCE).unwrap();
    client.read_at_least(wants.len());
    client.reset();
    assert!(told.recv_timeout(PATIENCE).expect("the provider's connection closes"), "{call}");
}

#[test]
fn a_reset_of_the_client_reaches_its_provider_as_one() {
    const GET: &str = "GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n";
    const STREAM: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n";
    const SWITCHED: &str =
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nfirst";
    check_reset(GET, "", "");
    check_reset(GET, STREAM, STREAM);
    check_reset("POST /p/x HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf", "", "");
    check_reset(
        "POST /p/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n",
        STREAM,
        STREAM,
    );
    check_reset(
        "GET /p/x HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        SWITCHED,
        SWITCHED,
    );
}

/// A client that closes as it should is no reset, and the next one on that connection is itself.
#[test]
fn a_close_of_the_client_is_none() {
    let (called, second_call) = channel();
    let (tell, told) = channel();
    let provider = Provider::scripted(move |mut wire| {
        wire.read_call().unwrap();
        wire.send(json("200 OK", "{}"));
        wire.read_call().unwrap();
        called.send(()).unwrap();
        tell.send(wire.read_to_close().1).unwrap();
    });
    let rig = Rig::before(&provider);
    let mut first = rig.client();
    first.ask("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    first.reset();
    let mut second = rig.client();
    second.send("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    second_call.recv_timeout(PATIENCE).unwrap();
    drop(second);
    assert!(!told.recv_timeout(PATIENCE).expect("the provider's connection closes"));
}

/// It cannot be told from one that is gone, whose call must not go on being paid for.
#[test]
fn a_client_that_closes_its_sending_side_is_taken_for_gone() {
    let (tell, told) = channel();
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        tell.send(()).unwrap();
        wire.read_to_close();
        tell.send(()).unwrap();
    });
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    told.recv_timeout(PATIENCE).unwrap();
    client.close_sending_side();
    told.recv_timeout(PATIENCE).expect("the call is cancelled");
    assert_eq!(client.read_to_close().0, "");
}

#[test]
fn a_provider_that_closes_its_sending_side_has_said_all() {
    let provider = Provider::scripted(|mut wire| {
        wire.read_head();
        wire.send(OK);
        wire.close_sending_side();
        wire.read_to_close();
    });
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    for _ in 0..2 {
        assert_eq!(client.ask("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n").1, "hi");
    }
}

#[test]
fn a_client_that_breaks_off_in_its_call_leaves_no_call_that_looks_whole() {
    for begun in [
        "POST /p/x HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf!",
        "POST /p/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf!\r\n",
    ] {
        let (tell, told) = channel();
        let provider = Provider::scripted(move |mut wire| {
            wire.read_until("half!");
            tell.send(String::new()).unwrap();
            tell.send(wire.read_to_close().0).unwrap();
        });
        let rig = Rig::before(&provider);
        let mut client = rig.client();
        client.send(begun);
        told.recv_timeout(PATIENCE).unwrap();
        drop(client);
        let rest = told.recv_timeout(PATIENCE).unwrap();
        assert!(rest.is_empty() || rest == "\r\n", "{rest:?}");
    }
}
