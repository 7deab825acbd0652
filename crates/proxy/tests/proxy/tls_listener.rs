//! TLS on the live listener, and what both sides agree on when it begins.

use crate::{
    peers::{Asked, Streams, ask, call, client_over, run},
    support::{Provider, Rig, Setup, Stepped, json},
    tls::trusting as trusted,
};
use proxy::{Certificate, Config, Deps, Error, NoMirror, Observation, Proxy};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};

/// A certificate for `localhost` that signed itself, with its files.
struct Pair {
    made: rcgen::CertifiedKey<rcgen::KeyPair>,
    folder: TempDir,
}

impl Pair {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
        fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        Self { made, folder }
    }

    fn files(&self) -> Certificate {
        let file = |name| self.folder.path().join(name);
        Certificate { chain: file("cert.pem"), key: file("key.pem") }
    }

    fn acceptor(&self, alpn: &[&str]) -> TlsAcceptor {
        let key = PrivatePkcs8KeyDer::from(self.made.signing_key.serialize_der());
        let mut config = ServerConfig::builder_with_provider(ring())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.made.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
            .unwrap();
        config.alpn_protocols = protocols(alpn);
        TlsAcceptor::from(Arc::new(config))
    }

    /// A client's connection that trusts this certificate and offers `alpn`.
    async fn connect(&self, rig: &Rig, alpn: &[&str]) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.made.cert.der().clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(ring())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols(alpn);
        let stream = TcpStream::connect(rig.addr).await.unwrap();
        let name = "localhost".try_into().unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
    }
}

fn ring() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn protocols(names: &[&str]) -> Vec<Vec<u8>> {
    names.iter().map(|name| name.as_bytes().to_vec()).collect()
}

fn agreed(stream: &TlsStream<TcpStream>) -> Option<&[u8]> {
    stream.get_ref().1.alpn_protocol()
}

/// A proxy that listens with TLS, before a provider that says in which version it was asked.
fn listening(pair: &Pair, change: impl FnOnce(&mut Config)) -> (Rig, Provider) {
    let provider = Provider::answering(|head, _| json("200 OK", head.lines().next().unwrap()));
    let mut setup = Setup::of(&[("p", provider.url())]);
    setup.config.certificate = Some(pair.files());
    change(&mut setup.config);
    (setup.start(), provider)
}

/// One exchange of HTTP/1.1: all that comes until the connection closes.
async fn ask_http1(stream: &mut TlsStream<TcpStream>) -> String {
    let call = b"GET /p/x HTTP/1.1\r\nHost: a\r\nconnection: close\r\n\r\n";
    stream.write_all(call).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    reply
}

#[test]
fn a_client_that_offers_http_2_gets_it() {
    let pair = Pair::new();
    let (rig, _provider) = listening(&pair, |_| ());
    let reply = run(async {
        let stream = pair.connect(&rig, &["h2", "http/1.1"]).await;
        assert_eq!(agreed(&stream), Some(&b"h2"[..]));
        ask(&client_over(stream).await, call("GET", "/p/x", &[]), "").await.unwrap()
    });
    assert_eq!((reply.status, reply.body.as_str()), (200, "GET /x HTTP/1.1"));
}

#[test]
fn a_client_that_offers_nothing_or_http_1_1_is_served_in_http_1_1() {
    let pair = Pair::new();
    let (rig, _provider) = listening(&pair, |_| ());
    for alpn in [&[][..], &["http/1.1"]] {
        run(async {
            let mut stream = pair.connect(&rig, alpn).await;
            assert_eq!(agreed(&stream), alpn.first().map(|name| name.as_bytes()));
            let reply = ask_http1(&mut stream).await;
            assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
            assert!(reply.ends_with("GET /x HTTP/1.1"), "{reply}");
        });
    }
}

#[test]
fn who_speaks_no_tls_gets_nothing_and_harms_nobody() {
    let pair = Pair::new();
    let (rig, _provider) = listening(&pair, |_| ());
    let mut plain = rig.client();
    plain.send("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(!plain.read_to_close().0.contains("HTTP/1.1"));
    run(async { ask_http1(&mut pair.connect(&rig, &[]).await).await });
}

#[test]
fn a_handshake_that_takes_too_long_is_cut() {
    let pair = Pair::new();
    let wait = Duration::from_millis(50);
    let (rig, _provider) = listening(&pair, |config| config.limits.handshake_wait_max = wait);
    let mut wire = rig.client();
    // The beginning of a record that does not come.
    wire.send([0x16, 0x03, 0x01]);
    assert_eq!(wire.read_to_close().0, "");
}

#[test]
fn a_call_over_tls_is_answered_at_shutdown() {
    let pair = Pair::new();
    let (rig, _provider) = listening(&pair, |_| ());
    run(async {
        let mut idle = pair.connect(&rig, &["h2"]).await;
        let mut busy = pair.connect(&rig, &[]).await;
        assert!(ask_http1(&mut busy).await.ends_with("GET /x HTTP/1.1"));
        rig.begin_stop();
        // One that has said nothing yet is closed at once.
        let mut rest = Vec::new();
        let _closed_either_way = idle.read_to_end(&mut rest).await;
    });
    rig.stop();
}

/// Why a proxy with these files does not start.
fn refused(chain: &Path, key: &Path) -> Error {
    let mut config = Config::new(SocketAddr::from(([127, 0, 0, 1], 0)), vec![]).unwrap();
    config.certificate = Some(Certificate { chain: chain.to_owned(), key: key.to_owned() });
    let deps = Deps {
        mirror: Arc::new(NoMirror),
        steer: Arc::new(Observation),
        clock: Arc::new(Stepped::default()),
        chance: Arc::new(|| 0),
    };
    Proxy::bind(config, deps).err().expect("a refusal")
}

#[test]
fn files_that_cannot_be_used_are_refused_by_name_with_the_remedy() {
    let (one, other) = (Pair::new(), Pair::new());
    let Certificate { chain, key } = one.files();
    let missing = one.folder.path().join("missing.pem");
    let check = |error: Error, file: &Path, remedy: &str| {
        let said = error.to_string();
        assert!(said.contains(file.to_str().unwrap()) && said.contains(remedy), "{said}");
        assert!(!said.contains("PRIVATE KEY---"), "{said}");
    };
    check(refused(&missing, &key), &missing, "--tls-cert");
    check(refused(&chain, &missing), &missing, "--tls-key");
    check(refused(&key, &key), &key, "--tls-cert");
    check(refused(&chain, &chain), &chain, "--tls-key");
    check(refused(&chain, &other.files().key), &chain, "one pair");
}

/// A proxy of cleartext before a provider at `url`, which `pair` vouches for.
fn trusting(pair: &Pair, url: String) -> Rig {
    trusted(&url, &std::fs::read_to_string(pair.files().chain).unwrap())
}

/// A provider of HTTP/2 over TLS.
fn over_tls(pair: &Pair) -> (Streams, String) {
    let answer = |mut asked: Asked| async move {
        let version = format!("{:?}", asked.request.version());
        asked.answer(&version);
    };
    let provider = Streams::with(h2::server::Builder::new(), Some(pair.acceptor(&["h2"])), answer);
    let url = format!("https://localhost:{}", provider.addr.port());
    (provider, url)
}

#[test]
fn a_provider_that_offers_http_2_gets_it_from_clients_that_speak_it() {
    let pair = Pair::new();
    let (provider, url) = over_tls(&pair);
    let rig = trusting(&pair, url);
    run(async {
        let client = crate::peers::client(&rig).await;
        for _ in 0..3 {
            let reply = ask(&client, call("POST", "/p/x", &[]), "a").await.unwrap();
            assert_eq!((reply.status, reply.body.as_str()), (200, "HTTP/2.0"));
        }
    });
    assert_eq!(provider.connections(), 1);
}

/// A provider of HTTP/1.1 over TLS, which says how it was asked and what was agreed on.
fn of_http1(pair: &Pair, alpn: &'static [&str]) -> String {
    let acceptor = pair.acceptor(alpn);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let agreed = stream.get_ref().1.alpn_protocol().unwrap_or(b"none").to_vec();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let line = String::from_utf8(head).unwrap().lines().next().unwrap().to_owned();
                let said = format!("{line}, {}", String::from_utf8(agreed).unwrap());
                let reply = json("200 OK\r\nconnection: close", &said);
                stream.write_all(reply.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
    });
    url
}

#[test]
fn a_provider_that_does_not_offer_http_2_is_asked_in_http_1_1() {
    let pair = Pair::new();
    for (alpn, said) in
        [(&["http/1.1"][..], "GET /x HTTP/1.1, http/1.1"), (&[], "GET /x HTTP/1.1, none")]
    {
        let rig = trusting(&pair, of_http1(&pair, alpn));
        run(async {
            let client = crate::peers::client(&rig).await;
            for _ in 0..3 {
                let reply = ask(&client, call("GET", "/p/x", &[]), "").await.unwrap();
                assert_eq!(reply.body, said);
            }
        });
    }
}

#[test]
fn a_client_of_http_1_1_has_its_provider_asked_for_http_1_1_alone() {
    let pair = Pair::new();
    // It would rather speak HTTP/2.
    let rig = trusting(&pair, of_http1(&pair, &["h2", "http/1.1"]));
    let (_, body) = rig.client().ask("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(body, "GET /x HTTP/1.1, http/1.1");
}
