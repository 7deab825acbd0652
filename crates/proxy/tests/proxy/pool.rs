//! Connections to a provider are used again, and one that died unseen costs no client a call.

use crate::support::{PATIENCE, Provider, Rig, Setup, json};
use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
    mpsc::channel,
};

const GET: &str = "GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n";
const POST: &str = "POST /p/x HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nabcd";

#[test]
fn calls_one_after_another_share_a_connection_whoever_makes_them() {
    let provider = Provider::answering(|_, body| json("200 OK", body));
    let rig = Rig::before(&provider);
    for _ in 0..5 {
        rig.client().ask(POST);
        rig.client().ask(GET);
    }
    assert_eq!(provider.connections(), 1);
}

#[test]
fn a_reply_in_chunks_leaves_its_connection_usable() {
    let provider = Provider::answering(|_, _| {
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n".to_owned()
    });
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    for _ in 0..5 {
        client.send(GET);
        client.read_until("0\r\n\r\n");
    }
    assert_eq!(provider.connections(), 1);
}

#[test]
fn a_provider_that_closes_after_each_reply_gets_a_connection_each() {
    let provider = Provider::scripted(|mut wire| {
        wire.read_call();
        wire.send("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    });
    let rig = Rig::before(&provider);
    for _ in 0..3 {
        rig.client().ask(POST);
    }
    assert_eq!(provider.connections(), 3);
}

#[test]
fn an_idle_connection_that_was_closed_costs_no_call() {
    let (closed, closing) = channel();
    let (closed, closing) = (Mutex::new(closed), Mutex::new(closing));
    let provider = Provider::scripted(move |mut wire| {
        wire.read_call();
        wire.send(json("200 OK", "{}"));
        drop(wire);
        closed.lock().unwrap().send(()).unwrap();
    });
    let rig = Rig::before(&provider);
    for call in [POST, GET, POST] {
        assert!(rig.client().ask(call).0.starts_with("HTTP/1.1 200 OK\r\n"));
        closing.lock().unwrap().recv_timeout(PATIENCE).unwrap();
    }
}

/// The provider answers one call and dies under the next, on each of its first connections.
fn dies_under_the_second_call() -> (Provider, std::sync::Arc<AtomicUsize>) {
    let calls = std::sync::Arc::new(AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&calls);
    let provider = Provider::scripted(move |mut wire| {
        for _ in 0..2 {
            wire.read_call();
            if count.fetch_add(1, Ordering::SeqCst) == 1 {
                return;
            }
            wire.send(json("200 OK", "{}"));
        }
    });
    (provider, calls)
}

#[test]
fn a_safe_call_on_a_connection_that_died_is_sent_once_more() {
    let (provider, calls) = dies_under_the_second_call();
    let rig = Rig::before(&provider);
    rig.client().ask(GET);
    assert!(rig.client().ask(GET).0.starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!((calls.load(Ordering::SeqCst), provider.connections()), (3, 2));
}

#[test]
fn a_call_whose_body_was_read_is_never_sent_twice() {
    let (provider, calls) = dies_under_the_second_call();
    let rig = Rig::before(&provider);
    rig.client().ask(GET);
    let (head, body) = rig.client().ask(POST);
    assert!(head.starts_with("HTTP/1.1 502 "), "{head}");
    assert!(body.contains("upstream_closed"), "{body}");
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[test]
fn a_provider_that_answers_before_the_call_has_ended_gets_no_second_call_there() {
    let provider = Provider::scripted(|mut wire| {
        wire.read_head();
        wire.send("HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\n\r\n");
        wire.read_to_close();
    });
    let rig = Rig::before(&provider);
    for _ in 0..2 {
        let mut client = rig.client();
        client.send("POST /p/x HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc");
        assert!(client.read_head().starts_with("HTTP/1.1 413 "));
    }
    assert_eq!(provider.connections(), 2);
}

#[test]
fn an_idle_connection_past_its_age_is_not_used() {
    let provider = Provider::answering(|_, body| json("200 OK", body));
    let mut setup = Setup::of(&[("p", provider.url())]);
    setup.config.limits.idle_age_max = std::time::Duration::ZERO;
    let rig = setup.start();
    rig.client().ask(POST);
    rig.client().ask(POST);
    assert_eq!(provider.connections(), 2);
}

#[test]
fn many_clients_on_many_threads_each_get_their_own_reply() {
    let provider = Provider::answering(|_, body| json("200 OK", body));
    let mut setup = Setup::of(&[("p", provider.url())]);
    setup.threads = 3;
    let rig = setup.start();
    std::thread::scope(|scope| {
        for number in 0..12 {
            let rig = &rig;
            scope.spawn(move || {
                let mut client = rig.client();
                for turn in 0..50 {
                    let body = format!("{number}:{turn}");
                    let length = body.len();
                    let call = format!(
                        "POST /p/x HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n{body}"
                    );
                    assert_eq!(client.ask(&call).1, body);
                }
            });
        }
    });
}
