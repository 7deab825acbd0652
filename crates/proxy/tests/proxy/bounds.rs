//! What a limit on connections did is counted, that of a provider's under its name.

use crate::{
    http2_provider, limits,
    meters::Counts,
    peers::{
        END_HEADERS, END_STREAM, GOAWAY, HEADERS, RST_STREAM, Streams, ask, call, client, frame,
        greet, greet_as_client, read_frame, run,
    },
    support::{PATIENCE, Provider, Rig, Setup, json},
    upstream::Silent,
};
use proxy::{Limits, Resolver};
use std::{sync::Arc, time::Duration};

const SHORT: Duration = Duration::from_millis(50);
const POST: &str = "POST /p/x HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi";

fn started(setup: Setup) -> (Rig, Arc<Counts>) {
    let counts = Arc::new(Counts::default());
    let rig = metrics::with_local_recorder(&*counts, || setup.start());
    (rig, counts)
}

/// All that the limits on providers did, once the proxy has stopped.
#[track_caller]
fn check((rig, counts): (Rig, Arc<Counts>), limit: &str, times: u64) {
    rig.stop();
    let name = format!("foreshadow_live_provider_limits_total{{provider=p,limit={limit}}}");
    let kind = "foreshadow_live_provider_limits_total";
    let counted = counts.above_zero().into_iter().filter(|(name, _)| name.starts_with(kind));
    assert_eq!(counted.collect::<Vec<_>>(), [(name, times)]);
}

/// Two calls, one after the other, where connections are kept under a limit.
#[track_caller]
fn check_kept(limit: &str, change: impl Fn(&mut Limits)) {
    let provider = Provider::answering(|_, body| json("200 OK", body));
    let mut setup = Setup::of(&[("p", provider.url())]);
    change(&mut setup.config.limits);
    let (rig, counts) = started(setup);
    let mut client = rig.client();
    client.ask(POST);
    client.ask(POST);
    assert_eq!(provider.connections(), 2);
    check((rig, counts), limit, if limit == "idle_connections" { 2 } else { 1 });
}

#[test]
fn connections_that_are_kept_too_long_or_too_many() {
    check_kept("idle_age", |limits| limits.idle_age_max = Duration::ZERO);
    check_kept("connection_age", |limits| limits.connection_age_max = Duration::ZERO);
    check_kept("idle_connections", |limits| limits.idle_connections_max = 0);
}

#[track_caller]
fn check_kept_of_http2(limit: &str, change: impl Fn(&mut Limits)) {
    let provider = Streams::answering(http2_provider::echo);
    let mut setup = http2_provider::setup(&provider.url());
    change(&mut setup.config.limits);
    let (rig, counts) = started(setup);
    run(async {
        let client = client(&rig).await;
        ask(&client, call("POST", "/p/x", &[]), "a").await.unwrap();
        ask(&client, call("POST", "/p/x", &[]), "b").await.unwrap();
    });
    check((rig, counts), limit, 1);
}

#[test]
fn connections_of_http2_that_are_kept_too_long() {
    check_kept_of_http2("idle_age", |limits| limits.idle_age_max = Duration::ZERO);
    check_kept_of_http2("connection_age", |limits| limits.connection_age_max = Duration::ZERO);
}

#[test]
fn an_address_that_is_silent() {
    let silent = Silent::new();
    let provider = Provider::answering(|_, body| json("200 OK", body));
    let addresses = vec![silent.addr, provider.addr];
    let mut setup = Setup::of(&[("p", "http://provider.example".to_owned())]);
    setup.config.resolver = Resolver::given(move |_, _| addresses.clone());
    setup.config.limits.next_address_after = SHORT;
    let (rig, counts) = started(setup);
    rig.client().ask(POST);
    check((rig, counts), "next_address", 1);
}

#[test]
fn a_provider_that_does_not_say_whether_to_go_on() {
    let provider = Provider::scripted(|mut wire| {
        wire.read_until("\r\n\r\nhi");
        wire.send(json("200 OK", "{}"));
    });
    let mut setup = Setup::of(&[("p", provider.url())]);
    setup.config.limits.expect_wait_max = SHORT;
    let (rig, counts) = started(setup);
    let expecting = POST.replace("host: a", "host: a\r\nexpect: 100-continue");
    let mut client = rig.client();
    client.send(&expecting);
    client.read_until("\r\n\r\n{}");
    check((rig, counts), "expect_wait", 1);
}

#[test]
fn pings_that_nobody_answers() {
    let provider = Provider::scripted(|mut wire| {
        greet(&mut wire);
        wire.read_to_close();
    });
    let mut setup = http2_provider::setup(&provider.url());
    (setup.config.limits.http2_ping_every, setup.config.limits.http2_ping_wait_max) =
        (SHORT, SHORT);
    let (rig, counts) = started(setup);
    run(async { ask(&client(&rig).await, call("POST", "/p/x", &[]), "a").await.unwrap() });
    check((rig, counts), "http2_ping", 1);

    let (rig, counts) = limits::counted(&Provider::scripted(drop), |setup| {
        let limits = &mut setup.config.limits;
        (limits.http2_ping_every, limits.http2_ping_wait_max) = (SHORT, SHORT);
    });
    let mut wire = rig.client();
    greet_as_client(&mut wire);
    wire.read_to_close();
    rig.stop();
    check_cut(&counts, "http2_ping");
}

#[track_caller]
fn check_cut(counts: &Counts, limit: &str) {
    let cut = format!("foreshadow_live_connections_cut_total{{limit={limit}}}");
    assert!(counts.above_zero().contains(&(cut, 1)), "{:?}", counts.above_zero());
}

/// Each call is taken back in the very packet that brings it, before anybody has looked at it.
#[test]
fn calls_that_are_taken_back_unseen() {
    let provider = Provider::answering(|_, body| json("200 OK", body));
    let (rig, counts) = limits::counted(&provider, |setup| {
        setup.config.limits.http2_cancelled_max = 3;
        setup.config.limits.drain_wait_max = PATIENCE;
    });
    let mut wire = rig.client();
    greet_as_client(&mut wire);
    let get = [&[0x82, 0x86, 0x04, 4][..], b"/p/x", &[0x01, 1], b"a"].concat();
    let taken_back = |stream| {
        let reason = [0, 0, 0, 8];
        let (call, end) = (END_HEADERS | END_STREAM, frame(RST_STREAM, 0, stream, &reason));
        [frame(HEADERS, call, stream, &get), end].concat()
    };
    wire.send((0..50).flat_map(|number| taken_back(2 * number + 1)).collect::<Vec<u8>>());
    read_frame(&mut wire, GOAWAY);
    rig.stop();
    check_cut(&counts, "cancelled");
}
