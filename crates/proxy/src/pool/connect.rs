//! Making one connection: name, TCP, TLS, and hyper's handshake.

use crate::{
    body::{CallBody, Retold},
    config::{Config, Limits},
    error::Error,
    meters::ProviderMeters,
    pool::{lines::Allowance, reach::reach, through},
    refusal::Refusal,
    resolve::Resolver,
    transport::{ALPN_HTTP1, ALPN_HTTP2, Reset, Transport},
    upstream::Upstream,
};
use hyper::{
    client::conn::{http1, http2},
    rt::Executor,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;
use tokio_util::task::TaskTracker;

/// The trust that all threads share: in the system's authorities, if any provider needs them.
#[derive(Clone)]
pub(crate) struct TlsSetup(Option<Offers>);

/// What is offered to a provider when TLS begins.
#[derive(Clone)]
struct Offers {
    http1: Arc<ClientConfig>,
    either: Arc<ClientConfig>,
}

impl TlsSetup {
    /// Loads the system's certificate authorities, which takes milliseconds, for those providers of
    /// TLS that were given none.
    pub(crate) fn load(config: &Config) -> Result<Self, Error> {
        let needs =
            |upstream: &Upstream| upstream.tls().is_some() && upstream.authorities().is_none();
        if !config.upstreams.iter().any(needs) {
            return Ok(Self(None));
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(Error::NoAuthorities);
        }
        Offers::new(Arc::new(roots)).map(|offers| Self(Some(offers)))
    }

    fn offers(&self, upstream: &Upstream) -> Result<Offers, Error> {
        match (upstream.authorities(), &self.0) {
            (Some(given), _) => Offers::new(Arc::clone(given)),
            (None, Some(offers)) => Ok(offers.clone()),
            (None, None) => Err(Error::NoAuthorities),
        }
    }
}

impl Offers {
    fn new(roots: Arc<RootCertStore>) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = vec![ALPN_HTTP1.to_vec()];
        let mut either = client.clone();
        either.alpn_protocols = vec![ALPN_HTTP2.to_vec(), ALPN_HTTP1.to_vec()];
        Ok(Self { http1: Arc::new(client), either: Arc::new(either) })
    }
}

/// How a provider's connections are secured.
enum Security {
    Plain,
    Tls { http1: TlsConnector, either: TlsConnector, name: ServerName<'static> },
}

/// A connection of HTTP/1.1, which carries one call at a time.
pub(crate) struct Connection {
    pub(crate) sender: http1::SendRequest<CallBody>,
    pub(crate) reset: Reset,
    pub(crate) made: Instant,
}

/// A new connection that has calls of HTTP/2 to carry, if the provider speaks it.
pub(crate) enum Dialled {
    Http1(Connection),
    Http2(http2::SendRequest<Retold>, Arc<Allowance>),
}

/// What is offered.
#[derive(Clone, Copy)]
enum Offering {
    Http1,
    Either,
}

/// Makes connections to one provider.
pub(crate) struct Connector {
    upstream: Upstream,
    tls: Security,
    http1: http1::Builder,
    http2: http2::Builder<Drivers>,
    meters: Arc<ProviderMeters>,
    resolver: Resolver,
    wait_max: Duration,
    next_address_after: Duration,
    drivers: TaskTracker,
}

impl Connector {
    pub(crate) fn new(
        upstream: Upstream,
        tls: &TlsSetup,
        config: &Config,
        drivers: &TaskTracker,
    ) -> Result<Self, Error> {
        let security = match upstream.tls() {
            None => Security::Plain,
            Some(name) => {
                let Offers { http1, either } = tls.offers(&upstream)?;
                let (http1, either) = (TlsConnector::from(http1), TlsConnector::from(either));
                Security::Tls { http1, either, name: name.clone() }
            }
        };
        let limits = &config.limits;
        let mut http1 = http1::Builder::new();
        http1.preserve_header_case(true).max_header_size(limits.head_bytes_max);
        Ok(Self {
            meters: Arc::new(ProviderMeters::new(upstream.name())),
            upstream,
            tls: security,
            http1,
            http2: http2_client(limits, drivers),
            resolver: config.resolver.clone(),
            wait_max: limits.connect_wait_max,
            next_address_after: limits.next_address_after,
            drivers: drivers.clone(),
        })
    }

    pub(crate) fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    pub(crate) fn meters(&self) -> &Arc<ProviderMeters> {
        &self.meters
    }

    /// A new connection, driven by a task of this thread until either side closes it.
    pub(crate) async fn connect(&self) -> Result<Connection, Refusal> {
        let transport = self.dial(Offering::Http1).await?;
        self.begin_http1(transport).await
    }

    /// The same, of HTTP/2 if the provider speaks it.
    pub(crate) async fn connect_either(&self) -> Result<Dialled, Refusal> {
        let transport = self.dial(Offering::Either).await?;
        let speaks_http2 = match &self.tls {
            Security::Plain => self.upstream.may_speak_http2(),
            Security::Tls { .. } => transport.agreed_on_http2(),
        };
        if speaks_http2 {
            self.begin_http2(transport).await
        } else {
            self.begin_http1(transport).await.map(Dialled::Http1)
        }
    }

    async fn begin_http1(&self, transport: Transport) -> Result<Connection, Refusal> {
        let reset = transport.reset().clone();
        let handshake = self.http1.handshake(TokioIo::new(transport)).await;
        let (sender, connection) = handshake.map_err(|_| self.died())?;
        let surplus = self.meters.surplus.clone();
        self.drivers.spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                if is_surplus(&error) {
                    surplus.increment(1);
                }
                tracing::debug!(%error, "a provider's connection ended");
            }
        });
        Ok(Connection { sender, reset, made: Instant::now() })
    }

    async fn begin_http2(&self, transport: Transport) -> Result<Dialled, Refusal> {
        let handshake = self.http2.handshake(TokioIo::new(transport)).await;
        let (sender, mut connection) = handshake.map_err(|_| self.died())?;
        let allowance = Allowance::new(connection.current_max_send_streams());
        let (told, unanswered) = (Arc::clone(&allowance), self.meters.bounds.http2_ping.clone());
        self.drivers.spawn(async move {
            let ended = loop {
                tokio::select! {
                    biased;
                    ended = &mut connection => break ended,
                    () = told.asked() => told.note(connection.current_max_send_streams()),
                }
            };
            if let Err(error) = ended {
                // Of hyper's own times, a connection of HTTP/2 has the ping's alone.
                if error.is_timeout() {
                    unanswered.increment(1);
                }
                tracing::debug!(%error, "a provider's connection ended");
            }
        });
        Ok(Dialled::Http2(sender, allowance))
    }

    /// How long connecting may take.
    pub(crate) fn wait_max(&self) -> Duration {
        self.wait_max
    }

    pub(crate) fn late(&self) -> Refusal {
        let provider = self.upstream.name().to_owned();
        Refusal::ConnectTimeout { provider, waited: self.wait_max }
    }

    fn died(&self) -> Refusal {
        Refusal::Died { provider: self.upstream.name().to_owned() }
    }

    async fn dial(&self, offering: Offering) -> Result<Transport, Refusal> {
        // In a box, so that no connection of a client has room for it all the time.
        match timeout(self.wait_max, Box::pin(self.transport(offering))).await {
            Ok(Ok(transport)) => Ok(transport),
            Ok(Err(error)) => Err(Refusal::Unreachable {
                provider: self.upstream.name().to_owned(),
                problem: error.to_string(),
            }),
            Err(_elapsed) => Err(self.late()),
        }
    }

    async fn transport(&self, offering: Offering) -> io::Result<Transport> {
        let stream = self.tcp().await?;
        match &self.tls {
            Security::Plain => Ok(Transport::plain(stream)),
            Security::Tls { http1, either, name } => {
                let connector = match offering {
                    Offering::Http1 => http1,
                    Offering::Either => either,
                };
                let stream = connector.connect(name.clone(), stream).await?;
                Ok(Transport::tls(stream.into()))
            }
        }
    }

    /// To the provider, or through the forward proxy in front of it.
    async fn tcp(&self) -> io::Result<TcpStream> {
        let (host, port) = (self.upstream.host(), self.upstream.port());
        let Some(proxy) = self.upstream.forward_proxy() else {
            return self.reach(host, port).await;
        };
        let mut stream = self.reach(&proxy.host, proxy.port).await?;
        through::ask(&mut stream, host, port).await?;
        Ok(stream)
    }

    async fn reach(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let addresses = self.resolver.look_up(host, port).await?;
        let stream =
            reach(&addresses, self.next_address_after, &self.meters.bounds.next_address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// Whether more came than was announced. hyper says it in words alone.
fn is_surplus(error: &hyper::Error) -> bool {
    error.to_string() == "received unexpected message from connection"
}

/// The tasks of a provider's HTTP/2.
#[derive(Clone)]
struct Drivers(TaskTracker);

impl<F> Executor<F> for Drivers
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.0.spawn(task);
    }
}

fn http2_client(limits: &Limits, drivers: &TaskTracker) -> http2::Builder<Drivers> {
    let mut builder = http2::Builder::new(Drivers(drivers.clone()));
    builder
        .max_header_list_size(limits.http2_head_bytes_max())
        .initial_stream_window_size(limits.http2_window_bytes)
        .initial_connection_window_size(limits.http2_connection_window_bytes())
        .max_send_buf_size(limits.http2_window_bytes as usize)
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.http2_ping_every)
        .keep_alive_timeout(limits.http2_ping_wait_max);
    builder
}
