//! Providers that speak HTTP/2, asked by clients that speak it: foreign peers on both sides.

use crate::{
    peers::{
        Asked, DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, STATUS_200, Streams, ask, begin,
        call, client, frame, greet, lines, read, read_frame, run, whole,
    },
    support::{PATIENCE, Provider, Rig, Setup, Witness, json},
};
use bytes::Bytes;
use exchange::Capture;
use h2::Reason;
use http::{HeaderMap, Response};
use proxy::{Http2, Limits, Upstream};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
    mpsc::channel,
};
use tokio::task::spawn_blocking;

/// In front of a provider at `url` that is known to speak HTTP/2.
pub(crate) fn setup(url: &str) -> Setup {
    let mut setup = Setup::of(&[]);
    setup.config.upstreams = vec![Upstream::new("p", url).unwrap().speaking(Http2::Known)];
    setup
}

pub(crate) fn before(provider: &Streams) -> Rig {
    setup(&provider.url()).start()
}

pub(crate) fn limited(provider: &Streams, change: impl FnOnce(&mut Limits)) -> Rig {
    let mut setup = setup(&provider.url());
    change(&mut setup.config.limits);
    setup.start()
}

pub(crate) async fn echo(mut asked: Asked) {
    let body = asked.body().await.unwrap();
    asked.answer(&body);
}

fn trailers(name: &'static str, value: &'static str) -> HeaderMap {
    [(name.parse().unwrap(), value.parse().unwrap())].into_iter().collect()
}

#[test]
fn a_call_arrives_as_it_was_sent_but_for_its_authority() {
    let (tell, told) = channel();
    let provider = Streams::answering(move |mut asked| {
        let tell = tell.clone();
        async move {
            let body = asked.body().await.unwrap();
            let trailers = asked.request.body_mut().trailers().await.unwrap();
            let (parts, _) = asked.request.into_parts();
            tell.send((parts, body, trailers)).unwrap();
            let reply =
                Response::builder().status(529).header("x-b", "na\u{ef}ve").body(()).unwrap();
            let mut stream = asked.respond.send_response(reply, false).unwrap();
            stream.send_data(Bytes::from_static(b"b"), false).unwrap();
            stream.send_trailers(self::trailers("grpc-status", "0")).unwrap();
        }
    });
    let (witness, seen) = Witness::new();
    let rig = setup(&format!("{}/api/", provider.url())).mirrored_by(witness).start();
    let reply = run(async {
        let mut sender = client(&rig).await.ready().await.unwrap();
        let fields = [
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("x-foreshadow-category", "c"),
            ("cookie", "a=1"),
            ("cookie", "b=2"),
            ("host", "a.example"),
        ];
        let (reply, mut body) =
            sender.send_request(call("POST", "/p//v1/%7e?q=%20", &fields), false).unwrap();
        body.send_data(Bytes::from_static(b"a"), false).unwrap();
        body.send_trailers(trailers("x-sum", "7")).unwrap();
        whole(reply).await.unwrap()
    });
    let (parts, body, sent) = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(parts.method, "POST");
    assert_eq!(parts.uri.to_string(), format!("{}/api//v1/%7e?q=%20", provider.url()));
    let fields = ["content-type: application/grpc", "cookie: a=1", "cookie: b=2", "te: trailers"];
    assert_eq!(lines(&parts.headers), fields);
    assert_eq!((body.as_str(), lines(&sent.unwrap())), ("a", vec!["x-sum: 7".to_owned()]));
    assert_eq!((reply.status, reply.body.as_str()), (529, "b"));
    assert_eq!(reply.head["x-b"].as_bytes(), "na\u{ef}ve".as_bytes());
    assert_eq!(reply.head.len(), 1, "{:?}", reply.head);
    assert_eq!(lines(&reply.trailers.unwrap()), ["grpc-status: 0"]);
    let exchange = seen.next();
    assert_eq!((exchange.capture, exchange.reply.status), (Capture::Complete, 529));
    assert_eq!(exchange.call.body.inline().unwrap(), "a");
    assert_eq!(exchange.reply.body.inline().unwrap(), "b");
    assert_eq!(exchange.declared.category.as_deref(), Some("c"));
}

#[test]
fn a_reply_of_trailers_alone_is_one() {
    let provider = Streams::answering(|mut asked| async move {
        let reply = Response::builder().header("grpc-status", "5").body(()).unwrap();
        asked.respond.send_response(reply, true).unwrap();
    });
    let rig = before(&provider);
    run(async {
        let reply = begin(&client(&rig).await, call("POST", "/p/x", &[]), "a").await.await.unwrap();
        assert_eq!(lines(reply.headers()), ["grpc-status: 5"]);
        assert!(reply.body().is_end_stream(), "no empty frame after the head");
    });
}

#[test]
fn replies_to_head_and_304_keep_their_length() {
    let provider = Streams::answering(|mut asked| async move {
        let status = if asked.request.method() == "HEAD" { 200 } else { 304 };
        let reply = Response::builder().status(status).header("content-length", "5000");
        asked.respond.send_response(reply.body(()).unwrap(), true).unwrap();
    });
    let rig = before(&provider);
    run(async {
        let client = client(&rig).await;
        for (method, status) in [("HEAD", 200), ("GET", 304)] {
            let reply = ask(&client, call(method, "/p/x", &[]), "").await.unwrap();
            assert_eq!(
                (reply.status, lines(&reply.head)),
                (status, vec!["content-length: 5000".to_owned()])
            );
        }
    });
}

#[test]
fn a_client_of_http_1_1_is_forwarded_in_http_1_1() {
    let provider = Provider::answering(|head, _| json("200 OK", head.lines().next().unwrap()));
    let rig = setup(&provider.url()).start();
    let (_, body) = rig.client().ask("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(body, "GET /x HTTP/1.1");
}

#[test]
fn a_provider_without_tls_that_is_not_known_to_speak_it_is_asked_in_http_1_1() {
    let provider = Provider::answering(|head, _| json("200 OK", head.lines().next().unwrap()));
    for http2 in [Http2::IfAgreed, Http2::Never] {
        let mut setup = setup(&provider.url());
        setup.config.upstreams[0] = setup.config.upstreams[0].clone().speaking(http2);
        let rig = setup.start();
        let reply =
            run(async { ask(&client(&rig).await, call("GET", "/p/x", &[]), "").await.unwrap() });
        assert_eq!(reply.body, "GET /x HTTP/1.1");
    }
}

/// The provider sends a head, half a body, and then `end`.
fn check_broken(end: impl Fn(&mut crate::support::Wire) + Send + Sync + 'static) {
    let provider = Provider::scripted(move |mut wire| {
        greet(&mut wire);
        read_frame(&mut wire, HEADERS);
        wire.send(frame(HEADERS, END_HEADERS, 1, STATUS_200));
        wire.send(frame(DATA, 0, 1, b"half!"));
        end(&mut wire);
    });
    let (witness, seen) = Witness::new();
    let rig = setup(&provider.url()).mirrored_by(witness).start();
    run(async {
        let reply = begin(&client(&rig).await, call("GET", "/p/x", &[]), "").await.await.unwrap();
        let mut body = reply.into_body();
        let error = loop {
            match body.data().await.expect("no end") {
                Ok(chunk) => assert_eq!(chunk, "half!"),
                Err(error) => break error,
            }
        };
        assert_eq!((error.is_reset(), error.reason()), (true, Some(Reason::INTERNAL_ERROR)));
    });
    assert_eq!(seen.next().capture, Capture::Truncated);
}

#[test]
fn a_stream_that_dies_does_not_look_finished_whatever_it_says() {
    check_broken(|_| ());
    for reason in [Reason::NO_ERROR, Reason::CANCEL, Reason::INTERNAL_ERROR] {
        check_broken(move |wire| {
            wire.send(frame(RST_STREAM, 0, 1, &u32::from(reason).to_be_bytes()));
            wire.read_to_close();
        });
    }
}

#[test]
fn a_reply_that_came_whole_before_the_call_had_ended_passes_whole() {
    let provider = Provider::scripted(|mut wire| {
        greet(&mut wire);
        read_frame(&mut wire, HEADERS);
        wire.send(frame(HEADERS, END_HEADERS, 1, STATUS_200));
        wire.send(frame(DATA, END_STREAM, 1, b"enough"));
        wire.send(frame(RST_STREAM, 0, 1, &[0; 4]));
        wire.read_to_close();
    });
    let rig = setup(&provider.url()).start();
    run(async {
        let mut sender = client(&rig).await.ready().await.unwrap();
        let (reply, _body) = sender.send_request(call("POST", "/p/x", &[]), false).unwrap();
        assert_eq!(whole(reply).await.unwrap().body, "enough");
    });
}

#[test]
fn a_client_that_takes_its_call_back_resets_its_stream_alone() {
    let (tell, told) = channel();
    let provider = Streams::answering(move |mut asked| {
        let tell = tell.clone();
        async move {
            match asked.request.uri().path() {
                "/early" => {
                    tell.send(None).unwrap();
                    let reset = std::future::poll_fn(|context| asked.respond.poll_reset(context));
                    tell.send(Some(reset.await.unwrap())).unwrap();
                }
                "/late" => {
                    let mut body = asked.respond.send_response(Response::new(()), false).unwrap();
                    body.send_data(Bytes::from_static(b"a"), false).unwrap();
                    let reset = std::future::poll_fn(|context| body.poll_reset(context));
                    tell.send(Some(reset.await.unwrap())).unwrap();
                }
                _ => asked.answer("hi"),
            }
        }
    });
    let rig = before(&provider);
    run(async {
        let client = client(&rig).await;
        let early = begin(&client, call("POST", "/p/early", &[]), "a").await;
        let wait = |told: std::sync::mpsc::Receiver<_>| {
            spawn_blocking(move || (told.recv_timeout(PATIENCE).unwrap(), told))
        };
        let (_, told) = wait(told).await.unwrap();
        drop(early);
        let (reset, told) = wait(told).await.unwrap();
        assert_eq!(reset, Some(Reason::CANCEL));
        let mut late = begin(&client, call("POST", "/p/late", &[]), "a").await.await.unwrap();
        late.body_mut().data().await.unwrap().unwrap();
        drop(late);
        assert_eq!(wait(told).await.unwrap().0, Some(Reason::CANCEL));
        assert_eq!(ask(&client, call("GET", "/p/x", &[]), "").await.unwrap().body, "hi");
    });
    assert_eq!(provider.connections(), 1);
}

#[test]
fn a_slow_reader_holds_up_its_own_stream_alone() {
    const MUCH: usize = 8 << 20;
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let provider = Streams::answering(move |mut asked| {
        let count = Arc::clone(&count);
        async move {
            if asked.request.uri().path() != "/much" {
                return asked.answer("hi");
            }
            let mut body = asked.respond.send_response(Response::new(()), false).unwrap();
            while count.load(Ordering::SeqCst) < MUCH {
                body.reserve_capacity(MUCH - count.load(Ordering::SeqCst));
                let capacity = std::future::poll_fn(|context| body.poll_capacity(context)).await;
                let capacity = capacity.unwrap().unwrap();
                body.send_data(vec![b'x'; capacity].into(), false).unwrap();
                count.fetch_add(capacity, Ordering::SeqCst);
            }
            body.send_data(Bytes::new(), true).unwrap();
        }
    });
    let rig = limited(&provider, |limits| limits.http2_window_bytes = 70_000);
    run(async {
        let client = client(&rig).await;
        let much = begin(&client, call("GET", "/p/much", &[]), "").await.await.unwrap();
        // Many calls beside it, on the same connection, one after another.
        for _ in 0..50 {
            assert_eq!(ask(&client, call("GET", "/p/x", &[]), "").await.unwrap().body, "hi");
        }
        // A window of the client's, one of ours each way, and a chunk in hand.
        let taken = sent.load(Ordering::SeqCst);
        assert!(taken < 512 << 10, "{taken} bytes were taken from the provider");
        assert_eq!(read(&mut much.into_body()).await.unwrap().len(), MUCH);
    });
    assert_eq!(provider.connections(), 1);
}

#[test]
fn a_large_call_arrives_whole_through_small_windows() {
    let provider = Streams::answering(|mut asked| async move {
        let body = asked.body().await.unwrap();
        asked.answer(&body.len().to_string());
    });
    let rig = limited(&provider, |limits| limits.http2_window_bytes = 70_000);
    let body = "x".repeat(3_000_000);
    let reply =
        run(async { ask(&client(&rig).await, call("POST", "/p/x", &[]), &body).await.unwrap() });
    assert_eq!(reply.body, "3000000");
}

#[test]
fn expect_does_not_hold_a_body_back_that_the_client_sends() {
    let provider = Streams::answering(echo);
    let rig = limited(&provider, |limits| limits.expect_wait_max = PATIENCE * 2);
    let fields = [("expect", "100-continue")];
    let reply =
        run(async { ask(&client(&rig).await, call("PUT", "/p/x", &fields), "abc").await.unwrap() });
    assert_eq!(reply.body, "abc");
}
