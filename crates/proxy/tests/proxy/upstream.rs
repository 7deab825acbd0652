//! The way to a provider: its name, its addresses, how long each step may take, and nothing that the
//! environment says.

use crate::{
    http2_provider::{echo, limited},
    limits::SHORT,
    peers::{Streams, ask, begin, call, client, run, whole},
    support::{PATIENCE, Provider, Rig, Setup, json},
    tls::provider,
};
use proxy::{Limits, Resolver, Upstream};
use std::{
    env,
    net::{SocketAddr, TcpListener, TcpStream},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, channel},
    },
    time::Duration,
};
use tokio::{net::TcpSocket, runtime::Builder, time::Instant};

const GET: &str = "GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n";

/// A provider that answers each call with `name`.
fn named(addr: &str, name: &'static str) -> Provider {
    Provider::listening(addr, move |mut wire| {
        while wire.read_call().is_some() {
            wire.send(json("200 OK", name));
        }
    })
}

/// A proxy before a provider at a name that has these addresses.
fn at(addresses: Vec<SocketAddr>, change: impl FnOnce(&mut Limits)) -> Rig {
    resolved(Resolver::given(move |_, _| addresses.clone()), change)
}

fn resolved(resolver: Resolver, change: impl FnOnce(&mut Limits)) -> Rig {
    let mut setup = Setup::of(&[("p", "http://provider.example".to_owned())]);
    setup.config.resolver = resolver;
    change(&mut setup.config.limits);
    setup.start()
}

/// Nobody listens there (any more).
fn refusing() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// An address that says nothing at all: its listener takes no connection, and no more fit before it.
pub(crate) struct Silent {
    pub(crate) addr: SocketAddr,
    _listener: tokio::net::TcpListener,
    _before: Vec<TcpStream>,
}

impl Silent {
    pub(crate) fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let _inside = runtime.enter();
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let addr = listener.local_addr().unwrap();
        let full = (0..64).map(|_| TcpStream::connect_timeout(&addr, 2 * SHORT));
        let before: Vec<_> = full.map_while(Result::ok).collect();
        assert!(before.len() < 64, "it takes whatever comes");
        Self { addr, _listener: listener, _before: before }
    }
}

fn check_served(rig: &Rig) {
    let (head, body) = rig.client().ask(GET);
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(body, "here");
}

fn check_error(rig: &Rig, status: &str, code: &str) {
    let (head, body) = rig.client().ask(GET);
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    let error = &serde_json::from_str::<serde_json::Value>(&body).unwrap()["error"];
    assert_eq!(error["code"], code, "{body}");
}

#[test]
fn two_providers_at_one_address_share_no_connection() {
    let provider = named("127.0.0.1:0", "here");
    let rig = Setup::of(&[("p", provider.url()), ("q", provider.url())]).start();
    for _ in 0..3 {
        rig.client().ask(GET);
        rig.client().ask("GET /q/x HTTP/1.1\r\nhost: a\r\n\r\n");
    }
    assert_eq!(provider.connections(), 2);
}

#[test]
fn a_provider_at_an_address_of_ipv6_is_asked_under_it() {
    let provider = Provider::listening("[::1]:0", |mut wire| {
        while let Some((head, _)) = wire.read_call() {
            wire.send(json("200 OK", &head));
        }
    });
    let rig = Rig::before(&provider);
    let (_, heard) = rig.client().ask(GET);
    assert!(heard.contains(&format!("host: {}\r\n", provider.addr)), "{heard}");
    assert!(provider.url().starts_with("http://[::1]:"));
}

#[test]
fn a_name_of_the_system_is_looked_up() {
    let provider = named("127.0.0.1:0", "here");
    let url = format!("http://localhost:{}", provider.addr.port());
    check_served(&Setup::of(&[("p", url)]).start());
}

#[test]
fn an_address_that_refuses_leaves_the_call_to_the_next() {
    for other in ["127.0.0.1:0", "[::1]:0"] {
        let provider = named(other, "here");
        let never = |limits: &mut Limits| limits.next_address_after = PATIENCE;
        check_served(&at(vec![refusing(), provider.addr], never));
        check_served(&at(vec![provider.addr, refusing()], never));
    }
}

#[test]
fn an_address_that_is_silent_leaves_the_call_to_the_next() {
    let (one, other) = (Silent::new(), Silent::new());
    let provider = named("[::1]:0", "here");
    check_served(&at(vec![one.addr, other.addr, provider.addr], |limits| {
        limits.next_address_after = SHORT;
        limits.connect_wait_max = PATIENCE / 2;
    }));
    assert_eq!(provider.connections(), 1);
}

#[test]
fn the_families_of_a_names_addresses_take_turns() {
    let silent = Silent::new();
    let provider = named("[::1]:0", "here");
    let mut addresses = vec![silent.addr; 100];
    addresses.push(provider.addr);
    check_served(&at(addresses, |limits| {
        limits.next_address_after = SHORT;
        limits.connect_wait_max = PATIENCE / 2;
    }));
}

#[test]
fn a_provider_none_of_whose_addresses_can_be_reached_is_a_502() {
    for addresses in [vec![], vec![refusing()], vec![refusing(), refusing()]] {
        check_error(&at(addresses, |_| {}), "502", "upstream_unreachable");
    }
}

#[test]
fn a_provider_none_of_whose_addresses_says_anything_is_a_504() {
    let (one, other) = (Silent::new(), Silent::new());
    for addresses in [vec![one.addr], vec![one.addr, other.addr]] {
        let rig = at(addresses, |limits| limits.connect_wait_max = 4 * SHORT);
        check_error(&rig, "504", "upstream_connect_timeout");
    }
}

#[test]
fn a_provider_that_never_agrees_on_tls_is_a_504() {
    let provider = Provider::scripted(|mut wire| {
        wire.read_to_close();
    });
    let url = format!("https://localhost:{}", provider.addr.port());
    let mut setup = Setup::of(&[("p", url)]);
    setup.config.limits.connect_wait_max = 4 * SHORT;
    check_error(&setup.start(), "504", "upstream_connect_timeout");
}

/// A name that leads to the first address when it is asked first, and to the second ever after.
fn moving(from: SocketAddr, to: SocketAddr) -> Resolver {
    let asked = AtomicUsize::new(0);
    Resolver::given(move |_, _| {
        vec![if asked.fetch_add(1, Ordering::SeqCst) == 0 { from } else { to }]
    })
}

#[test]
fn a_provider_that_moves_is_followed_however_busy_its_connection_is() {
    let (old, new) = (named("127.0.0.1:0", "old"), named("[::1]:0", "new"));
    let rig = resolved(moving(old.addr, new.addr), |limits| {
        limits.connection_age_max = 4 * SHORT;
        limits.idle_age_max = PATIENCE;
    });
    let (begun, mut client) = (Instant::now(), rig.client());
    let mut by_old = 0;
    while client.ask(GET).1 == "old" {
        by_old += 1;
        assert!(begun.elapsed() < PATIENCE, "it is asked where it was");
    }
    assert!(by_old > 1 && begun.elapsed() > 4 * SHORT, "{by_old} calls went to where it was");
    assert_eq!((old.connections(), new.connections()), (1, 1));
}

#[test]
fn a_connection_of_http2_past_its_age_ends_its_calls_and_takes_no_other() {
    let provider = Streams::answering(echo);
    let rig = limited(&provider, |limits| limits.connection_age_max = Duration::ZERO);
    run(async {
        let client = client(&rig).await;
        let first = begin(&client, call("POST", "/p/x", &[]), "a").await;
        let second = begin(&client, call("POST", "/p/x", &[]), "b").await;
        assert_eq!(whole(first).await.unwrap().body, "a");
        assert_eq!(whole(second).await.unwrap().body, "b");
        assert_eq!(ask(&client, call("POST", "/p/x", &[]), "c").await.unwrap().body, "c");
    });
    assert_eq!(provider.connections(), 3);
}

/// What Azure's callers send: a key in a field of its own, a deployment in the path, and a version in
/// the query.
#[test]
fn a_key_in_a_field_of_its_own_and_a_path_below_the_base_url_pass() {
    let provider = Provider::answering(|head, _| json("200 OK", head));
    let upstream = Upstream::new("azure", &format!("{}/openai/", provider.url())).unwrap();
    let mut setup = Setup::of(&[]);
    setup.config.upstreams = vec![upstream.identified_by("api-key".parse().unwrap())];
    let rig = setup.start();
    let (_, heard) = rig.client().ask(
        "POST /azure/deployments/gpt/chat/completions?api-version=2024-10-21 HTTP/1.1\r\n\
         host: a\r\nApi-Key: sk-1\r\ncontent-length: 2\r\n\r\n{}",
    );
    let line = "POST /openai/deployments/gpt/chat/completions?api-version=2024-10-21 HTTP/1.1\r\n";
    assert!(heard.starts_with(line), "{heard}");
    assert!(heard.contains("\r\nApi-Key: sk-1\r\n"), "{heard}");
    assert!(!heard.to_lowercase().contains("authorization"), "{heard}");
}

/// The fields of W3C's trace context; whoever collects traces finds the provider below the client.
#[test]
fn the_trace_that_a_call_belongs_to_passes_both_ways_as_it_is() {
    let provider = Provider::answering(|head, _| {
        json("200 OK", head).replacen("\r\n", &format!("\r\n{TRACE_OF_REPLY}\r\n"), 1)
    });
    let rig = Rig::before(&provider);
    let (head, heard) =
        rig.client().ask(&GET.replacen("\r\n\r\n", &format!("\r\n{TRACE}\r\n\r\n"), 1));
    assert!(heard.contains(&format!("\r\n{TRACE}\r\n")), "{heard}");
    assert_eq!(heard.matches("00-4bf92f").count(), 1, "{heard}");
    assert!(head.contains(&format!("\r\n{TRACE_OF_REPLY}\r\n")), "{head}");
}

const TRACE: &str = "Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\
    tracestate: rojo=00f067aa0ba902b7,\tcongo=t61rcWkgMzE\r\n\
    tracestate: late@vendor=1\r\n\
    baggage: userId=alice,serverNode=DF%2028";
const TRACE_OF_REPLY: &str =
    "traceresponse: 00-4bf92f3577b34da6a3ce929d0e0e4736-53995c3f42cd8ad8-01";

/// Runs other tests of this file again where every variable that names a proxy names one.
#[test]
fn a_proxy_of_the_environment_is_not_asked() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let trap = Provider::scripted(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let mut tests = Command::new(env::current_exe().unwrap());
    tests.args(["--exact", "--test-threads=1"]).args([
        "upstream::a_name_of_the_system_is_looked_up",
        "upstream::a_provider_at_an_address_of_ipv6_is_asked_under_it",
        "tls::a_provider_whose_authority_is_given_is_trusted",
    ]);
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
        tests.env(name, trap.url()).env(name.to_uppercase(), trap.url());
    }
    tests.env_remove("no_proxy").env_remove("NO_PROXY");
    let ended = tests.output().unwrap();
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && told.contains("3 passed"), "{told}");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

/// Runs itself again where the system's authorities are those of a file.
#[test]
fn the_authorities_of_the_system_are_trusted_and_may_be_those_of_a_file() {
    if let Some((_, url)) = env::vars().find(|(name, _)| name == "PROVIDER_OF_THIS_TEST") {
        let (_, body) = Setup::of(&[("p", url)]).start().client().ask(GET);
        assert_eq!(body, "\"over TLS\"");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let ((url, pem), (_, other)) = (provider(), provider());
    for (pem, word) in [(pem, "1 passed"), (other, "1 failed")] {
        let file = folder.path().join("authorities.pem");
        std::fs::write(&file, pem).unwrap();
        let again = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "upstream::the_authorities_of_the_system_are_trusted_and_may_be_those_of_a_file",
            ])
            .env("PROVIDER_OF_THIS_TEST", &url)
            .env("SSL_CERT_FILE", file)
            .env_remove("SSL_CERT_DIR")
            .output();
        let told = String::from_utf8(again.unwrap().stdout).unwrap();
        assert!(told.contains(word), "{told}");
    }
}

/// A forward proxy that tells what it was asked, and joins its two sides.
fn forward_proxy() -> (Provider, Receiver<String>) {
    let (tell, told) = channel();
    let proxy = Provider::scripted(move |mut wire| {
        let head = wire.read_head();
        let target = head.split(' ').nth(1).unwrap().replace("provider.example", "127.0.0.1");
        tell.send(head).unwrap();
        wire.send("HTTP/1.1 200 Connection established\r\nvia: 1.1 proxy\r\n\r\n");
        wire.join(TcpStream::connect(target).unwrap());
    });
    (proxy, told)
}

/// A proxy before `setup`'s one provider, through a forward proxy at `url`.
fn through(mut setup: Setup, url: &str) -> Rig {
    let upstream = setup.config.upstreams.remove(0);
    setup.config.upstreams.push(upstream.through(url).unwrap());
    setup.start()
}

#[test]
fn a_provider_behind_a_forward_proxy_is_reached_through_it() {
    let here = named("127.0.0.1:0", "here");
    let (proxy, told) = forward_proxy();
    let url = format!("http://provider.example:{}", here.addr.port());
    let rig = through(Setup::of(&[("p", url)]), &proxy.url());
    check_served(&rig);
    check_served(&rig);
    let target = format!("provider.example:{}", here.addr.port());
    let asked = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(asked, format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"));
    assert_eq!((proxy.connections(), here.connections()), (1, 1), "it is used again");
}

#[test]
fn tls_through_a_forward_proxy_ends_at_the_provider() {
    let (url, pem) = provider();
    let (proxy, told) = forward_proxy();
    let mut setup = Setup::of(&[("p", url)]);
    let upstream = setup.config.upstreams.remove(0);
    setup.config.upstreams.push(upstream.trusting(&pem).unwrap());
    let rig = through(setup, &proxy.url());
    assert_eq!(rig.client().ask(GET).1, "\"over TLS\"");
    assert!(told.recv_timeout(PATIENCE).unwrap().starts_with("CONNECT localhost:"));
}

#[test]
fn a_forward_proxy_that_refuses_is_a_502_that_says_so() {
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(16 << 10));
    for (said, problem) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407 Proxy Authentication"),
        ("what is HTTP?\r\n\r\n", "what is HTTP?"),
        (endless.as_str(), "no end"),
        ("", "reach provider"),
    ] {
        let said = said.to_owned();
        let proxy = Provider::scripted(move |mut wire| {
            wire.read_head();
            wire.send(&said);
        });
        let setup = Setup::of(&[("p", "http://provider.example".to_owned())]);
        let (head, body) = through(setup, &proxy.url()).client().ask(GET);
        assert!(head.starts_with("HTTP/1.1 502 "), "{head}");
        assert!(body.contains("upstream_unreachable") && body.contains(problem), "{body}");
    }
}

#[test]
fn a_forward_proxy_that_is_none_is_refused() {
    for url in ["", "proxy:3128", "https://a:1", "http://a", "http://u:p@a:1", "http://a:1/x?y"] {
        let refused = Upstream::new("p", "https://a").unwrap().through(url);
        let said = refused.unwrap_err().to_string();
        assert!(said.starts_with("provider `p`: its proxy") && !said.contains("u:p"), "{said}");
    }
}
