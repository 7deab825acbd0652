//! What passes a proxy between a client and a provider that both send any bytes. The fuzz target
//! `wire` compiles this very file.

use bytes::Bytes;
use exchange::{Clock, Conversation, ConversationSource, Event, Origin, Timestamp};
use proxy::{
    Answered, CallHead, Captured, Config, Deps, Http2, Planned, Priced, Proxy, Queue, QueueLimits,
    Running, Steer, Upstream,
};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// Nobody waits longer than this for what must come: long, because a fuzzer may be made to stand still.
const PATIENCE: Duration = Duration::from_secs(600);
/// What another client is answered without a provider.
const OTHER_CALL: &[u8] = b"GET /nobody HTTP/1.1\r\nhost: a\r\n\r\n";
const OTHER_END: &[u8] = b"}}";
/// How often the other client is answered until all that was sent before has been acted on: once to
/// accept it, once to read it, once to connect to the provider.
const TURNS: usize = 3;
const PREFACE: &[u8] = b"PRI * HTTP/2.0";
/// Where the forward proxy is asked to lead.
const BEYOND: &str = "provider.example";
const TUNNEL: &[u8] = b" 101";

struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

/// Counts the calls that begin.
#[derive(Default)]
struct Begun(AtomicU64);

impl Steer for Begun {
    fn policy_version(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst);
        0
    }

    fn is_live(&self) -> bool {
        false
    }

    fn wants_body(&self, _: &CallHead<'_>) -> bool {
        false
    }

    fn plan(&self, _: &CallHead<'_>, _: &Bytes) -> Planned {
        Planned::PassThrough
    }

    fn price(&self, _: &Answered<'_>) -> Option<Priced> {
        None
    }
}

/// How a provider is reached.
#[derive(Clone, Copy)]
enum Way {
    /// In HTTP/1.1.
    Plain,
    /// In HTTP/2, by clients that speak it.
    Http2,
    /// Through a forward proxy.
    Through,
}

/// Who listens where a way leads.
struct Provider {
    way: Way,
    listener: TcpListener,
    authority: String,
}

impl Provider {
    async fn listen(way: Way) -> io::Result<(Self, Upstream)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let authority = listener.local_addr()?.to_string();
        let here = format!("http://{authority}");
        let upstream = match way {
            Way::Plain => Upstream::new("p", &here),
            Way::Http2 => Upstream::new("h", &here).map(|it| it.speaking(Http2::Known)),
            Way::Through => {
                Upstream::new("f", &format!("http://{BEYOND}")).and_then(|it| it.through(&here))
            }
        };
        Ok((Self { way, listener, authority }, upstream.map_err(io::Error::other)?))
    }

    /// What came first obeys the law of this way.
    fn law(&self, came: &[u8]) {
        match self.way {
            Way::Plain => head_law(came, &self.authority),
            Way::Http2 if came.starts_with(PREFACE) => {}
            Way::Http2 => head_law(came, &self.authority),
            Way::Through => {
                let asked = format!("CONNECT {BEYOND}:80 HTTP/1.1\r\nHost: {BEYOND}:80\r\n\r\n");
                assert!(came.is_empty() || came == asked.as_bytes(), "{}", came.escape_ascii());
            }
        }
    }
}

/// A proxy of one live thread with a mirror, its providers, and another client.
pub(crate) struct Line {
    runtime: Runtime,
    providers: Vec<Provider>,
    proxy: SocketAddr,
    running: Running,
    shutdown: CancellationToken,
    other: TcpStream,
    mirror: Arc<Queue>,
    begun: Arc<Begun>,
    mirrored: u64,
    /// Calls that the provider answered with what may open a tunnel, which is no exchange.
    tunnels_max: u64,
}

impl Line {
    pub(crate) fn open() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut providers, mut upstreams) = (Vec::new(), Vec::new());
        for way in [Way::Plain, Way::Http2, Way::Through] {
            let (provider, upstream) = runtime.block_on(Provider::listen(way))?;
            providers.push(provider);
            upstreams.push(upstream);
        }
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut config = Config::new(at, upstreams).map_err(io::Error::other)?;
        config.limits.expect_wait_max = Duration::from_millis(1);
        config.limits.client_idle_max = PATIENCE;
        let (mirror, begun) =
            (Arc::new(Queue::new(QueueLimits::default())), Arc::<Begun>::default());
        let drawn = AtomicU64::new(0);
        let deps = Deps {
            mirror: Arc::clone(&mirror) as Arc<dyn proxy::Mirror>,
            steer: Arc::clone(&begun) as Arc<dyn Steer>,
            clock: Arc::new(Standing),
            chance: Arc::new(move || u128::from(drawn.fetch_add(1, Ordering::SeqCst))),
        };
        let shutdown = CancellationToken::new();
        let proxy = Proxy::bind(config, deps).map_err(io::Error::other)?;
        let running = proxy.run(NonZeroUsize::MIN, &shutdown).map_err(io::Error::other)?;
        let proxy = running.addr();
        let other = runtime.block_on(TcpStream::connect(proxy))?;
        let (mirrored, tunnels_max) = (0, 0);
        Ok(Self {
            runtime,
            providers,
            proxy,
            running,
            shutdown,
            other,
            mirror,
            begun,
            mirrored,
            tunnels_max,
        })
    }

    /// A client sends what stands before the line of `%%`; what stands behind it is what a provider, or
    /// the forward proxy in front of one, answers to whatever reaches it.
    pub(crate) fn wire_law(&mut self, data: &[u8]) {
        const MARK: &[u8] = b"\n%%\n";
        let at = data.windows(MARK.len()).position(|window| window == MARK);
        let (sent, answer) = at.map_or((data, &[][..]), |at| (&data[..at], &data[at + 4..]));
        let may_switch = answer.windows(TUNNEL.len()).any(|window| window == TUNNEL);
        let Self { runtime, providers, proxy, other, tunnels_max, .. } = self;
        let received = runtime.block_on(async {
            let mut client = TcpStream::connect(*proxy).await.expect("a seat");
            // A proxy that closes early has seen enough.
            let _ = client.write_all(sent).await;
            serves_others(other).await;
            while let Some((provider, stream)) = asked(providers).await {
                provider.law(&answered(stream, answer).await);
                *tunnels_max += u64::from(may_switch);
                serves_others(other).await;
            }
            let _ = client.shutdown().await;
            let mut received = Vec::new();
            let ended = timeout(PATIENCE, client.read_to_end(&mut received)).await;
            assert!(ended.is_ok(), "a client that is gone is let go");
            received
        });
        if !sent.starts_with(PREFACE) {
            reply_law(&received);
        }
        for (seq, captured) in self.mirror.drain(usize::MAX) {
            self.mirrored += 1;
            mirror_law(seq, captured);
        }
        assert!(self.mirrored <= self.begun.0.load(Ordering::SeqCst), "more than were made");
    }

    /// Every call that began was offered to the mirror, and once, unless it became a tunnel.
    pub(crate) fn close(self) -> io::Result<()> {
        drop(self.other);
        self.shutdown.cancel();
        self.running.join().map_err(io::Error::other)?;
        let mirrored = self.mirrored + self.mirror.drain(usize::MAX).len() as u64;
        let begun = self.begun.0.load(Ordering::SeqCst);
        assert!((begun - self.tunnels_max..=begun).contains(&mirrored), "{mirrored} of {begun}");
        Ok(())
    }
}

/// A connection that the proxy has made by now, to whichever provider.
async fn asked(providers: &[Provider]) -> Option<(&Provider, TcpStream)> {
    for provider in providers {
        if let Ok(Ok((stream, _))) = timeout(Duration::ZERO, provider.listener.accept()).await {
            return Some((provider, stream));
        }
    }
    None
}

/// Whatever one client does, another one is answered meanwhile.
async fn serves_others(other: &mut TcpStream) {
    for _ in 0..TURNS {
        other.write_all(OTHER_CALL).await.expect("a connection of somebody else");
        let mut reply = Vec::new();
        while !reply.ends_with(OTHER_END) {
            let read = timeout(PATIENCE, other.read_buf(&mut reply)).await;
            assert!(matches!(read, Ok(Ok(1..))), "others are not answered: {read:?}");
        }
    }
}

/// Answers a connection of the proxy when a head has come; what came.
async fn answered(mut stream: TcpStream, answer: &[u8]) -> Vec<u8> {
    let mut call = Vec::new();
    while !call.windows(4).any(|window| window == b"\r\n\r\n") {
        match timeout(PATIENCE, stream.read_buf(&mut call)).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0) | Err(_)) => break,
            Err(_) => panic!("a call neither comes nor is taken back: {call:?}"),
        }
    }
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
    call
}

/// What reaches a provider is one well-framed head for it, with nothing of ours in it.
fn head_law(call: &[u8], authority: &str) {
    let Some(end) = call.windows(4).position(|window| window == b"\r\n\r\n") else {
        assert!(call.is_empty(), "half a head: {}", call.escape_ascii());
        return;
    };
    let (first, fields) = fields(&call[..end]);
    let words: Vec<&str> = first.split(' ').collect();
    assert!(matches!(words[..], [_, path, "HTTP/1.1"] if path.starts_with('/')), "{first}");
    let of = |wanted: &str| fields.iter().filter(|(name, _)| name == wanted).collect::<Vec<_>>();
    let hosts = of("host");
    assert!(matches!(hosts[..], [(_, host)] if host == authority), "{hosts:?}");
    assert!(!fields.iter().any(|(name, _)| name.starts_with("x-foreshadow-")), "{fields:?}");
    assert!(of("proxy-authorization").is_empty(), "{fields:?}");
    // Whoever reads one line of several, or one coding of several, would see another end.
    let is_plain = |(_, coding): &&(String, String)| coding.eq_ignore_ascii_case("chunked");
    let codings = of("transfer-encoding");
    assert!(codings.len() <= 1 && codings.iter().all(is_plain), "{codings:?}");
    framing_law(&fields);
}

/// What a client gets is nothing, or begins with a well-framed head.
fn reply_law(received: &[u8]) {
    if received.is_empty() {
        return;
    }
    let end = received.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("half a head: {}", received.escape_ascii()));
    let (first, fields) = fields(&received[..end]);
    assert!(first.starts_with("HTTP/1."), "{first}");
    framing_law(&fields);
}

/// One way to tell where the body ends, and no field that is between two others alone.
fn framing_law(fields: &[(String, String)]) {
    let count = |wanted: &str| fields.iter().filter(|(name, _)| name == wanted).count();
    let framed_once = count("content-length") == 0 || count("transfer-encoding") == 0;
    assert!(framed_once && count("content-length") <= 1, "{fields:?}");
    assert_eq!(count("keep-alive") + count("proxy-connection"), 0, "{fields:?}");
}

/// The first line of a head, and its fields by lower-case name.
fn fields(head: &[u8]) -> (String, Vec<(String, String)>) {
    let text: String = head.iter().copied().map(char::from).collect();
    let mut lines = text.split("\r\n").map(str::to_owned);
    let first = lines.next().unwrap_or_default();
    let field = |line: String| {
        let (name, value) = line.split_once(':').expect("a field has a name");
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    (first, lines.map(field).collect())
}

/// What is mirrored can be written down and read back, and holds nothing of ours.
fn mirror_law(seq: u64, captured: Captured) {
    let origin = Origin { proxy_instance: "fuzz".to_owned(), offer_seq: seq };
    let exchange = captured.to_exchange(origin, |id, _, _| Conversation {
        key: id.to_string(),
        source: ConversationSource::Exchange,
    });
    assert!(exchange.call.path.starts_with('/'), "{}", exchange.call.path);
    let ours = |name: &str| name.starts_with("x-foreshadow-") || name == "host";
    assert!(!exchange.call.headers.0.iter().any(|(name, _)| ours(name)));
    let event = Event::Exchange(Box::new(exchange));
    let written = event.to_bytes().expect("it fits a record");
    assert_eq!(Event::from_bytes(written).expect("what was written can be read"), event);
}
