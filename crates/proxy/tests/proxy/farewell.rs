//! What a proxy waits for when it is told to stop: for calls, and for nothing that is none.

use crate::{
    peers::{END_HEADERS, END_STREAM, GOAWAY, HEADERS, frame, greet_as_client, read_frame},
    support::{PATIENCE, Provider, Rig, Setup, Wire, json},
};
use std::{
    sync::{Mutex, mpsc::channel},
    time::Duration,
};

/// A proxy that waits for ever for calls that are open.
fn patient(provider: &Provider) -> Rig {
    let mut setup = Setup::of(&[("p", provider.url())]);
    setup.config.limits.drain_wait_max = Duration::from_secs(3_600);
    setup.start()
}

#[test]
fn half_a_head_and_a_silent_client_keep_nobody_waiting() {
    let rig = patient(&Provider::answering(|_, _| json("200 OK", "{}")));
    let mut clients: Vec<Wire> = (0..3).map(|_| rig.client()).collect();
    clients[1].send("GET /p/x HT");
    clients[2].ask("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    clients[2].send("GET /p/x HTTP/1.1\r\nhost");
    rig.stop();
    for mut client in clients {
        assert_eq!(client.read_to_close().0, "");
    }
}

/// It reads nothing and answers no ping, as one whose machine is gone.
#[test]
fn an_http_2_client_without_a_call_keeps_nobody_waiting() {
    let rig = patient(&Provider::answering(|_, _| json("200 OK", "{}")));
    let mut silent = rig.client();
    greet_as_client(&mut silent);
    let mut answered = rig.client();
    greet_as_client(&mut answered);
    let head = b"\x83\x86\x04\x04/p/x\x01\x01a";
    answered.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, head));
    read_frame(&mut answered, HEADERS);
    rig.stop();
    read_frame(&mut silent, GOAWAY);
}

#[test]
fn a_call_that_is_open_is_waited_for_longer_than_those_that_are_none() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let (tell, called) = channel();
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        tell.send(()).unwrap();
        wait.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        wire.send(json("200 OK", "{}"));
    });
    let rig = patient(&provider);
    let mut half = rig.client();
    half.send("GET /p/x HT");
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    called.recv_timeout(PATIENCE).unwrap();
    rig.begin_stop();
    // By then all that is not waited for is gone.
    assert_eq!(half.read_to_close().0, "");
    go.send(()).unwrap();
    assert!(client.read_to_close().0.ends_with("{}"));
    rig.stop();
}

/// Cut at the end of the drain, it must not look whole to a client that takes the close for its end.
#[test]
fn a_stream_to_http_1_0_that_is_cut_at_shutdown_is_reset() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf!\r\n");
        let _ = wait.lock().unwrap().recv_timeout(PATIENCE);
    });
    let mut setup = Setup::of(&[("p", provider.url())]);
    setup.config.limits.drain_wait_max = Duration::from_millis(50);
    let rig = setup.start();
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.0\r\n\r\n");
    client.read_until("half!");
    rig.stop();
    assert_eq!(client.read_to_close(), (String::new(), true));
    drop(go);
}

#[test]
fn a_reset_of_the_provider_reaches_the_client_as_one() {
    let provider = Provider::scripted(|mut wire| {
        wire.read_head();
        wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf!\r\n");
        wire.read_until("go on");
        wire.reset();
    });
    let rig = Rig::before(&provider);
    let mut client = rig.client();
    client.send("POST /p/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    client.read_until("half!\r\n");
    client.send("5\r\ngo on\r\n");
    assert_eq!(client.read_to_close(), (String::new(), true));
}
