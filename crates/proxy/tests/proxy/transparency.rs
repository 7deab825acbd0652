//! Invariant 2: what a client and a provider see of each other: golden bytes on both sides.

use crate::support::{Provider, Rig, Setup, Wire, json};
use std::sync::mpsc::channel;

/// What goes in on one side and must come out on the other; `{host}` is the provider's authority.
pub(crate) struct Case {
    pub(crate) call: &'static str,
    pub(crate) forwarded: &'static str,
    pub(crate) reply: &'static str,
    pub(crate) returned: &'static str,
}

pub(crate) fn check(case: &Case) {
    let (tell, forwarded) = channel();
    let expected = case.forwarded.to_owned();
    let reply = case.reply;
    let provider = Provider::scripted(move |mut wire| {
        let host = format!("127.0.0.1:{}", wire.local_port());
        let expected = expected.replace("{host}", &host);
        let got = wire.read_at_least(expected.len());
        tell.send((got, expected)).unwrap();
        wire.send(reply);
    });
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    client.send(case.call);
    let (got, expected) = forwarded.recv_timeout(crate::support::PATIENCE).unwrap();
    assert_eq!(got, expected, "what the provider got");
    assert_eq!(client.read_at_least(case.returned.len()), case.returned, "what the client got");
}

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

#[test]
fn a_call_with_a_length_keeps_its_spelling_order_and_body() {
    check(&Case {
        call: "POST /p/v1/chat/completions HTTP/1.1\r\nHost: proxy\r\nContent-Type: application/json\r\n\
               Authorization: Bearer sk-1\r\nX-Stainless-Lang: python\r\nContent-Length: 13\r\n\r\n{\"model\":\"m\"}",
        forwarded: "POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
               Authorization: Bearer sk-1\r\nX-Stainless-Lang: python\r\nContent-Length: 13\r\n\r\n{\"model\":\"m\"}",
        reply: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-ID: req_1\r\n\
               CF-RAY: a\r\nContent-Length: 2\r\n\r\n{}",
        returned: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-ID: req_1\r\n\
               CF-RAY: a\r\nContent-Length: 2\r\n\r\n{}",
    });
}

#[test]
fn a_chunked_call_and_a_chunked_reply_stay_chunked() {
    check(&Case {
        call: "POST /p/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        forwarded: "POST /x HTTP/1.1\r\nhost: {host}\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        reply: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nwxyz\r\n0\r\n\r\n",
        returned: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nwxyz\r\n0\r\n\r\n",
    });
}

#[test]
fn a_call_without_a_body_gets_no_framing_of_ours() {
    check(&Case {
        call: "GET /p/v1/models HTTP/1.1\r\nhost: a\r\naccept: */*\r\n\r\n",
        forwarded: "GET /v1/models HTTP/1.1\r\nhost: {host}\r\naccept: */*\r\n\r\n",
        reply: OK,
        returned: OK,
    });
}

#[test]
fn a_length_of_zero_is_kept_both_ways() {
    check(&Case {
        call: "POST /p/x HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n",
        forwarded: "POST /x HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n",
        reply: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        returned: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    });
}

#[test]
fn hop_by_hop_fields_and_those_that_connection_names_end_here() {
    check(&Case {
        call: "GET /p/x HTTP/1.1\r\nhost: a\r\nconnection: x-foo-bar, keep-alive\r\nx-foo-bar: 1\r\n\
               keep-alive: 500\r\nproxy-connection: a\r\nte: gzip\r\nx-kept: 1\r\n\r\n",
        forwarded: "GET /x HTTP/1.1\r\nhost: {host}\r\nx-kept: 1\r\n\r\n",
        reply: "HTTP/1.1 200 OK\r\nconnection: x-quux\r\nx-quux: 1\r\nkeep-alive: 5\r\n\
               proxy-connection: a\r\nx-kept: 1\r\ncontent-length: 0\r\n\r\n",
        returned: "HTTP/1.1 200 OK\r\nx-kept: 1\r\ncontent-length: 0\r\n\r\n",
    });
}

#[test]
fn connection_cannot_name_the_framing_away() {
    check(&Case {
        call: "POST /p/x HTTP/1.1\r\nhost: a\r\nconnection: content-length\r\ncontent-length: 3\r\n\r\nabc",
        forwarded: "POST /x HTTP/1.1\r\nhost: {host}\r\ncontent-length: 3\r\n\r\nabc",
        reply: OK,
        returned: OK,
    });
}

#[test]
fn our_own_request_fields_end_here() {
    check(&Case {
        call: "GET /p/x HTTP/1.1\r\nhost: a\r\nX-Foreshadow-Category: c\r\nx-foreshadow-tenant: t\r\n\
               x-foreshadow-anything: 1\r\nx-other: 1\r\n\r\n",
        forwarded: "GET /x HTTP/1.1\r\nhost: {host}\r\nx-other: 1\r\n\r\n",
        reply: OK,
        returned: OK,
    });
}

#[test]
fn a_client_that_wants_to_close_gets_its_reply_and_the_close() {
    check(&Case {
        call: "GET /p/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        forwarded: "GET /x HTTP/1.1\r\nhost: {host}\r\n\r\n",
        reply: OK,
        returned: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi",
    });
}

#[test]
fn http_1_0_without_a_host_is_served() {
    check(&Case {
        call: "GET /p/x HTTP/1.0\r\n\r\n",
        forwarded: "GET /x HTTP/1.1\r\nhost: {host}\r\n\r\n",
        reply: OK,
        returned: "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi",
    });
}

#[test]
fn an_absolute_form_is_cut_like_any_path() {
    check(&Case {
        call: "GET http://elsewhere.example/p/x?y=1 HTTP/1.1\r\nhost: other\r\n\r\n",
        forwarded: "GET /x?y=1 HTTP/1.1\r\nhost: {host}\r\n\r\n",
        reply: OK,
        returned: OK,
    });
}

#[test]
fn paths_and_queries_are_not_normalised() {
    check(&Case {
        call: "GET /p//a/../b%2Fc/%7e?q=%20+&&x=[1] HTTP/1.1\r\nhost: a\r\n\r\n",
        forwarded: "GET //a/../b%2Fc/%7e?q=%20+&&x=[1] HTTP/1.1\r\nhost: {host}\r\n\r\n",
        reply: OK,
        returned: OK,
    });
}

#[test]
fn a_provider_alone_in_the_path_gets_its_root() {
    check(&Case {
        call: "GET /p?q=1 HTTP/1.1\r\nhost: a\r\n\r\n",
        forwarded: "GET /?q=1 HTTP/1.1\r\nhost: {host}\r\n\r\n",
        reply: OK,
        returned: OK,
    });
}

#[test]
fn any_method_is_forwarded() {
    check(&Case {
        call: "BREW /p/pot HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx",
        forwarded: "BREW /pot HTTP/1.1\r\nhost: {host}\r\ncontent-length: 1\r\n\r\nx",
        reply: "HTTP/1.1 418 I'm a teapot\r\ncontent-length: 0\r\n\r\n",
        returned: "HTTP/1.1 418 I'm a teapot\r\ncontent-length: 0\r\n\r\n",
    });
}

#[test]
fn a_head_reply_keeps_its_length_and_has_no_body() {
    check(&Case {
        call: "HEAD /p/x HTTP/1.1\r\nhost: a\r\n\r\n",
        forwarded: "HEAD /x HTTP/1.1\r\nhost: {host}\r\n\r\n",
        reply: "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n",
        returned: "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n",
    });
}

#[test]
fn a_204_has_neither_body_nor_framing() {
    check(&Case {
        call: "DELETE /p/x HTTP/1.1\r\nhost: a\r\n\r\n",
        forwarded: "DELETE /x HTTP/1.1\r\nhost: {host}\r\n\r\n",
        reply: "HTTP/1.1 204 No Content\r\nx-a: 1\r\n\r\n",
        returned: "HTTP/1.1 204 No Content\r\nx-a: 1\r\n\r\n",
    });
}

#[test]
fn a_304_keeps_the_length_that_it_announces() {
    check(&Case {
        call: "GET /p/x HTTP/1.1\r\nhost: a\r\nif-none-match: \"e\"\r\n\r\n",
        forwarded: "GET /x HTTP/1.1\r\nhost: {host}\r\nif-none-match: \"e\"\r\n\r\n",
        reply: "HTTP/1.1 304 Not Modified\r\netag: \"e\"\r\ncontent-length: 77\r\n\r\n",
        returned: "HTTP/1.1 304 Not Modified\r\netag: \"e\"\r\ncontent-length: 77\r\n\r\n",
    });
}

#[test]
fn a_redirect_is_the_clients_to_follow() {
    check(&Case {
        call: "GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n",
        forwarded: "GET /x HTTP/1.1\r\nhost: {host}\r\n\r\n",
        reply: "HTTP/1.1 307 Temporary Redirect\r\nlocation: https://b.example/\r\ncontent-length: 0\r\n\r\n",
        returned: "HTTP/1.1 307 Temporary Redirect\r\nlocation: https://b.example/\r\ncontent-length: 0\r\n\r\n",
    });
}

#[test]
fn a_reason_of_the_providers_own_is_kept() {
    check(&Case {
        call: "GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n",
        forwarded: "GET /x HTTP/1.1\r\nhost: {host}\r\n\r\n",
        reply: "HTTP/1.1 529 Overloaded Right Now\r\ncontent-length: 0\r\n\r\n",
        returned: "HTTP/1.1 529 Overloaded Right Now\r\ncontent-length: 0\r\n\r\n",
    });
}

#[test]
fn compressed_bytes_stay_compressed() {
    check(&Case {
        call: "GET /p/x HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip, br\r\n\r\n",
        forwarded: "GET /x HTTP/1.1\r\nhost: {host}\r\naccept-encoding: gzip, br\r\n\r\n",
        reply: "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\n\x1f\x0b\x08",
        returned: "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\n\x1f\x0b\x08",
    });
}

#[test]
fn duplicates_keep_their_order_each_beside_its_first() {
    check(&Case {
        call: "GET /p/x HTTP/1.1\r\nhost: a\r\nX-A: 1\r\nx-b: 2\r\nx-a: 3\r\n\r\n",
        forwarded: "GET /x HTTP/1.1\r\nhost: {host}\r\nX-A: 1\r\nx-a: 3\r\nx-b: 2\r\n\r\n",
        reply: "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 0\r\n\r\n",
        returned: "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 0\r\n\r\n",
    });
}

#[test]
fn announced_trailers_pass_both_ways() {
    check(&Case {
        call: "POST /p/x HTTP/1.1\r\nhost: a\r\nte: trailers\r\ntrailer: x-sum\r\n\
               transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-sum: 7\r\n\r\n",
        forwarded: "POST /x HTTP/1.1\r\nhost: {host}\r\ntrailer: x-sum\r\n\
               transfer-encoding: chunked\r\nte: trailers\r\nconnection: te\r\n\r\n1\r\na\r\n0\r\nx-sum: 7\r\n\r\n",
        reply: "HTTP/1.1 200 OK\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n\
               1\r\nb\r\n0\r\nx-sum: 8\r\n\r\n",
        returned: "HTTP/1.1 200 OK\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n\
               1\r\nb\r\n0\r\nx-sum: 8\r\n\r\n",
    });
}

#[test]
fn an_early_hint_is_not_taken_for_the_reply() {
    check(&Case {
        call: "GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n",
        forwarded: "GET /x HTTP/1.1\r\nhost: {host}\r\n\r\n",
        reply: "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
        returned: OK,
    });
}

#[test]
fn a_reply_that_ends_with_its_connection_is_framed_anew() {
    check(&Case {
        call: "GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n",
        forwarded: "GET /x HTTP/1.1\r\nhost: {host}\r\n\r\n",
        reply: "HTTP/1.1 200 OK\r\nx-a: 1\r\n\r\nbody",
        returned: "HTTP/1.1 200 OK\r\nx-a: 1\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    });
}

#[test]
fn a_reply_that_ends_with_its_connection_ends_so_for_http_1_0() {
    let provider = Provider::scripted(|mut wire| {
        wire.read_head();
        wire.send("HTTP/1.0 200 OK\r\n\r\nbody");
    });
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.0\r\n\r\n");
    let (got, _) = client.read_to_close();
    assert_eq!(got, "HTTP/1.0 200 OK\r\n\r\nbody");
}

#[test]
fn a_base_url_may_have_a_path() {
    let provider = Provider::answering(|head, _| json("200 OK", head.lines().next().unwrap()));
    let rig = Setup::of(&[("p", format!("{}/api/v1/", provider.url()))]).start();
    let (_, body) = rig.client().ask("GET /p/chat HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(body, "GET /api/v1/chat HTTP/1.1");
}

#[test]
fn each_chunk_reaches_the_client_before_the_next_is_sent() {
    let (go, wait) = channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        wire.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
        for part in ["data: 1\n\n", "data: 2\n\n"] {
            wire.send(format!("{:x}\r\n{part}\r\n", part.len()));
            wait.lock().unwrap().recv_timeout(crate::support::PATIENCE).unwrap();
        }
        wire.send("0\r\n\r\n");
    });
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    client.send("POST /p/x HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
    client.read_until("data: 1\n\n\r\n");
    go.send(()).unwrap();
    client.read_until("data: 2\n\n\r\n");
    go.send(()).unwrap();
    client.read_until("0\r\n\r\n");
}

#[test]
fn each_chunk_of_a_call_reaches_the_provider_before_the_next_is_sent() {
    let (tell, told) = channel();
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        for part in ["1\r\na\r\n", "1\r\nb\r\n", "0\r\n\r\n"] {
            wire.read_until(part);
            tell.send(()).unwrap();
        }
        wire.send(OK);
    });
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    client.send("POST /p/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    for part in ["1\r\na\r\n", "1\r\nb\r\n", "0\r\n\r\n"] {
        client.send(part);
        told.recv_timeout(crate::support::PATIENCE).unwrap();
    }
    client.read_until("hi");
}

#[test]
fn expect_waits_for_the_providers_word() {
    let provider = Provider::scripted(|mut wire| {
        wire.read_until("expect: 100-continue\r\ncontent-length: 3\r\n\r\n");
        wire.send("HTTP/1.1 100 Continue\r\n\r\n");
        assert_eq!(wire.read_exact(3), b"abc");
        wire.send(OK);
    });
    let mut setup = Setup::of(&[("p", provider.url())]);
    setup.config.limits.expect_wait_max = crate::support::PATIENCE;
    let rig = setup.start();
    let mut client = rig.client();
    client
        .send("PUT /p/x HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n");
    assert_eq!(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc");
    client.read_until("hi");
}

#[test]
fn expect_that_the_provider_refuses_is_refused_before_the_body() {
    let provider = Provider::scripted(|mut wire| {
        wire.read_head();
        wire.send("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n");
        wire.read_at_least(1);
    });
    let mut setup = Setup::of(&[("p", provider.url())]);
    setup.config.limits.expect_wait_max = crate::support::PATIENCE;
    let rig = setup.start();
    let mut client = rig.client();
    client
        .send("PUT /p/x HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n");
    assert!(client.read_head().starts_with("HTTP/1.1 401 Unauthorized\r\n"));
}

#[test]
fn a_provider_that_dies_in_a_reply_with_a_length_looks_dead() {
    dies_after("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf!", "half!");
}

#[test]
fn a_provider_that_dies_in_a_stream_looks_dead_and_its_last_chunk_arrives() {
    dies_after(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf!\r\n",
        "5\r\nhalf!\r\n",
    );
}

#[test]
fn a_provider_that_dies_in_a_reply_to_http_1_0_resets_the_connection() {
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf!\r\n");
    });
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.0\r\n\r\n");
    assert_eq!(client.read_to_close(), ("HTTP/1.0 200 OK\r\n\r\nhalf!".to_owned(), true));
}

/// The client gets what was sent, and then a connection that closes without the end of the body.
fn dies_after(reply: &'static str, body: &str) {
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        wire.send(reply);
    });
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    client.read_head();
    let (got, _) = client.read_to_close();
    assert_eq!(got, body);
}

#[test]
fn a_client_that_hangs_up_before_the_head_cancels_the_call() {
    cancels("", 0);
}

#[test]
fn a_client_that_hangs_up_in_a_stream_cancels_the_call() {
    cancels("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n", 1);
}

fn cancels(begun: &'static str, wants: usize) {
    let (tell, told) = channel();
    let (called, call) = channel();
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        wire.send(begun);
        called.send(()).unwrap();
        wire.read_to_close();
        tell.send(()).unwrap();
    });
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    call.recv_timeout(crate::support::PATIENCE).unwrap();
    client.read_at_least(wants);
    drop(client);
    told.recv_timeout(crate::support::PATIENCE).expect("the provider's connection closes");
}

#[test]
fn an_upgrade_becomes_a_tunnel() {
    let provider = Provider::scripted(|mut wire| {
        let head = wire.read_head();
        assert!(head.contains("upgrade: chat\r\n"), "{head}");
        assert!(head.contains("connection: upgrade\r\n"), "{head}");
        wire.send(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: chat\r\nconnection: upgrade\r\n\r\nfirst",
        );
        assert_eq!(wire.read_exact(4), b"ping");
        wire.send("pong");
    });
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: chat\r\n\r\n");
    let head = client.read_head();
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    assert!(head.contains("upgrade: chat\r\n"), "{head}");
    assert_eq!(client.read_exact(5), b"first");
    client.send("ping");
    assert_eq!(client.read_to_close().0, "pong");
}

#[test]
fn an_upgrade_that_the_provider_declines_is_a_plain_reply() {
    let provider = Provider::answering(|_, _| json("200 OK", "{}"));
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    let call = "GET /p/x HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n";
    assert_eq!(client.ask(call).1, "{}");
    assert_eq!(client.ask(call).1, "{}");
}

#[test]
fn connect_is_refused() {
    check_refusal("CONNECT example.com:443 HTTP/1.1\r\nhost: a\r\n\r\n", "405", "connect_refused");
}

#[test]
fn an_unknown_provider_is_refused_with_the_names_of_those_there_are() {
    let body =
        check_refusal("GET /nobody/v1 HTTP/1.1\r\nhost: a\r\n\r\n", "404", "unknown_provider");
    assert!(body.contains("`nobody`") && body.contains("one of p"), "{body}");
}

#[test]
fn an_unreachable_provider_is_a_502_that_names_it() {
    let body = check_refusal(
        "GET /p/v1?key=sk-secret HTTP/1.1\r\nauthorization: Bearer sk-secret\r\nhost: a\r\n\r\n",
        "502",
        "upstream_unreachable",
    );
    assert!(body.contains("`p`") && !body.contains("sk-secret"), "{body}");
}

/// Errors of our own have OpenAI's shape. The provider's port is one that nobody listens on.
fn check_refusal(call: &str, status: &str, code: &str) -> String {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let rig = Setup::of(&[("p", format!("http://{free}"))]).start();
    let (head, body) = rig.client().ask(call);
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    let error = &serde_json::from_str::<serde_json::Value>(&body).unwrap()["error"];
    assert_eq!(error["code"], code);
    assert!(error["message"].is_string() && error["type"].is_string() && error["param"].is_null());
    body
}

#[test]
fn a_provider_that_does_not_begin_to_reply_is_a_504() {
    let provider = Provider::scripted(|mut wire| {
        wire.read_to_close();
    });
    let mut setup = Setup::of(&[("p", provider.url())]);
    setup.config.limits.head_wait_max = std::time::Duration::from_millis(50);
    let rig = setup.start();
    let (head, body) = rig.client().ask("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 504 "), "{head}");
    assert!(body.contains("upstream_timeout"), "{body}");
}

#[test]
fn a_head_over_the_limit_is_a_431() {
    let provider = Provider::answering(|_, _| json("200 OK", "{}"));
    let mut setup = Setup::of(&[("p", provider.url())]);
    setup.config.limits.head_bytes_max = 1024;
    let rig = setup.start();
    let mut client = rig.client();
    client.send(format!("GET /p/x HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "y".repeat(2048)));
    assert!(client.read_head().starts_with("HTTP/1.1 431 "));
}

#[test]
fn pipelined_calls_are_answered_in_order() {
    let provider = Provider::answering(|head, _| json("200 OK", &head[..6]));
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    client.send("GET /p/1 HTTP/1.1\r\nhost: a\r\n\r\nGET /p/2 HTTP/1.1\r\nhost: a\r\n\r\n");
    client.read_until("GET /1");
    client.read_until("GET /2");
}

#[test]
fn an_8_bit_header_value_passes_unchanged() {
    let provider = Provider::scripted(|mut wire| {
        let head = wire.read_head();
        assert!(head.contains("x-a: caf\u{e9}\r\n"), "{head}");
        wire.send(b"HTTP/1.1 200 OK\r\nx-b: na\xefve\r\ncontent-length: 0\r\n\r\n");
    });
    let rig = Rig::before(&provider);
    let mut client: Wire = rig.client();
    client.send(b"GET /p/x HTTP/1.1\r\nhost: a\r\nx-a: caf\xe9\r\n\r\n");
    assert!(client.read_head().contains("x-b: na\u{ef}ve\r\n"));
}

#[test]
fn a_large_body_arrives_whole_both_ways() {
    let provider = Provider::answering(|_, body| json("200 OK", body));
    let rig = Rig::before(&provider);
    let body = (0..3_000_000_u32).map(|n| char::from(b'a' + (n % 23) as u8)).collect::<String>();
    let head = format!("POST /p/x HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut client = rig.client();
    let (_, got) = client.ask(&format!("{head}{body}"));
    assert!(got == body, "{} bytes of {}", got.len(), body.len());
}

#[test]
fn a_call_at_shutdown_is_answered_and_then_the_connection_closes() {
    let (called, call) = channel();
    let (go, wait) = channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        called.send(()).unwrap();
        wait.lock().unwrap().recv_timeout(crate::support::PATIENCE).unwrap();
        wire.send(OK);
    });
    let mut setup = Setup::of(&[("p", provider.url())]);
    setup.config.limits.drain_wait_max = crate::support::PATIENCE;
    let rig = setup.start();
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    call.recv_timeout(crate::support::PATIENCE).unwrap();
    rig.begin_stop();
    go.send(()).unwrap();
    assert!(client.read_to_close().0.ends_with("hi"));
    rig.stop();
}
