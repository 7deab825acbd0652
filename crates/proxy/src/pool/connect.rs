//! Making one connection: name, TCP, TLS, and hyper's handshake.

use crate::{
    body::CallBody,
    config::{Config, Limits},
    error::Error,
    pool::transport::Transport,
    refusal::Refusal,
    upstream::Upstream,
};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{io, path::Path, sync::Arc, time::Duration};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;
use tokio_util::task::TaskTracker;

/// The trust that all threads share.
#[derive(Clone)]
pub(crate) struct TlsSetup(Option<Arc<ClientConfig>>);

impl TlsSetup {
    /// Loads certificate authorities, if any provider speaks TLS: it takes milliseconds.
    pub(crate) fn load(config: &Config) -> Result<Self, Error> {
        if config.upstreams.iter().all(|upstream| upstream.tls().is_none()) {
            return Ok(Self(None));
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = &config.ca_file {
            add_file(&mut roots, path)?;
        }
        if roots.is_empty() {
            return Err(Error::NoAuthorities);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Some(Arc::new(client))))
    }
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), Error> {
    let wrong = |problem: String| Error::CaFile { path: path.to_owned(), problem };
    let found = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
    let before = roots.len();
    for certificate in found {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.len() == before {
        return Err(wrong("it holds no PEM certificate".to_owned()));
    }
    Ok(())
}

/// How a provider's connections are secured.
enum Security {
    Plain,
    Tls(TlsConnector, ServerName<'static>),
}

/// Makes connections to one provider.
pub(crate) struct Connector {
    upstream: Upstream,
    tls: Security,
    builder: Builder,
    wait_max: Duration,
    drivers: TaskTracker,
}

impl Connector {
    pub(crate) fn new(
        upstream: Upstream,
        tls: &TlsSetup,
        limits: &Limits,
        drivers: &TaskTracker,
    ) -> Result<Self, Error> {
        let security = match (upstream.tls(), &tls.0) {
            (None, _) => Security::Plain,
            (Some(name), Some(config)) => {
                Security::Tls(TlsConnector::from(Arc::clone(config)), name.clone())
            }
            (Some(_), None) => return Err(Error::NoAuthorities),
        };
        let mut builder = Builder::new();
        builder.preserve_header_case(true).max_header_size(limits.head_bytes_max);
        Ok(Self {
            upstream,
            tls: security,
            builder,
            wait_max: limits.connect_wait_max,
            drivers: drivers.clone(),
        })
    }

    pub(crate) fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// A new connection, driven by a task of this thread until either side closes it.
    pub(crate) async fn connect(&self) -> Result<SendRequest<CallBody>, Refusal> {
        let provider = || self.upstream.name().to_owned();
        let transport = match timeout(self.wait_max, self.transport()).await {
            Ok(Ok(transport)) => transport,
            Ok(Err(error)) => {
                return Err(Refusal::Unreachable {
                    provider: provider(),
                    problem: error.to_string(),
                });
            }
            Err(_elapsed) => {
                let waited = self.wait_max;
                return Err(Refusal::ConnectTimeout { provider: provider(), waited });
            }
        };
        let handshake = self.builder.handshake(TokioIo::new(transport)).await;
        let (sender, connection) = handshake.map_err(|_| Refusal::Died { provider: provider() })?;
        self.drivers.spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "a provider's connection ended");
            }
        });
        Ok(sender)
    }

    async fn transport(&self) -> io::Result<Transport> {
        let stream = TcpStream::connect((self.upstream.host(), self.upstream.port())).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            Security::Plain => Ok(Transport::Plain(stream)),
            Security::Tls(connector, name) => {
                let stream = connector.connect(name.clone(), stream).await?;
                Ok(Transport::Tls(Box::new(stream)))
            }
        }
    }
}
