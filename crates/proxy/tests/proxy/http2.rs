//! Clients that speak HTTP/2 without TLS, before a provider that speaks HTTP/1.1.

use crate::{
    live::Script,
    peers::{Streams, ask, begin, call, client, driven, lines, read, run, whole},
    support::{PATIENCE, Provider, Rig, Setup, Witness, json},
};
use bytes::Bytes;
use exchange::{Capture, Route};
use h2::Reason;
use proxy::{Http2, Upstream};
use std::{
    sync::{
        Arc,
        atomic::AtomicBool,
        mpsc::{Receiver, channel},
    },
    time::Duration,
};
use tokio::net::TcpStream;

/// A provider that gives `reply` to one call, and the head and the body that it got.
fn recording(reply: &'static str) -> (Provider, Receiver<(String, String)>) {
    let (tell, told) = channel();
    let provider = Provider::answering(move |head, body| {
        tell.send((head.to_owned(), body.to_owned())).unwrap();
        reply.to_owned()
    });
    (provider, told)
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

#[test]
fn a_call_goes_out_in_http_1_1_in_its_own_order_and_in_lower_case() {
    let (provider, told) = recording(OK);
    let rig = Rig::before(&provider);
    let fields = [
        ("content-type", "application/json"),
        ("authorization", "Bearer sk-1"),
        ("x-foreshadow-tenant", "t"),
        ("content-length", "2"),
    ];
    let reply = run(async {
        ask(&client(&rig).await, call("POST", "/p/v1/chat?x=%20", &fields), "{}").await.unwrap()
    });
    let (head, body) = told.recv_timeout(PATIENCE).unwrap();
    let host = provider.addr;
    assert_eq!(
        head,
        format!(
            "POST /v1/chat?x=%20 HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
             authorization: Bearer sk-1\r\ncontent-length: 2\r\n\r\n"
        )
    );
    assert_eq!(body, "{}");
    assert_eq!((reply.status, reply.body.as_str()), (200, "hi"));
    assert_eq!(lines(&reply.head), ["content-length: 2"], "no date, nothing of ours");
}

#[test]
fn cookies_that_come_one_by_one_go_out_as_one_field() {
    let (provider, told) = recording(OK);
    let rig = Rig::before(&provider);
    let fields = [("cookie", "a=1"), ("x-a", "1"), ("cookie", "b=2")];
    run(async { ask(&client(&rig).await, call("GET", "/p/x", &fields), "").await.unwrap() });
    let head = told.recv_timeout(PATIENCE).unwrap().0;
    assert!(head.contains("cookie: a=1; b=2\r\n"), "{head}");
    assert_eq!(head.matches("cookie").count(), 1, "{head}");
}

#[test]
fn trailers_pass_both_ways_and_what_http_2_forbids_does_not() {
    let (tell, told) = channel();
    let provider = Provider::scripted(move |mut wire| {
        let head = wire.read_head();
        tell.send((head, wire.read_until("x-sum: 7\r\n\r\n"))).unwrap();
        wire.send(
            "HTTP/1.1 200 OK\r\nconnection: keep-alive, x-hop\r\nx-hop: 1\r\nkeep-alive: 5\r\n\
             trailer: grpc-status\r\ntransfer-encoding: chunked\r\n\r\n1\r\nb\r\n0\r\ngrpc-status: 0\r\n\r\n",
        );
    });
    let rig = Rig::before(&provider);
    let reply = run(async {
        let mut sender = client(&rig).await.ready().await.unwrap();
        let fields = [("te", "trailers"), ("trailer", "x-sum")];
        let (reply, mut body) = sender.send_request(call("POST", "/p/x", &fields), false).unwrap();
        body.send_data(Bytes::from_static(b"a"), false).unwrap();
        body.send_trailers(
            [("x-sum".parse().unwrap(), "7".parse().unwrap())].into_iter().collect(),
        )
        .unwrap();
        whole(reply).await.unwrap()
    });
    let (head, body) = told.recv_timeout(PATIENCE).unwrap();
    assert!(head.contains("te: trailers\r\nconnection: te\r\n"), "{head}");
    assert_eq!(body, "1\r\na\r\n0\r\nx-sum: 7\r\n\r\n");
    assert_eq!(lines(&reply.head), ["trailer: grpc-status"]);
    assert_eq!(reply.body, "b");
    assert_eq!(lines(&reply.trailers.unwrap()), ["grpc-status: 0"]);
}

#[test]
fn replies_without_a_body_keep_the_length_that_they_announce() {
    for (method, reply, status) in [
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n", 200),
        ("GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 5000\r\n\r\n", 304),
    ] {
        let rig = Rig::before(&Provider::answering(move |_, _| reply.to_owned()));
        let reply =
            run(async { ask(&client(&rig).await, call(method, "/p/x", &[]), "").await.unwrap() });
        assert_eq!((reply.status, reply.body.as_str()), (status, ""));
        assert_eq!(lines(&reply.head), ["content-length: 5000"]);
    }
    let rig =
        Rig::before(&Provider::answering(|_, _| "HTTP/1.1 204 No Content\r\n\r\n".to_owned()));
    let reply =
        run(async { ask(&client(&rig).await, call("DELETE", "/p/x", &[]), "").await.unwrap() });
    assert_eq!((reply.status, lines(&reply.head).len()), (204, 0));
}

#[test]
fn connect_is_refused_and_so_is_an_unknown_provider() {
    let rig = Rig::before(&Provider::answering(|_, _| OK.to_owned()));
    run(async {
        let client = client(&rig).await;
        let connect = http::Request::builder().method("CONNECT").uri("b.example:443");
        let reply = ask(&client, connect.body(()).unwrap(), "").await.unwrap();
        assert_eq!(reply.status, 405);
        assert!(reply.body.contains("connect_refused"), "{}", reply.body);
        let reply = ask(&client, call("GET", "/nobody/x", &[]), "").await.unwrap();
        assert_eq!(reply.status, 404);
        assert!(reply.body.contains("unknown_provider"), "{}", reply.body);
    });
}

#[test]
fn expect_goes_to_the_provider_and_its_refusal_comes_before_the_body() {
    let provider = Provider::scripted(|mut wire| {
        assert!(wire.read_head().contains("expect: 100-continue\r\n"));
        wire.send("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n");
        wire.read_at_least(1);
    });
    let mut setup = Setup::of(&[("p", provider.url())]);
    setup.config.limits.expect_wait_max = PATIENCE;
    let rig = setup.start();
    run(async {
        let mut sender = client(&rig).await.ready().await.unwrap();
        let fields = [("expect", "100-continue"), ("content-length", "3")];
        let (reply, _body) = sender.send_request(call("PUT", "/p/x", &fields), false).unwrap();
        assert_eq!(reply.await.unwrap().status(), 401);
    });
}

#[test]
fn a_client_that_takes_its_call_back_cancels_it_and_nothing_else() {
    for begun in ["", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n"] {
        let (tell, told) = channel();
        let provider = Provider::scripted(move |mut wire| {
            if !wire.read_head().starts_with("GET /long ") {
                return wire.send(OK);
            }
            wire.send(begun);
            tell.send("called").unwrap();
            wire.read_to_close();
            tell.send("cancelled").unwrap();
        });
        let (witness, seen) = Witness::new();
        let rig = Setup::of(&[("p", provider.url())]).mirrored_by(witness).start();
        run(async {
            let client = client(&rig).await;
            let mut reply = begin(&client, call("GET", "/p/long", &[]), "").await;
            let mut begun = match begun {
                "" => None,
                _ => Some((&mut reply).await.unwrap()),
            };
            if let Some(begun) = &mut begun {
                begun.body_mut().data().await.unwrap().unwrap();
            }
            let told = tokio::task::spawn_blocking(move || {
                assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "called");
                told
            });
            let told = told.await.unwrap();
            drop((reply, begun));
            let told = tokio::task::spawn_blocking(move || told.recv_timeout(PATIENCE));
            assert_eq!(told.await.unwrap().unwrap(), "cancelled");
            assert_eq!(ask(&client, call("GET", "/p/next", &[]), "").await.unwrap().body, "hi");
        });
        let exchange = seen.next();
        let status = if begun.is_empty() { 0 } else { 200 };
        assert_eq!((exchange.capture, exchange.reply.status), (Capture::Aborted, status));
    }
}

#[test]
fn a_call_that_its_client_resets_without_an_error_does_not_look_finished() {
    let (tell, told) = channel();
    let provider = Provider::scripted(move |mut wire| {
        wire.read_until("2\r\nhi\r\n");
        tell.send(String::new()).unwrap();
        tell.send(wire.read_to_close().0).unwrap();
    });
    let rig = Rig::before(&provider);
    run(async {
        let mut sender = client(&rig).await.ready().await.unwrap();
        let (_reply, mut body) = sender.send_request(call("POST", "/p/x", &[]), false).unwrap();
        body.send_data(Bytes::from_static(b"hi"), false).unwrap();
        let told = tokio::task::spawn_blocking(move || {
            told.recv_timeout(PATIENCE).unwrap();
            told
        });
        let told = told.await.unwrap();
        body.send_reset(Reason::NO_ERROR);
        let rest = tokio::task::spawn_blocking(move || told.recv_timeout(PATIENCE));
        assert_eq!(rest.await.unwrap().unwrap(), "", "no last chunk");
    });
}

#[test]
fn a_provider_that_dies_in_a_reply_resets_the_stream_after_its_last_byte() {
    for reply in [
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf!\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf!",
    ] {
        let provider = Provider::scripted(move |mut wire| {
            wire.read_head();
            wire.send(reply);
        });
        let (witness, seen) = Witness::new();
        let rig = Setup::of(&[("p", provider.url())]).mirrored_by(witness).start();
        run(async {
            let reply = begin(&client(&rig).await, call("GET", "/p/x", &[]), "").await;
            let mut body = reply.await.unwrap().into_body();
            assert_eq!(body.data().await.unwrap().unwrap(), "half!");
            let error = body.data().await.unwrap().unwrap_err();
            assert_eq!((error.is_reset(), error.reason()), (true, Some(Reason::INTERNAL_ERROR)));
        });
        assert_eq!(seen.next().capture, Capture::Truncated);
    }
}

#[test]
fn an_exchange_is_captured_like_any_other() {
    let (witness, seen) = Witness::new();
    let provider = Provider::answering(|_, body| json("200 OK", body));
    let rig = Setup::of(&[("p", provider.url())]).mirrored_by(witness).start();
    let fields = [("x-a", "1"), ("x-foreshadow-category", "c"), ("content-length", "3")];
    run(async {
        ask(&client(&rig).await, call("POST", "/p/v1/chat?x=1", &fields), "abc").await.unwrap()
    });
    let over_2 = seen.next();
    rig.client().ask(
        "POST /p/v1/chat?x=1 HTTP/1.1\r\nhost: a.example\r\nx-a: 1\r\nx-foreshadow-category: c\r\n\
         content-length: 3\r\n\r\nabc",
    );
    let over_1 = seen.next();
    assert_eq!(over_2.capture, Capture::Complete);
    assert_eq!(over_2.call, over_1.call);
    assert_eq!(over_2.reply, over_1.reply);
    assert_eq!(over_2.declared, over_1.declared);
    assert!(over_2.ttft_us.unwrap() <= over_2.latency_us);
}

#[test]
fn calls_on_one_connection_do_not_wait_for_each_other() {
    let (go, wait) = channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let provider = Provider::scripted(move |mut wire| {
        while let Some((head, _)) = wire.read_call() {
            if head.starts_with("GET /slow ") {
                wait.lock().unwrap().recv_timeout(PATIENCE).unwrap();
            }
            wire.send(OK);
        }
    });
    let rig = Rig::before(&provider);
    run(async {
        let client = client(&rig).await;
        let slow = begin(&client, call("GET", "/p/slow", &[]), "").await;
        for _ in 0..5 {
            assert_eq!(ask(&client, call("GET", "/p/fast", &[]), "").await.unwrap().body, "hi");
        }
        go.send(()).unwrap();
        assert_eq!(whole(slow).await.unwrap().body, "hi");
    });
}

#[test]
fn a_slow_reader_holds_up_its_provider_and_nobody_else() {
    const PART: usize = 64 << 10;
    const PARTS: usize = 1024;
    let (tell, told) = channel();
    let provider = Provider::scripted(move |mut wire| {
        if !wire.read_head().starts_with("GET /much ") {
            return wire.send(OK);
        }
        wire.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", PART * PARTS));
        for part in 1..=PARTS {
            wire.send(vec![b'x'; PART]);
            tell.send(part).unwrap();
        }
    });
    let rig = Rig::before(&provider);
    run(async {
        let client = client(&rig).await;
        let reply = begin(&client, call("GET", "/p/much", &[]), "").await.await.unwrap();
        let told = tokio::task::spawn_blocking(move || {
            let mut sent = 0;
            // Until the provider's socket takes no more: what lies between fits into both sockets'
            // buffers and a window.
            while let Ok(part) = told.recv_timeout(Duration::from_millis(500)) {
                sent = part;
            }
            (sent, told)
        });
        let (sent, told) = told.await.unwrap();
        assert!(sent < PARTS / 2, "{sent} parts of {PARTS} were taken from the provider");
        assert_eq!(ask(&client, call("GET", "/p/little", &[]), "").await.unwrap().body, "hi");
        let mut body = reply.into_body();
        assert_eq!(read(&mut body).await.unwrap().len(), PART * PARTS);
        drop(told);
    });
}

#[test]
fn a_call_at_shutdown_is_answered_and_then_the_connection_closes() {
    let (called, was_called) = channel();
    let (go, wait) = channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        called.send(()).unwrap();
        wait.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        wire.send(OK);
    });
    let mut setup = Setup::of(&[("p", provider.url())]);
    setup.config.limits.drain_wait_max = PATIENCE;
    let rig = setup.start();
    run(async {
        let stream = TcpStream::connect(rig.addr).await.unwrap();
        let (client, ended) = driven(stream).await;
        let reply = begin(&client, call("GET", "/p/x", &[]), "").await;
        let wait = tokio::task::spawn_blocking(move || was_called.recv_timeout(PATIENCE));
        wait.await.unwrap().unwrap();
        rig.begin_stop();
        go.send(()).unwrap();
        assert_eq!(whole(reply).await.unwrap().body, "hi");
        // It is the proxy that closes: the client keeps what it could ask with.
        ended.await.unwrap().unwrap();
        assert!(client.ready().await.is_err());
    });
    rig.stop();
}

#[test]
fn a_call_of_a_live_category_is_steered_like_any_other() {
    let reference = Provider::answering(|_, _| json("200 OK", "{\"by\":\"reference\"}"));
    let candidate = Streams::answering(|mut asked| async move {
        assert_eq!(asked.request.headers()["authorization"], "Bearer our-key");
        assert!(!asked.request.headers().contains_key("x-private"));
        assert_eq!(asked.body().await.unwrap(), "rewritten");
        let reply = http::Response::builder().header("content-type", "application/json");
        let mut body = asked.respond.send_response(reply.body(()).unwrap(), false).unwrap();
        body.send_data(Bytes::from_static(b"{\"by\":\"small\"}"), true).unwrap();
    });
    let live = Arc::new(AtomicBool::new(true));
    let (witness, seen) = Witness::new();
    let mut setup = Setup::of(&[("p", reference.url())])
        .mirrored_by(witness)
        .steered_by(Script { turn: Route::Live, live });
    let small = Upstream::new("c", &candidate.url()).unwrap().speaking(Http2::Known);
    setup.config.upstreams.push(small);
    let rig = setup.start();
    run(async {
        let client = client(&rig).await;
        let fields = [("authorization", "Bearer good"), ("x-private", "1")];
        let chat = || call("POST", "/p/v1/chat/completions", &fields);
        for (by, route) in [("reference", "reference"), ("small", "live")] {
            let reply = ask(&client, chat(), "summarise that").await.unwrap();
            assert_eq!(reply.body, format!("{{\"by\":\"{by}\"}}"));
            assert_eq!(reply.head["x-foreshadow-route"], route);
            assert!(reply.head.contains_key("x-foreshadow-cost-usd"));
        }
    });
    assert_eq!(seen.next().served.candidate, None);
    let exchange = seen.next();
    assert_eq!(exchange.call.body.inline().unwrap(), "summarise that");
    assert_eq!(exchange.served.candidate.as_deref(), Some("small"));
    assert_eq!(exchange.capture, Capture::Complete);
}
