//! What bounds a client that speaks HTTP/2, and what its presence does not change for others.

use crate::{
    limits,
    peers::{
        DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, RST_STREAM, SETTINGS, ask, begin, call,
        client, frame, greet_as_client, read_first, read_frame, run, whole,
    },
    support::{PATIENCE, Provider, Rig, Setup, Wire, json},
};
use bytes::Bytes;
use h2::client::SendRequest;
use std::{
    sync::{Mutex, mpsc::channel},
    time::Duration,
};
use tokio::sync::mpsc::Receiver;

const REFUSED: &str = "foreshadow_live_refusals_total{code=head_too_long}";

fn before(provider: &Provider, change: impl FnOnce(&mut proxy::Limits)) -> Rig {
    let mut setup = Setup::of(&[("p", provider.url())]);
    change(&mut setup.config.limits);
    setup.start()
}

fn answering() -> Provider {
    Provider::answering(|_, body| json("200 OK", body))
}

#[test]
fn a_call_that_arrives_byte_by_byte_is_http_1_1_for_all_that() {
    let rig = Rig::before(&answering());
    for call in
        ["POST /p/x HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi", "PRI * HTTP/1.1\r\n\r\n"]
    {
        let mut wire = rig.client();
        for byte in call.as_bytes() {
            wire.send([*byte]);
        }
        assert!(wire.read_head().starts_with("HTTP/1.1 "));
    }
}

#[test]
fn a_client_that_says_nothing_is_let_go() {
    let rig = before(&answering(), |limits| limits.client_idle_max = Duration::from_millis(50));
    for said in ["", "P", "PRI * HTTP/2.0\r\n\r\nSM\r\n"] {
        let mut wire = rig.client();
        wire.send(said);
        assert_eq!(wire.read_to_close().0, "");
    }
}

#[test]
fn a_connection_without_calls_ends_softly_and_one_with_a_call_stays() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        wait.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        wire.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
    });
    let rig = before(&provider, |limits| limits.client_idle_max = Duration::from_millis(50));
    let addr = rig.addr;
    run(async {
        let reply = begin(&client(&rig).await, call("GET", "/p/x", &[]), "").await;
        let idle = tokio::task::spawn_blocking(move || {
            // Each of them ends after the time that the other may not end in.
            for _ in 0..3 {
                let mut wire = Wire::connect(addr);
                greet_as_client(&mut wire);
                read_frame(&mut wire, GOAWAY);
            }
        });
        idle.await.unwrap();
        go.send(()).unwrap();
        assert_eq!(whole(reply).await.unwrap().body, "hi");
    });
}

#[test]
fn limits_are_announced() {
    let rig = before(&answering(), |limits| {
        limits.http2_streams_max = 7;
        limits.http2_window_bytes = 70_000;
        limits.head_bytes_max = 1024;
    });
    let mut wire = rig.client();
    wire.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    wire.send(frame(SETTINGS, 0, 0, &[]));
    let settings = read_frame(&mut wire, SETTINGS).1;
    for (name, value) in [(3_u16, 7_u32), (4, 70_000), (6, 2048)] {
        let said = [&name.to_be_bytes()[..], &value.to_be_bytes()].concat();
        assert!(settings.chunks(6).any(|setting| setting == said), "{name}: {settings:?}");
    }
}

/// A field of `length` bytes in a call, where a head may have 1,024.
fn check_head(length: usize, expect: (u16, Option<&str>), counted: u64) {
    let (rig, counts) = limits::counted(&answering(), |setup| {
        setup.config.limits.head_bytes_max = 1024;
    });
    let long = "y".repeat(length);
    let reply = run(async {
        ask(&client(&rig).await, call("GET", "/p/x", &[("x", &long)]), "").await.unwrap()
    });
    let error: serde_json::Value = serde_json::from_str(&reply.body).unwrap_or_default();
    assert_eq!((reply.status, error["error"]["code"].as_str()), expect, "{length}");
    let refusals = counts.above_zero().into_iter().find(|(name, _)| name == REFUSED);
    assert_eq!(refusals.map_or(0, |(_, count)| count), counted, "{length}");
}

#[test]
fn a_head_over_the_limit_gets_an_error_of_ours_and_one_far_over_it_h2s() {
    check_head(900, (200, None), 0);
    check_head(1024, (431, Some("head_too_long")), 1);
    check_head(1800, (431, Some("head_too_long")), 1);
    check_head(2048, (431, None), 0);
}

#[test]
fn a_client_that_takes_back_most_of_its_calls_is_cut_and_others_are_not() {
    let (tell, mut told) = tokio::sync::mpsc::channel(1);
    let provider = Provider::scripted(move |mut wire| {
        if wire.read_head().starts_with("GET /never ") {
            tell.try_send(()).unwrap();
            wire.read_to_close();
            return;
        }
        wire.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
    });
    let rig = before(&provider, |limits| limits.http2_cancelled_max = 3);
    run(async {
        let (flooding, other) = (client(&rig).await, client(&rig).await);
        let mut taken_back = 0;
        while take_back(&flooding, &mut told).await {
            taken_back += 1;
            assert!(taken_back < 100, "nobody minds");
            let reply = ask(&other, call("GET", "/p/x", &[]), "").await.unwrap();
            assert_eq!(reply.body, "hi");
        }
        assert!(taken_back > 3, "{taken_back}");
        assert_eq!(ask(&other, call("GET", "/p/x", &[]), "").await.unwrap().body, "hi");
    });
}

/// Asks, and takes the call back when it has reached the provider; whether it was let through.
async fn take_back(client: &SendRequest<Bytes>, reached: &mut Receiver<()>) -> bool {
    let Ok(mut ready) = client.clone().ready().await else { return false };
    let never = call("GET", "/p/never", &[]);
    let Ok((reply, _)) = ready.send_request(never, true) else { return false };
    tokio::select! {
        _ = reached.recv() => true,
        refused = reply => {
            assert!(refused.is_err());
            false
        }
    }
}

#[test]
fn a_client_past_its_streams_waits_its_turn() {
    let provider = answering();
    let rig = before(&provider, |limits| limits.http2_streams_max = 2);
    run(async {
        let client = client(&rig).await;
        // The first reply comes after the settings.
        ask(&client, call("GET", "/p/x", &[]), "").await.unwrap();
        assert_eq!(client.current_max_send_streams(), 2);
        let mut replies = Vec::new();
        for _ in 0..10 {
            replies
                .push(begin(&client, call("POST", "/p/x", &[("content-length", "2")]), "{}").await);
        }
        for reply in replies {
            assert_eq!(whole(reply).await.unwrap().body, "{}");
        }
    });
}

#[test]
fn a_peer_that_speaks_nonsense_after_the_preface_is_cut() {
    let rig = Rig::before(&answering());
    let mut wire = rig.client();
    wire.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    wire.read_to_close();
    assert!(
        rig.client().ask("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n").0.starts_with("HTTP/1.1 200 ")
    );
}

/// A POST in HPACK, nothing of it indexed beyond the static table.
fn post(path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let mut block = vec![0x83, 0x86];
    block.extend([&[0x04][..], &text(path)].concat());
    block.extend([&[0x01][..], &text("a.example")].concat());
    for (name, value) in fields {
        block.extend([&[0x00][..], &text(name), &text(value)].concat());
    }
    block
}

#[test]
fn fields_that_could_frame_a_call_anew_are_refused_before_a_provider_sees_them() {
    let provider = answering();
    let rig = Rig::before(&provider);
    for field in [
        ("transfer-encoding", "chunked"),
        ("connection", "keep-alive"),
        ("upgrade", "h2c"),
        ("te", "gzip"),
        ("X-Upper", "1"),
        ("x-split", "a\r\nx-smuggled: 1"),
    ] {
        let mut wire = rig.client();
        greet_as_client(&mut wire);
        wire.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, &post("/p/x", &[field])));
        let (kind, stream, _) = read_first(&mut wire, &[HEADERS, RST_STREAM, GOAWAY]);
        assert!((kind, stream) == (RST_STREAM, 1) || kind == GOAWAY, "{field:?}: {kind}");
    }
    assert_eq!(provider.connections(), 0);
}

#[test]
fn a_call_that_lies_about_its_length_does_not_look_finished() {
    for length in ["5", "1"] {
        let (tell, told) = channel();
        let provider = Provider::scripted(move |mut wire| {
            tell.send(wire.read_head()).unwrap();
            tell.send(wire.read_to_close().0).unwrap();
        });
        let rig = Rig::before(&provider);
        let mut wire = rig.client();
        greet_as_client(&mut wire);
        wire.send(frame(HEADERS, END_HEADERS, 1, &post("/p/x", &[("content-length", length)])));
        let head = told.recv_timeout(PATIENCE).unwrap();
        assert!(head.contains(&format!("content-length: {length}\r\n")), "{head}");
        wire.send(frame(DATA, END_STREAM, 1, b"abc"));
        assert_eq!(read_frame(&mut wire, RST_STREAM).0, 1);
        let body = told.recv_timeout(PATIENCE).unwrap();
        assert!(body.len() < length.parse().unwrap(), "{body}");
    }
}
