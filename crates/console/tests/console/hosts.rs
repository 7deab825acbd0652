//! Who is answered: those who can only have meant this listener.

use crate::world::{Canned, Told, World, config};
use console::Limits;
use std::sync::Arc;

/// On `listen`, with `names` allowed, each host is answered with the status.
async fn check(listen: &str, names: &[&str], cases: &[(&str, u16)]) {
    let config = config(listen, names, Limits::default());
    let world = World::of(Arc::new(Canned::default()), Vec::new(), config);
    for (host, status) in cases {
        for path in ["/", "/healthz", "/metrics", "/api/v1/policy", "/nowhere"] {
            let told = world.get_as(host, path).await;
            let expected = if path == "/nowhere" && *status == 200 { 404 } else { *status };
            assert_eq!(told.status, expected, "{host:?} at {path}: {told:?}");
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn on_loopback_only_loopback_is_meant() {
    let cases = [
        ("localhost", 200),
        ("LocalHost:8081", 200),
        ("127.0.0.1:1", 200),
        ("127.0.0.2", 200),
        ("[::1]:8081", 200),
        ("evil.example", 421),
        ("evil.example:8081", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("192.0.2.1", 421),
        ("0.0.0.0:8081", 421),
        ("user@localhost", 421),
        ("", 421),
    ];
    check("127.0.0.1:0", &[], &cases).await;
}

#[tokio::test]
async fn a_name_is_meant_only_if_it_was_given() {
    let cases = [("Console.Internal:8081", 200), ("other.internal", 421)];
    check("127.0.0.1:0", &["console.internal"], &cases).await;
}

#[tokio::test]
async fn on_every_address_any_address_is_meant_and_still_no_name() {
    let cases = [("192.0.2.1:8081", 200), ("[2001:db8::1]", 200), ("evil.example", 421)];
    check("0.0.0.0:0", &[], &cases).await;
}

#[tokio::test]
async fn a_request_that_names_no_host_or_two_is_refused() {
    let world = World::plain();
    let requests = [
        "GET / HTTP/1.1\r\nconnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\nconnection: close\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
        "GET http://localhost/ HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n",
    ];
    for request in requests {
        let told: Told = world.send(request).await;
        assert_eq!(
            (told.status, told.error_code().as_str()),
            (421, "host_not_allowed"),
            "{request}"
        );
    }
    world.stop().await;
}
