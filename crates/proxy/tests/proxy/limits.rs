//! What bounds a client that is slow, endless or greedy: each limit ends it visibly, is counted, and
//! leaves the others alone.

use crate::{
    live::{Script, call},
    meters::Counts,
    peers::{ask, begin, call as http2_call, client, run},
    support::{PATIENCE, Provider, Rig, Setup, Wire, json},
};
use bytes::Bytes;
use exchange::Route;
use h2::{RecvStream, client::SendRequest};
use std::{
    net::TcpStream,
    sync::{
        Arc, Mutex,
        atomic::AtomicBool,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

pub(crate) const SHORT: Duration = Duration::from_millis(50);
/// Bytes that a stream of HTTP/2 may send before its reader has said more (RFC 9113, 6.9.2).
const WINDOW: usize = 65_535;

/// A provider that answers `/alive`, and does what the script says with anything else.
pub(crate) fn provider(script: impl Fn(Wire, String) + Send + Sync + 'static) -> Provider {
    Provider::scripted(move |mut wire| {
        let head = wire.read_head();
        if head.starts_with("GET /alive ") {
            wire.send(json("200 OK", "{}"));
        } else {
            script(wire, head);
        }
    })
}

/// A proxy before `provider`, and what it counts.
pub(crate) fn counted(provider: &Provider, change: impl FnOnce(&mut Setup)) -> (Rig, Arc<Counts>) {
    let counts = Arc::new(Counts::default());
    let mut setup = Setup::of(&[("p", provider.url())]);
    change(&mut setup);
    let rig = metrics::with_local_recorder(&*counts, || setup.start());
    (rig, counts)
}

/// It counted `name` once and nothing else of that kind, and serves on.
pub(crate) fn check_after(rig: &Rig, counts: &Counts, name: &str) {
    let kind = name.split('{').next().unwrap();
    let counted = counts.above_zero().into_iter().filter(|(name, _)| name.starts_with(kind));
    assert_eq!(counted.collect::<Vec<_>>(), [(name.to_owned(), 1)]);
    let (head, _) = rig.client().ask("GET /p/alive HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
}

fn cut(limit: &str) -> String {
    format!("foreshadow_live_connections_cut_total{{limit={limit}}}")
}

fn unread(limit: &str) -> String {
    format!("foreshadow_live_unread_total{{limit={limit}}}")
}

fn never(_: Wire, head: String) {
    panic!("asked: {head}");
}

#[test]
fn a_head_that_never_ends_ends_its_connection() {
    let (rig, counts) = counted(&provider(never), |setup| {
        setup.config.limits.client_idle_max = SHORT;
    });
    for begun in ["G", "GET /p/x HTTP/1.1\r\nhost: a\r\nx-a: 1"] {
        let mut client = rig.client();
        client.send(begun);
        assert_eq!(client.read_to_close().0, "");
    }
    rig.stop();
    assert_eq!(counts.above_zero(), [(cut("client_idle"), 2)]);
}

/// As many as may connect are served; the rest waits with the kernel, and none of it is turned away.
#[test]
fn a_flood_of_connections_waits_and_is_served() {
    let (rig, counts) = counted(&provider(never), |setup| setup.config.limits.connections_max = 2);
    let sitting = [rig.client(), rig.client()];
    let connect = |_| TcpStream::connect_timeout(&rig.addr, PATIENCE).map(Wire::new);
    let waiting = (0..FLOOD).map(connect).collect::<Result<Vec<_>, _>>().unwrap();
    drop(sitting);
    for mut client in waiting {
        let (head, _) = client.ask("GET /p/alive HTTP/1.1\r\nhost: a\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    }
    let counted = counts.above_zero();
    assert!(counted.iter().any(|(name, _)| name == "foreshadow_live_connections_full_total{}"));
}

/// More than a listener takes unless it is told to.
const FLOOD: usize = 500;

const BEGUN: [&str; 2] = [
    "POST /p/v1/chat HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf!",
    "POST /p/v1/chat HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf!\r\n",
];

fn check_408(client: &mut Wire) {
    let (reply, _) = client.read_to_close();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 408 "), "{head}");
    let error = &serde_json::from_str::<serde_json::Value>(body).unwrap()["error"];
    assert_eq!(
        (&error["code"], &error["type"]),
        (&"call_timeout".into(), &"invalid_request_error".into())
    );
}

#[test]
fn a_call_that_stops_coming_is_a_408_and_does_not_look_finished() {
    for begun in BEGUN {
        let (tell, told) = channel();
        let provider = provider(move |mut wire, _| tell.send(wire.read_to_close().0).unwrap());
        let (rig, counts) = counted(&provider, |setup| setup.config.limits.call_idle_max = SHORT);
        let mut client = rig.client();
        client.send(begun);
        check_408(&mut client);
        let seen = told.recv_timeout(PATIENCE).unwrap();
        assert!(begun.ends_with(&seen), "{seen}");
        check_after(&rig, &counts, &cut("call_idle"));
    }
}

#[test]
fn a_call_that_stops_coming_while_it_is_read_ahead_is_a_408_that_no_provider_sees() {
    for begun in BEGUN {
        let (rig, counts) = counted(&provider(never), |setup| {
            setup.steer = script();
            setup.config.limits.call_idle_max = SHORT;
        });
        let mut client = rig.client();
        client.send(begun);
        check_408(&mut client);
        check_after(&rig, &counts, &cut("call_idle"));
    }
}

/// A provider whose reply has no end; it tells when nobody takes it any more.
fn endless() -> (Provider, Receiver<()>) {
    let (tell, told) = channel();
    let provider = provider(move |mut wire, _| {
        wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        wire.send_for_ever(format!("10000\r\n{}\r\n", "x".repeat(65_536)).as_bytes());
        tell.send(()).unwrap();
    });
    (provider, told)
}

#[test]
fn a_client_that_does_not_read_is_reset() {
    let (provider, told) = endless();
    let (rig, counts) = counted(&provider, |setup| setup.config.limits.reader_idle_max = SHORT);
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    told.recv_timeout(PATIENCE).expect("the provider's connection goes with the client's");
    let (got, reset) = client.read_to_close();
    assert!(reset && !got.ends_with("0\r\n\r\n"));
    check_after(&rig, &counts, &cut("reader_idle"));
}

fn script() -> Arc<Script> {
    Arc::new(Script { turn: Route::Reference, live: Arc::new(AtomicBool::new(true)) })
}

#[test]
fn a_call_without_an_end_is_passed_on_as_soon_as_it_is_too_long_to_be_planned() {
    let provider = provider(|mut wire, _| {
        assert!(wire.read_at_least(2000).len() >= 2000);
        wire.send(json("413 Payload Too Large", "{}"));
        wire.read_to_close();
    });
    let (rig, counts) = counted(&provider, |setup| {
        setup.steer = script();
        setup.config.limits.live_call_bytes_max = 1000;
    });
    let mut client = rig.client();
    client.send("POST /p/v1/chat HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    for _ in 0..20 {
        client.send(format!("64\r\n{}\r\n", "x".repeat(100)));
    }
    assert!(client.read_head().starts_with("HTTP/1.1 413 "));
    check_after(&rig, &counts, &unread("call_bytes"));
}

fn ask_live(rig: &Rig, body: &str) -> String {
    rig.client().ask(&call("key", body)).0
}

fn is_planned(head: &str) -> bool {
    head.contains("x-foreshadow-route: reference\r\n")
}

/// Tells of a call that says so, and waits with its answer.
fn waits_if_asked() -> (Provider, Receiver<()>, Sender<()>) {
    let (tell, told) = channel();
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let provider = Provider::answering(move |_, body| {
        if body.contains("wait") {
            tell.send(()).unwrap();
            wait.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        }
        json("200 OK", "{}")
    });
    (provider, told, go)
}

#[test]
fn calls_that_hold_too_much_together_are_passed_on_unplanned_and_none_is_refused() {
    let (provider, told, go) = waits_if_asked();
    let (rig, counts) = counted(&provider, |setup| {
        setup.steer = script();
        setup.config.limits.live_total_bytes_max = 40;
    });
    let mut first = rig.client();
    first.send(call("key", "summarise, and then wait"));
    told.recv_timeout(PATIENCE).unwrap();
    let beside = ask_live(&rig, "summarise, and do so now");
    assert!(beside.starts_with("HTTP/1.1 200 ") && !is_planned(&beside), "{beside}");
    assert!(is_planned(&ask_live(&rig, "summarise")), "what fits is planned");
    go.send(()).unwrap();
    assert!(is_planned(&first.read_head()));
    for _ in 0..5 {
        assert!(is_planned(&ask_live(&rig, "summarise, and do so now")), "all was given back");
    }
    check_after(&rig, &counts, &unread("total_bytes"));
}

#[test]
fn a_reply_that_cannot_be_held_passes_at_once_and_unpriced() {
    for (reply_max, total_max, limit) in [(20, 1000, "reply_bytes"), (1000, 20, "total_bytes")] {
        let (go, wait) = channel::<()>();
        let wait = Mutex::new(wait);
        let provider = provider(move |mut wire, _| {
            wire.send(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                 transfer-encoding: chunked\r\n\r\n1e\r\n{\"a\":\"bbbbbbbbbbbbbbbbbbbbbbbb\r\n",
            );
            wait.lock().unwrap().recv_timeout(PATIENCE).unwrap();
            wire.send("2\r\n\"}\r\n0\r\n\r\n");
        });
        let (rig, counts) = counted(&provider, |setup| {
            setup.steer = script();
            setup.config.limits.live_reply_bytes_max = reply_max;
            setup.config.limits.live_total_bytes_max = total_max;
        });
        let mut client = rig.client();
        client.send(call("key", "summarise"));
        let head = client.read_head();
        assert!(is_planned(&head) && !head.contains("x-foreshadow-cost-usd"), "{head}");
        client.read_until("bbb\r\n");
        go.send(()).unwrap();
        client.read_until("0\r\n\r\n");
        check_after(&rig, &counts, &unread(limit));
    }
}

#[test]
fn what_is_slow_and_moves_is_not_cut() {
    let provider = provider(|mut wire, _| {
        wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        for part in ["1\r\na\r\n", "1\r\nb\r\n", "1\r\nc\r\n", "0\r\n\r\n"] {
            wire.read_until(part);
            wire.send(part);
        }
    });
    let idle_max = 20 * SHORT;
    let (rig, counts) = counted(&provider, |setup| {
        setup.config.limits.call_idle_max = idle_max;
        setup.config.limits.reply_idle_max = idle_max;
    });
    let (pace, _) = counted(&provider, |setup| {
        setup.config.limits.client_idle_max = idle_max * 2 / 5;
    });
    let mut client = rig.client();
    client.send("POST /p/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    client.read_head();
    for part in ["1\r\na\r\n", "1\r\nb\r\n", "1\r\nc\r\n", "0\r\n\r\n"] {
        // Less than either side may be silent for each time, and more than that in sum.
        pace.client().read_to_close();
        client.send(part);
        client.read_until(part);
    }
    drop(client);
    rig.stop();
    assert!(counts.above_zero().iter().all(|(name, _)| !name.contains("cut")));
}

#[test]
fn a_stream_whose_call_stops_coming_is_a_408_and_its_neighbours_go_on() {
    let provider = provider(|mut wire, _| {
        wire.read_to_close();
    });
    let (rig, counts) = counted(&provider, |setup| setup.config.limits.call_idle_max = SHORT);
    run(async {
        let client = client(&rig).await;
        let mut ready = client.clone().ready().await.unwrap();
        let (reply, mut stream) =
            ready.send_request(http2_call("POST", "/p/x", &[]), false).unwrap();
        stream.send_data("half!".into(), false).unwrap();
        let (head, _) = reply.await.unwrap().into_parts();
        assert_eq!(head.status, 408);
        let beside = ask(&client, http2_call("GET", "/p/alive", &[]), "").await.unwrap();
        assert_eq!(beside.status, 200);
    });
    check_after(&rig, &counts, &cut("call_idle"));
}

#[test]
fn a_stream_whose_reply_stalls_is_reset_and_its_neighbours_go_on() {
    let provider = provider(|mut wire, _| {
        wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf!\r\n");
        wire.read_to_close();
    });
    let (rig, counts) = counted(&provider, |setup| setup.config.limits.reply_idle_max = SHORT);
    run(async {
        let client = client(&rig).await;
        let stalled = ask(&client, http2_call("GET", "/p/x", &[]), "").await;
        assert!(stalled.unwrap_err().is_reset());
        let beside = ask(&client, http2_call("GET", "/p/alive", &[]), "").await.unwrap();
        assert_eq!(beside.status, 200);
    });
    check_after(&rig, &counts, &cut("reply_idle"));
}

#[test]
fn a_stream_that_is_not_read_is_reset_and_its_neighbours_go_on() {
    let (provider, told) = endless();
    let (rig, counts) = counted(&provider, |setup| setup.config.limits.reader_idle_max = SHORT);
    run(async {
        let client = client(&rig).await;
        let unread = ask_for_stream(&client).await;
        let provider_is_let_go = tokio::task::spawn_blocking(move || told.recv_timeout(PATIENCE));
        while !provider_is_let_go.is_finished() {
            let beside = ask(&client, http2_call("GET", "/p/alive", &[]), "").await.unwrap();
            assert_eq!(beside.status, 200);
        }
        provider_is_let_go.await.unwrap().unwrap();
        assert!(read_to_error(unread).await.is_reset());
    });
    check_after(&rig, &counts, &cut("reader_idle"));
}

#[test]
fn where_too_many_replies_stand_still_the_one_that_stood_longest_goes() {
    let (provider, _told) = endless();
    let (rig, counts) = counted(&provider, |setup| setup.config.limits.http2_stalled_max = 2);
    run(async {
        // Of whichever connection they are.
        let (one, other) = (client(&rig).await, client(&rig).await);
        let first = standing(ask_for_stream(&one).await).await;
        let second = standing(ask_for_stream(&other).await).await;
        let third = standing(ask_for_stream(&one).await).await;
        assert!(read_to_error(first).await.is_reset());
        // The second moves, so that the third has stood longer.
        let mut second = second;
        second.flow_control().release_capacity(WINDOW).unwrap();
        let second = standing(second).await;
        let fourth = standing(ask_for_stream(&other).await).await;
        assert!(read_to_error(third).await.is_reset());
        for mut kept in [second, fourth] {
            kept.flow_control().release_capacity(WINDOW).unwrap();
            let _ = standing(kept).await;
        }
    });
    let cut = (cut("http2_stalled"), 2);
    assert!(counts.above_zero().contains(&cut), "{:?}", counts.above_zero());
}

#[test]
fn a_stream_that_is_read_slowly_is_not_cut() {
    const PIECES: usize = 40;
    let provider = provider(move |mut wire, _| {
        let piece = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
        wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        (0..PIECES).for_each(|_| wire.send(&piece));
        wire.send("0\r\n\r\n");
    });
    let idle_max = 20 * SHORT;
    let (rig, counts) = counted(&provider, |setup| {
        setup.config.limits.reader_idle_max = idle_max;
    });
    let (pace, _) = counted(&provider, |setup| {
        setup.config.limits.client_idle_max = idle_max * 2 / 5;
    });
    run(async {
        let client = client(&rig).await;
        let mut slow = ask_for_stream(&client).await;
        let mut bytes = 0;
        while let Some(chunk) = slow.data().await {
            let count = chunk.unwrap().len();
            // Less than a stream may stand still for each time, and more than that in sum.
            if bytes / 0x20000 != (bytes + count) / 0x20000 {
                let mut idle = pace.client();
                tokio::task::spawn_blocking(move || idle.read_to_close()).await.unwrap();
            }
            bytes += count;
            slow.flow_control().release_capacity(count).unwrap();
        }
        assert_eq!(bytes, PIECES * 0x4000);
    });
    rig.stop();
    assert!(counts.above_zero().iter().all(|(name, _)| !name.contains("cut")));
}

async fn ask_for_stream(client: &SendRequest<Bytes>) -> RecvStream {
    let reply = begin(client, http2_call("GET", "/p/x", &[]), "").await.await.unwrap();
    reply.into_body()
}

/// Takes in what a stream may send unasked, and lets it stand there.
async fn standing(mut stream: RecvStream) -> RecvStream {
    let mut bytes = 0;
    while bytes < WINDOW {
        bytes += stream.data().await.expect("more comes").unwrap().len();
    }
    stream
}

async fn read_to_error(mut stream: RecvStream) -> h2::Error {
    loop {
        if let Err(error) = stream.data().await.expect("it does not look finished") {
            return error;
        }
    }
}
