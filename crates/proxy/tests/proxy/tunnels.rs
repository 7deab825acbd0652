//! What bounds a connection that changed its protocol.

use crate::{
    limits::counted,
    support::{PATIENCE, Provider, Rig, Setup, Wire, json},
};
use std::{sync::Mutex, sync::mpsc::channel, time::Duration};

const SHORT: Duration = Duration::from_millis(50);
const CUT: &str = "foreshadow_live_connections_cut_total{limit=tunnel_idle}";

/// A provider that switches, and then does what the script says; to another call it answers.
fn switching(script: impl Fn(Wire) + Send + Sync + 'static) -> Provider {
    Provider::scripted(move |mut wire| {
        if !wire.read_head().contains("upgrade: x") {
            return wire.send(json("200 OK", "{}"));
        }
        wire.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
        script(wire);
    })
}

fn tunnel(rig: &Rig) -> Wire {
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
    let head = client.read_head();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    client
}

#[test]
fn a_tunnel_has_a_seat_until_it_ends() {
    let provider = switching(|mut wire| drop(wire.read_to_close()));
    let mut setup = Setup::of(&[("p", provider.url())]);
    setup.config.limits.connections_max = 1;
    let rig = setup.start();
    let tunnel = tunnel(&rig);
    let mut waiting = rig.client();
    waiting.send("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(!waiting.answers_within(SHORT), "two connections are served, and one may be");
    drop(tunnel);
    assert!(waiting.read_head().starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_tunnel_that_its_provider_resets_is_reset() {
    let provider = switching(Wire::reset);
    let rig = Rig::before(&provider);
    assert!(tunnel(&rig).read_to_close().1);
}

#[test]
fn a_tunnel_that_both_sides_forgot_is_closed() {
    let (tell, told) = channel();
    let tell = Mutex::new(tell);
    let provider = switching(move |mut wire| {
        wire.read_to_close();
        tell.lock().unwrap().send(()).unwrap();
    });
    let (rig, counts) = counted(&provider, |setup| {
        setup.config.limits.tunnel_idle_max = SHORT;
        setup.config.limits.tunnel_half_open_max = PATIENCE;
    });
    let mut client = tunnel(&rig);
    client.read_to_close();
    told.recv_timeout(PATIENCE).expect("the provider's end is closed too");
    rig.stop();
    assert!(counts.above_zero().contains(&(CUT.to_owned(), 1)), "{:?}", counts.above_zero());
}

#[test]
fn a_tunnel_that_one_side_left_is_closed_on_the_other() {
    let provider = switching(|wire| {
        wire.close_sending_side();
        // It keeps the connection for as long as it is there.
        std::thread::sleep(PATIENCE);
        drop(wire);
    });
    let (rig, counts) = counted(&provider, |setup| {
        setup.config.limits.tunnel_half_open_max = SHORT;
    });
    let mut client = tunnel(&rig);
    client.read_to_close();
    rig.stop();
    assert!(counts.above_zero().contains(&(CUT.to_owned(), 1)), "{:?}", counts.above_zero());
}

#[test]
fn a_tunnel_in_use_stays_past_its_time() {
    let provider = switching(|mut wire| {
        for _ in 0..20 {
            let byte = wire.read_exact(1);
            wire.send(byte);
        }
    });
    let (rig, counts) = counted(&provider, |setup| {
        setup.config.limits.tunnel_idle_max = SHORT;
    });
    let mut client = tunnel(&rig);
    for number in 0..20_u8 {
        client.send([number]);
        assert_eq!(client.read_exact(1), [number]);
        std::thread::sleep(SHORT / 5);
    }
    rig.stop();
    assert!(!counts.above_zero().iter().any(|(name, _)| name == CUT));
}
