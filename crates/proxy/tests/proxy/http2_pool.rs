//! Connections of HTTP/2 are shared among calls, and one that ends costs no call that was not begun.

use crate::{
    http2_provider::{before, echo, limited, setup},
    peers::{
        DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, STATUS_200, Streams, ask, begin, call,
        client, frame, greet, read, read_frame, run, whole,
    },
    support::{PATIENCE, Provider, Witness, json},
};
use exchange::Capture;
use h2::Reason;
use proxy::Limits;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
    mpsc::channel,
};
use tokio::sync::Notify;

#[test]
fn calls_share_one_connection_whoever_makes_them() {
    let provider = Streams::answering(echo);
    let rig = before(&provider);
    run(async {
        let (one, other) = (client(&rig).await, client(&rig).await);
        let mut replies = Vec::new();
        for number in 0..20 {
            let client = if number % 2 == 0 { &one } else { &other };
            replies.push((
                number,
                begin(client, call("POST", "/p/x", &[]), &number.to_string()).await,
            ));
        }
        for (number, reply) in replies {
            assert_eq!(whole(reply).await.unwrap().body, number.to_string());
        }
    });
    assert_eq!(provider.connections(), 1);
}

#[test]
fn an_idle_connection_past_its_age_is_not_used() {
    let provider = Streams::answering(echo);
    let rig = limited(&provider, |limits| limits.idle_age_max = std::time::Duration::ZERO);
    run(async {
        let client = client(&rig).await;
        ask(&client, call("POST", "/p/x", &[]), "a").await.unwrap();
        ask(&client, call("POST", "/p/x", &[]), "b").await.unwrap();
    });
    assert_eq!(provider.connections(), 2);
}

#[test]
fn no_connection_carries_more_calls_than_its_provider_takes() {
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(2);
    let open = Arc::new(Mutex::new([0_usize; 64]));
    let go = Arc::new(Notify::new());
    let (counts, wait) = (Arc::clone(&open), Arc::clone(&go));
    let provider = Streams::with(builder, None, move |mut asked| {
        let (counts, wait) = (Arc::clone(&counts), Arc::clone(&wait));
        async move {
            if asked.request.uri().path() == "/long" {
                let count = {
                    let mut counts = counts.lock().unwrap();
                    counts[asked.connection] += 1;
                    counts.iter().sum::<usize>()
                };
                if count == 6 {
                    wait.notify_waiters();
                } else {
                    wait.notified().await;
                }
            }
            asked.answer("done");
        }
    });
    let rig = before(&provider);
    run(async {
        let client = client(&rig).await;
        // By its reply, the provider has said what it takes.
        ask(&client, call("GET", "/p/first", &[]), "").await.unwrap();
        let mut replies = Vec::new();
        for _ in 0..6 {
            replies.push(begin(&client, call("GET", "/p/long", &[]), "").await);
        }
        for reply in replies {
            assert_eq!(whole(reply).await.unwrap().body, "done");
        }
    });
    assert_eq!(&open.lock().unwrap()[..5], [0, 2, 2, 2, 0]);
    assert_eq!(provider.connections(), 3);
}

#[test]
fn a_call_that_its_provider_refused_unread_is_sent_once_more_with_its_body() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let provider = Streams::answering(move |mut asked| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if first {
                // Refused when all of it had arrived: the whole body goes out again.
                asked.body().await.unwrap();
                return asked.respond.send_reset(Reason::REFUSED_STREAM);
            }
            echo(asked).await;
        }
    });
    let (witness, seen) = Witness::new();
    let rig = setup(&provider.url()).mirrored_by(witness).start();
    let reply =
        run(async { ask(&client(&rig).await, call("POST", "/p/x", &[]), "whole").await.unwrap() });
    assert_eq!((reply.status, reply.body.as_str()), (200, "whole"));
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    let exchange = seen.next();
    assert_eq!(exchange.call.body.inline().unwrap(), "whole", "the mirror sees it once");
    assert_eq!(exchange.capture, Capture::Complete);
}

/// Each call is reset for `reason`: how often it is sent, and what the client gets.
fn check_resets(
    reason: Reason,
    method: &str,
    body: &str,
    change: impl FnOnce(&mut Limits),
) -> usize {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let provider = Streams::answering(move |mut asked| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            asked.body().await.unwrap();
            asked.respond.send_reset(reason);
        }
    });
    let rig = limited(&provider, change);
    let reply =
        run(async { ask(&client(&rig).await, call(method, "/p/x", &[]), body).await.unwrap() });
    assert_eq!(reply.status, 502);
    assert!(reply.body.contains("upstream_closed"), "{}", reply.body);
    calls.load(Ordering::SeqCst)
}

#[test]
fn a_call_is_never_sent_more_often_than_is_safe() {
    assert_eq!(check_resets(Reason::REFUSED_STREAM, "POST", "body", |_| ()), 2);
    assert_eq!(check_resets(Reason::INTERNAL_ERROR, "POST", "body", |_| ()), 1);
    assert_eq!(check_resets(Reason::CANCEL, "POST", "body", |_| ()), 1);
    assert_eq!(check_resets(Reason::INTERNAL_ERROR, "GET", "", |_| ()), 2);
    let short = |limits: &mut Limits| limits.http2_again_bytes_max = 3;
    assert_eq!(check_resets(Reason::REFUSED_STREAM, "POST", "body", short), 1);
}

#[test]
fn a_call_above_the_last_that_a_provider_takes_is_sent_again_elsewhere() {
    let number = AtomicUsize::new(0);
    let provider = Provider::scripted(move |mut wire| {
        greet(&mut wire);
        read_frame(&mut wire, DATA);
        if number.fetch_add(1, Ordering::SeqCst) == 0 {
            // The last stream that is taken is none; no error.
            wire.send(frame(GOAWAY, 0, 0, &[0; 8]));
            wire.read_to_close();
            return;
        }
        wire.send(frame(HEADERS, END_HEADERS, 1, STATUS_200));
        wire.send(frame(DATA, END_STREAM, 1, b"again"));
        wire.read_to_close();
    });
    let rig = setup(&provider.url()).start();
    let reply =
        run(async { ask(&client(&rig).await, call("POST", "/p/x", &[]), "body").await.unwrap() });
    assert_eq!(reply.body, "again");
    assert_eq!(provider.connections(), 2);
}

#[test]
fn a_provider_that_goes_away_ends_what_it_took_and_gets_a_new_connection() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let number = AtomicUsize::new(0);
    let provider = Provider::scripted(move |mut wire| {
        greet(&mut wire);
        read_frame(&mut wire, HEADERS);
        let first = number.fetch_add(1, Ordering::SeqCst) == 0;
        if first {
            wire.send(frame(HEADERS, END_HEADERS, 1, STATUS_200));
            wire.send(frame(GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]));
            wait.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        } else {
            wire.send(frame(HEADERS, END_HEADERS, 1, STATUS_200));
        }
        wire.send(frame(DATA, END_STREAM, 1, if first { b"old" } else { b"new" }));
        wire.read_to_close();
    });
    let rig = setup(&provider.url()).start();
    run(async {
        let client = client(&rig).await;
        let old = begin(&client, call("GET", "/p/x", &[]), "").await.await.unwrap();
        let new = ask(&client, call("GET", "/p/x", &[]), "").await.unwrap();
        assert_eq!(new.body, "new");
        go.send(()).unwrap();
        assert_eq!(read(&mut old.into_body()).await.unwrap(), "old");
    });
    assert_eq!(provider.connections(), 2);
}

#[test]
fn a_provider_that_does_not_speak_it_after_all_is_a_502() {
    let provider = Provider::answering(|_, _| json("400 Bad Request", "{}"));
    let rig = setup(&provider.url()).start();
    let reply =
        run(async { ask(&client(&rig).await, call("POST", "/p/x", &[]), "a").await.unwrap() });
    assert_eq!(reply.status, 502);
}

#[test]
fn a_provider_that_does_not_begin_to_reply_is_a_504_and_hears_of_it() {
    let (tell, told) = channel();
    let provider = Streams::answering(move |mut asked| {
        let tell = tell.clone();
        async move {
            let reset = std::future::poll_fn(|context| asked.respond.poll_reset(context));
            tell.send(reset.await.unwrap()).unwrap();
        }
    });
    let rig = limited(&provider, |limits| {
        limits.head_wait_max = std::time::Duration::from_millis(50);
    });
    let reply =
        run(async { ask(&client(&rig).await, call("POST", "/p/x", &[]), "a").await.unwrap() });
    assert_eq!(reply.status, 504);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), Reason::CANCEL);
}

#[test]
fn a_provider_that_gives_no_sign_of_life_is_left() {
    let provider = Provider::scripted(|mut wire| {
        greet(&mut wire);
        // It reads, and answers neither call nor ping.
        wire.read_to_close();
    });
    let mut setup = setup(&provider.url());
    setup.config.limits.http2_ping_every = std::time::Duration::from_millis(50);
    setup.config.limits.http2_ping_wait_max = std::time::Duration::from_millis(50);
    let rig = setup.start();
    let reply =
        run(async { ask(&client(&rig).await, call("POST", "/p/x", &[]), "a").await.unwrap() });
    assert_eq!(reply.status, 502);
}
