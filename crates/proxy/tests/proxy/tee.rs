//! Invariant 4 (bounded) and half of 2: what the mirror gets is what the client saw, however the exchange ended.

use crate::support::{PATIENCE, Provider, Rig, Seen, Setup, Witness, json};
use exchange::{Capture, Exchange};
use proptest::{collection::vec, prelude::*};
use std::sync::mpsc::channel;

fn watched(provider: &Provider, change: impl FnOnce(&mut proxy::Limits)) -> (Rig, Seen) {
    let (witness, seen) = Witness::new();
    let mut setup = Setup::of(&[("p", provider.url())]).mirrored_by(witness);
    change(&mut setup.config.limits);
    (setup.start(), seen)
}

fn bodies(exchange: &Exchange) -> (Vec<u8>, Vec<u8>) {
    let bytes = |body: &exchange::Body| body.inline().unwrap().to_vec();
    (bytes(&exchange.call.body), bytes(&exchange.reply.body))
}

#[test]
fn an_exchange_is_captured_byte_for_byte() {
    let provider = Provider::answering(|_, _| json("200 OK", "{\"answer\": 1}"));
    let (rig, seen) = watched(&provider, |_| {});
    rig.client().ask(
        "POST /p/v1/chat?x=1 HTTP/1.1\r\nHost: a\r\nX-A: caf\r\nx-foreshadow-category: c\r\n\
         x-foreshadow-tenant: t\r\nconnection: x-hop\r\nx-hop: 1\r\ncontent-length: 3\r\n\r\nabc",
    );
    let exchange = seen.next();
    assert_eq!(bodies(&exchange), (b"abc".to_vec(), b"{\"answer\": 1}".to_vec()));
    assert_eq!(exchange.provider, "p");
    assert_eq!(
        (exchange.call.method.as_str(), exchange.call.path.as_str()),
        ("POST", "/v1/chat?x=1")
    );
    let headers = [("x-a", "caf"), ("content-length", "3")];
    assert_eq!(exchange.call.headers.0, headers.map(|(k, v)| (k.to_owned(), v.to_owned())));
    assert_eq!(exchange.declared.category.as_deref(), Some("c"));
    assert_eq!(exchange.declared.tenant.as_deref(), Some("t"));
    assert_eq!(exchange.reply.status, 200);
    assert_eq!(exchange.reply.headers.get("content-type"), Some("application/json"));
    assert_eq!(exchange.capture, Capture::Complete);
    assert_eq!(exchange.served.route, exchange::Route::Reference);
    assert_eq!(exchange.served.category, None);
    assert!(exchange.ttft_us.unwrap() <= exchange.latency_us);
}

#[test]
fn a_stream_is_captured_without_its_chunk_framing() {
    let provider = Provider::scripted(|mut wire| {
        wire.read_head();
        wire.send(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n",
        );
    });
    let (rig, seen) = watched(&provider, |_| {});
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    client.read_until("0\r\n\r\n");
    let exchange = seen.next();
    assert_eq!(bodies(&exchange).1, b"abcde");
    assert_eq!(exchange.capture, Capture::Complete);
}

#[test]
fn a_reply_without_a_body_is_complete_and_has_no_first_byte() {
    let provider = Provider::answering(|_, _| "HTTP/1.1 204 No Content\r\n\r\n".to_owned());
    let (rig, seen) = watched(&provider, |_| {});
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    client.read_head();
    let exchange = seen.next();
    assert_eq!((exchange.capture, exchange.ttft_us), (Capture::Complete, None));
}

#[test]
fn a_client_that_hangs_up_before_the_head_is_an_aborted_exchange() {
    let (called, call) = channel();
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        called.send(()).unwrap();
        wire.read_to_close();
    });
    let (rig, seen) = watched(&provider, |_| {});
    let mut client = rig.client();
    client.send("POST /p/x HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi");
    call.recv_timeout(PATIENCE).unwrap();
    drop(client);
    let exchange = seen.next();
    assert_eq!((exchange.capture, exchange.reply.status), (Capture::Aborted, 0));
}

#[test]
fn a_client_that_hangs_up_in_its_call_is_an_aborted_exchange_and_no_whole_call() {
    let (tell, told) = channel();
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        tell.send(()).unwrap();
        tell_rest(&tell, &wire.read_to_close().0);
    });
    let (rig, seen) = watched(&provider, |_| {});
    let mut client = rig.client();
    client.send("POST /p/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n");
    told.recv_timeout(PATIENCE).unwrap();
    drop(client);
    told.recv_timeout(PATIENCE).unwrap();
    let exchange = seen.next();
    assert_eq!((exchange.capture, exchange.reply.status), (Capture::Aborted, 0));
    assert_eq!(bodies(&exchange).0, b"hi");
}

/// The provider's side of a call that broke off: it must not look finished.
fn tell_rest(tell: &std::sync::mpsc::Sender<()>, rest: &str) {
    assert_eq!(rest, "2\r\nhi\r\n");
    tell.send(()).unwrap();
}

#[test]
fn a_client_that_hangs_up_in_a_stream_leaves_what_it_got() {
    let provider = Provider::scripted(|mut wire| {
        wire.read_head();
        wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n");
        wire.read_to_close();
    });
    let (rig, seen) = watched(&provider, |_| {});
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    client.read_until("ab\r\n");
    drop(client);
    let exchange = seen.next();
    assert_eq!((exchange.capture, exchange.reply.status), (Capture::Aborted, 200));
    assert_eq!(bodies(&exchange).1, b"ab");
}

#[test]
fn a_provider_that_dies_in_a_stream_leaves_a_truncated_exchange() {
    let provider = Provider::scripted(|mut wire| {
        wire.read_head();
        wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n");
    });
    let (rig, seen) = watched(&provider, |_| {});
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    client.read_to_close();
    let exchange = seen.next();
    assert_eq!((exchange.capture, exchange.reply.status), (Capture::Truncated, 200));
    assert_eq!(bodies(&exchange).1, b"ab");
}

#[test]
fn an_error_of_our_own_is_what_the_client_got() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (witness, seen) = Witness::new();
    let rig = Setup::of(&[("p", format!("http://{free}"))]).mirrored_by(witness).start();
    let (_, body) = rig.client().ask("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    let exchange = seen.next();
    assert_eq!((exchange.capture, exchange.reply.status), (Capture::Truncated, 502));
    assert_eq!(bodies(&exchange).1, body.as_bytes());
}

#[test]
fn a_body_over_the_limit_is_forwarded_whole_and_captured_in_part() {
    let provider = Provider::answering(|_, body| json("200 OK", &format!("{body}{body}")));
    let (rig, seen) = watched(&provider, |limits| limits.capture_body_bytes_max = 5);
    let (_, reply) =
        rig.client().ask("POST /p/x HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nabcd");
    assert_eq!(reply, "abcdabcd");
    let exchange = seen.next();
    assert_eq!(exchange.capture, Capture::Truncated);
    assert_eq!(bodies(&exchange), (b"abcd".to_vec(), b"abcda".to_vec()));
}

#[test]
fn a_tunnel_is_no_exchange() {
    let provider = Provider::scripted(|mut wire| {
        let head = wire.read_head();
        if head.contains("upgrade") {
            wire.send(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: c\r\nconnection: upgrade\r\n\r\n",
            );
        } else {
            wire.send(json("200 OK", "{}"));
        }
    });
    let (rig, seen) = watched(&provider, |_| {});
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: c\r\n\r\n");
    client.read_to_close();
    rig.client().ask("GET /p/plain HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(seen.next().call.path, "/plain");
    assert!(seen.is_empty());
}

#[test]
fn an_unknown_provider_is_no_exchange() {
    let provider = Provider::answering(|_, _| json("200 OK", "{}"));
    let (rig, seen) = watched(&provider, |_| {});
    let mut client = rig.client();
    client.ask("GET /nobody/x HTTP/1.1\r\nhost: a\r\n\r\n");
    client.ask("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(seen.next().provider, "p");
    assert!(seen.is_empty());
}

/// `body` in chunks that end wherever `cuts` says.
fn chunked(body: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (body.len() + 1)).collect();
    ends.extend([0, body.len()]);
    ends.sort_unstable();
    ends.dedup();
    let mut out = Vec::new();
    for pair in ends.windows(2) {
        out.extend_from_slice(format!("{:x}\r\n", pair[1] - pair[0]).as_bytes());
        out.extend_from_slice(&body[pair[0]..pair[1]]);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the chunks, small (copied) or large (shared): the provider gets the call's bytes, and
    /// the mirror gets those of both.
    #[test]
    fn bodies_are_captured_whole_wherever_their_chunks_end(
        call in vec(any::<u8>(), 0..20_000),
        reply in vec(any::<u8>(), 0..20_000),
        cuts in vec(any::<usize>(), 0..8),
    ) {
        let (tell, told) = channel();
        let answer = chunked(&reply, &cuts);
        let length = call.len();
        let provider = Provider::scripted(move |mut wire| {
            wire.read_head();
            tell.send(wire.read_chunks(length)).unwrap();
            wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            wire.send(&answer);
        });
        let (rig, seen) = watched(&provider, |_| {});
        let mut client = rig.client();
        client.send("POST /p/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
        client.send(chunked(&call, &cuts));
        prop_assert!(told.recv_timeout(PATIENCE).unwrap() == call);
        client.read_head();
        prop_assert!(client.read_chunks(reply.len()) == reply);
        let exchange = seen.next();
        prop_assert!(bodies(&exchange) == (call, reply));
        prop_assert_eq!(exchange.capture, Capture::Complete);
    }
}
