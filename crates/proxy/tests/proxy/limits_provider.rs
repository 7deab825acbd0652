//! A provider that stalls, lies about its length, speaks nonsense or dies: the client sees an error of
//! the dialect's shape, or a reply that does not look finished, and everybody else is served.

use crate::{
    limits::{SHORT, check_after, counted, provider},
    support::{PATIENCE, Provider, Setup, Wire, json},
};
use std::sync::{Mutex, mpsc::channel};

const CALL: &str = "GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n";
const CUT: &str = "foreshadow_live_connections_cut_total{limit=reply_idle}";
const FAILED: &str = "foreshadow_live_requests_total{provider=p,route=reference,status=5xx}";

/// The provider begins its reply with `reply`, and is silent; the client gets `part` of the body.
fn check_stall(reply: &'static str, part: &str) {
    let provider = provider(move |mut wire, _| {
        wire.send(reply);
        wire.read_to_close();
    });
    let (rig, counts) = counted(&provider, |setup| setup.config.limits.reply_idle_max = SHORT);
    let mut client = rig.client();
    client.send(CALL);
    client.read_head();
    assert_eq!(client.read_to_close().0, part);
    check_after(&rig, &counts, CUT);
}

#[test]
fn a_reply_that_stalls_breaks_off_without_its_end() {
    check_stall("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf!", "half!");
    check_stall("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", "");
    check_stall(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf!\r\n",
        "5\r\nhalf!\r\n",
    );
    check_stall("HTTP/1.1 200 OK\r\n\r\nhalf!", "5\r\nhalf!\r\n");
}

#[test]
fn a_reply_to_http_1_0_that_stalls_resets_the_connection() {
    let provider = provider(|mut wire, _| {
        wire.send("HTTP/1.1 200 OK\r\n\r\nhalf!");
        wire.read_to_close();
    });
    let (rig, counts) = counted(&provider, |setup| setup.config.limits.reply_idle_max = SHORT);
    let mut client = rig.client();
    client.send("GET /p/x HTTP/1.0\r\n\r\n");
    assert_eq!(client.read_to_close(), ("HTTP/1.0 200 OK\r\n\r\nhalf!".to_owned(), true));
    check_after(&rig, &counts, CUT);
}

/// The provider replies by `script`; the client gets an error of ours.
fn check_error(script: impl Fn(Wire) + Send + Sync + 'static, status: &str, code: &str) {
    let provider = provider(move |wire, _| script(wire));
    let (rig, counts) = counted(&provider, |setup| {
        setup.config.limits.head_bytes_max = 16 << 10;
        if code == "upstream_timeout" {
            setup.config.limits.head_wait_max = 6 * SHORT;
        }
    });
    let (head, body) = rig.client().ask(CALL);
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    let error = &serde_json::from_str::<serde_json::Value>(&body).unwrap()["error"];
    assert_eq!((&error["code"], &error["type"]), (&code.into(), &"api_error".into()));
    counts.above_zero().iter().find(|(name, _)| name == FAILED).expect("it is counted");
    let (head, _) = rig.client().ask("GET /p/alive HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
}

#[test]
fn a_head_that_is_none_is_a_502() {
    let fields = (0..200).map(|number| format!("x-{number}: 1\r\n")).collect::<String>();
    for reply in [
        "\0\u{1}\u{2} what is HTTP?\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabcde".to_owned(),
        format!("HTTP/1.1 200 OK\r\n{fields}content-length: 0\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(32 << 10)),
    ] {
        check_error(move |mut wire| wire.send(&reply), "502", "upstream_closed");
    }
}

#[test]
fn a_head_that_breaks_off_is_a_502() {
    for begun in ["", "HTTP", "HTTP/1.1 200 OK\r\ncontent-le"] {
        check_error(move |mut wire| wire.send(begun), "502", "upstream_closed");
    }
}

#[test]
fn a_head_that_stalls_is_a_504() {
    for begun in ["", "HTTP", "HTTP/1.1 200 OK\r\ncontent-le"] {
        let stall = move |mut wire: Wire| {
            wire.send(begun);
            wire.read_to_close();
        };
        check_error(stall, "504", "upstream_timeout");
    }
}

/// A connection that is closed with bytes unread is reset.
#[test]
fn a_reset_in_a_reply_does_not_look_like_its_end() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let provider = provider(move |mut wire, _| {
        wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf!\r\n");
        wait.lock().unwrap().recv_timeout(PATIENCE).unwrap();
    });
    let (rig, _) = counted(&provider, |_| {});
    let mut client = rig.client();
    let body = "x".repeat(100_000);
    client.send(format!("POST /p/x HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n{body}"));
    client.read_until("half!\r\n");
    go.send(()).unwrap();
    assert_eq!(client.read_to_close().0, "");
    let (head, _) = rig.client().ask("GET /p/alive HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
}

#[test]
fn what_follows_a_reply_unasked_is_nobodys_reply() {
    let provider = provider(|mut wire, _| {
        let surplus = json("200 OK", "{\"evil\":1}");
        wire.send(format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi{surplus}"));
        wire.read_to_close();
    });
    let (rig, counts) = counted(&provider, |_| {});
    let mut client = rig.client();
    assert_eq!(client.ask(CALL).1, "hi");
    assert_eq!(client.ask("GET /p/alive HTTP/1.1\r\nhost: a\r\n\r\n").1, "{}");
    check_after(&rig, &counts, "foreshadow_live_surplus_total{provider=p}");
}

#[test]
fn an_error_of_ours_has_the_shape_that_the_providers_callers_read() {
    let provider = Provider::scripted(drop);
    let mut setup = Setup::of(&[("p", provider.url())]);
    let told = |upstream: proxy::Upstream| {
        upstream.erring_in(|status, message, kind| format!("{kind} {status}: {message}").into())
    };
    setup.config.upstreams = setup.config.upstreams.into_iter().map(told).collect();
    let rig = setup.start();
    let (head, body) = rig.client().ask(CALL);
    assert!(head.starts_with("HTTP/1.1 502 "), "{head}");
    assert!(body.starts_with("api_error 502: foreshadow: provider `p` closed"), "{body}");
}
