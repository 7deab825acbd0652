//! Where a body ends: every reader of it is to see the same end, or nothing goes on.

use crate::{
    meters::Counts,
    peers::{ask, call, client, lines, run},
    support::{PATIENCE, Provider, Rig, Setup, Witness, json},
    transparency::{Case, check},
};
use bytes::Bytes;
use std::sync::{Arc, mpsc::channel};

const CALL: &str = "GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n";
const FORWARDED: &str = "GET /x HTTP/1.1\r\nhost: {host}\r\n\r\n";

/// A length beside a transfer coding says nothing, and a client that reads it would read wrong.
#[test]
fn a_reply_with_a_length_and_chunks_goes_on_in_chunks() {
    let chunks = "4\r\nwxyz\r\n0\r\n\r\n";
    for fields in [
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 9\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 4\r\ncontent-length: 4\r\n",
    ] {
        let reply = format!("HTTP/1.1 200 OK\r\n{fields}\r\n{chunks}");
        check(&Case {
            call: CALL,
            forwarded: FORWARDED,
            reply: reply.leak(),
            returned: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nwxyz\r\n0\r\n\r\n",
        });
    }
}

#[test]
fn a_reply_as_it_is_until_its_connection_ends_goes_on_in_chunks() {
    check(&Case {
        call: CALL,
        forwarded: FORWARDED,
        reply: "HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\ncontent-length: 2\r\n\r\nhi",
        returned: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    });
}

#[test]
fn a_call_whose_coding_two_readers_may_read_otherwise_is_refused() {
    let provider = Provider::answering(|_, body| json("200 OK", body));
    let counts = Arc::new(Counts::default());
    let rig =
        metrics::with_local_recorder(&*counts, || Setup::of(&[("p", provider.url())]).start());
    for coding in [
        "transfer-encoding: gzip\r\ntransfer-encoding: chunked",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked, chunked",
    ] {
        let mut client = rig.client();
        client
            .send(format!("POST /p/x HTTP/1.1\r\nhost: a\r\n{coding}\r\n\r\n1\r\na\r\n0\r\n\r\n"));
        let head = client.read_head();
        assert!(head.starts_with("HTTP/1.1 501 ") || head.starts_with("HTTP/1.1 400 "), "{head}");
    }
    assert_eq!(provider.connections(), 0);
    let refused = "foreshadow_live_refusals_total{code=transfer_coding_unknown}";
    assert!(
        counts.above_zero().iter().any(|(name, _)| name == refused),
        "{:?}",
        counts.above_zero()
    );
}

#[test]
fn equal_lengths_of_an_http_2_call_go_out_as_one_and_those_of_a_reply_come_back_as_one() {
    let (tell, told) = channel();
    let provider = Provider::answering(move |head, _| {
        tell.send(head.to_owned()).unwrap();
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-a: 1\r\ncontent-length: 2\r\n\r\nhi".to_owned()
    });
    let rig = Rig::before(&provider);
    let fields = [("content-length", "2"), ("x-b", "1"), ("content-length", "2")];
    let reply =
        run(async { ask(&client(&rig).await, call("POST", "/p/x", &fields), "{}").await.unwrap() });
    let head = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(head.matches("content-length: 2\r\n").count(), 1, "{head}");
    assert_eq!(lines(&reply.head), ["content-length: 2", "x-a: 1"]);
    assert_eq!(reply.body, "hi");
}

#[test]
fn trailers_that_are_for_us_end_here() {
    let (tell, told) = channel();
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        tell.send(wire.read_until("x-sum: 7\r\n\r\n")).unwrap();
        wire.send(json("200 OK", "{}"));
    });
    let rig = Rig::before(&provider);
    run(async {
        let mut sender = client(&rig).await.ready().await.unwrap();
        let announced = [("te", "trailers"), ("trailer", "x-foreshadow-tenant, x-sum")];
        let (reply, mut body) =
            sender.send_request(call("POST", "/p/x", &announced), false).unwrap();
        body.send_data(Bytes::from_static(b"a"), false).unwrap();
        let trailers = [("x-foreshadow-tenant", "t"), ("x-sum", "7")];
        let trailers =
            trailers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        body.send_trailers(trailers.into_iter().collect()).unwrap();
        reply.await.unwrap();
    });
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "1\r\na\r\n0\r\nx-sum: 7\r\n\r\n");
}

/// Accepted, every call on it would pass unseen.
#[test]
fn a_call_that_offers_http_2_on_its_connection_is_answered_where_it_is() {
    let (tell, told) = channel();
    let provider = Provider::answering(move |head, _| {
        tell.send(head.to_owned()).unwrap();
        json("200 OK", "{}")
    });
    let (witness, seen) = Witness::new();
    let rig = Setup::of(&[("p", provider.url())]).mirrored_by(witness).start();
    rig.client().ask(
        "GET /p/x HTTP/1.1\r\nhost: a\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\n\
         http2-settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n",
    );
    let head = told.recv_timeout(PATIENCE).unwrap();
    assert!(!head.contains("upgrade") && !head.contains("http2-settings"), "{head}");
    assert_eq!(seen.next().call.path, "/x");
}

#[test]
fn a_status_that_nobody_knows_passes_and_is_counted() {
    let provider = Provider::answering(|_, _| json("799 Odd", "{}"));
    let counts = Counts::default();
    let rig = metrics::with_local_recorder(&counts, || Setup::of(&[("p", provider.url())]).start());
    let (head, _) = rig.client().ask(CALL);
    assert!(head.starts_with("HTTP/1.1 799 Odd\r\n"), "{head}");
    rig.stop();
    let counted = "foreshadow_live_requests_total{provider=p,route=reference,status=other}";
    assert!(counts.above_zero().contains(&(counted.to_owned(), 1)), "{:?}", counts.above_zero());
}
