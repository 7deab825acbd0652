//! TLS towards a provider: trusted by the authorities that it was given, refused without them.

use crate::support::{Rig, Setup, json};
use proxy::{Config, Error, Upstream};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
};

/// A provider with a certificate for `localhost` that signed itself: its URL and the PEM of it.
pub(crate) fn provider() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            let mut head = Vec::new();
            let mut buffer = [0; 1024];
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(count) if count > 0 => head.extend_from_slice(&buffer[..count]),
                    _ => break,
                }
            }
            // A client that does not trust us has gone by now.
            let _gone = stream.write_all(json("200 OK", "\"over TLS\"").as_bytes());
        }
    });
    (url, made.cert.pem())
}

/// A proxy before a provider at `url`, which `pem` vouches for.
pub(crate) fn trusting(url: &str, pem: &str) -> Rig {
    let mut setup = Setup::of(&[("p", url.to_owned())]);
    let upstream = setup.config.upstreams.remove(0);
    setup.config.upstreams.push(upstream.trusting(pem).unwrap());
    setup.start()
}

#[test]
fn a_provider_whose_authority_is_given_is_trusted() {
    let (url, pem) = provider();
    let rig = trusting(&url, &pem);
    let (_, body) = rig.client().ask("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(body, "\"over TLS\"");
}

#[test]
fn a_provider_of_another_authority_is_a_502() {
    let (url, _) = provider();
    let (_, pem) = provider();
    let rig = trusting(&url, &pem);
    let (head, body) = rig.client().ask("GET /p/x HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 502 "), "{head}");
    assert!(body.contains("certificate"), "{body}");
}

#[test]
fn authorities_that_are_none_are_refused() {
    for pem in ["nothing here", "-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n"] {
        let refused = Upstream::new("p", "https://localhost:1").unwrap().trusting(pem);
        assert!(refused.unwrap_err().to_string().starts_with("provider `p`: its certificate"));
    }
}

#[test]
fn each_provider_has_its_own_authorities() {
    let ((one, one_pem), (other, other_pem)) = (provider(), provider());
    for (pems, status) in [([&one_pem, &other_pem], "200"), ([&other_pem, &one_pem], "502")] {
        let mut setup = Setup::of(&[("p", one.clone()), ("q", other.clone())]);
        for (upstream, pem) in setup.config.upstreams.iter_mut().zip(pems) {
            *upstream = upstream.clone().trusting(pem).unwrap();
        }
        let rig = setup.start();
        for name in ["p", "q"] {
            let call = format!("GET /{name}/x HTTP/1.1\r\nhost: a\r\n\r\n");
            let (head, _) = rig.client().ask(&call);
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {head}");
        }
    }
}

#[test]
fn a_base_url_that_cannot_be_used_is_refused_with_what_is_wrong() {
    let problem = |url: &str| Upstream::new("p", url).unwrap_err().to_string();
    assert!(problem("ftp://a").contains("neither http nor https"));
    assert!(problem("/v1").contains("has no host"));
    assert!(problem("https://user:sk-1@a").contains("carries a credential"));
    assert!(!problem("https://user:sk-1@a").contains("sk-1"));
    assert!(problem("https://a?key=1").contains("has a query"));
    assert!(Upstream::new("a/b", "https://a").is_err());
    let twice = || Upstream::new("p", "https://a").unwrap();
    let config = Config::new(SocketAddr::from(([127, 0, 0, 1], 0)), vec![twice(), twice()]);
    assert!(matches!(config, Err(Error::DuplicateUpstream { .. })));
}
