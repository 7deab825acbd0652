//! Raw sockets on both sides of a proxy. Every wait ends: a side that gets nothing for
//! [`PATIENCE`] fails its test.

use exchange::{Clock, Timestamp};
use proxy::{
    Captured, Config, Deps, Mirror, NoMirror, Observation, Offer, Proxy, Running, ShedReason,
    Steer, UnusedReply, Upstream,
};
use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// One end of a connection.
pub(crate) struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, unread: Vec::new() }
    }

    pub(crate) fn connect(addr: SocketAddr) -> Self {
        Self::new(TcpStream::connect(addr).unwrap())
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends the same again and again, until nobody takes it any more.
    pub(crate) fn send_for_ever(&mut self, bytes: &[u8]) {
        while self.stream.write_all(bytes).is_ok() {}
    }

    /// Everything up to and with `mark`.
    pub(crate) fn read_until(&mut self, mark: &str) -> String {
        loop {
            let found =
                self.unread.windows(mark.len()).position(|window| window == mark.as_bytes());
            if let Some(at) = found {
                let rest = self.unread.split_off(at + mark.len());
                return latin1(&std::mem::replace(&mut self.unread, rest));
            }
            assert!(self.fill(), "ended before {mark:?}: {:?}", latin1(&self.unread));
        }
    }

    pub(crate) fn read_head(&mut self) -> String {
        self.read_until("\r\n\r\n")
    }

    /// `count` bytes, with whatever came along with them; fewer at the end or after [`PATIENCE`].
    pub(crate) fn read_at_least(&mut self, count: usize) -> String {
        while self.unread.len() < count && self.fill() {}
        latin1(&std::mem::take(&mut self.unread))
    }

    pub(crate) fn read_exact(&mut self, count: usize) -> Vec<u8> {
        while self.unread.len() < count {
            assert!(self.fill(), "ended after {} of {count} bytes", self.unread.len());
        }
        let rest = self.unread.split_off(count);
        std::mem::replace(&mut self.unread, rest)
    }

    /// All that comes until the connection closes, and whether it closed with a reset.
    pub(crate) fn read_to_close(&mut self) -> (String, bool) {
        let mut buffer = [0; 4096];
        let reset = loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => break false,
                Ok(count) => self.unread.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break true,
                Err(error) => panic!("not closed: {error}; so far {:?}", latin1(&self.unread)),
            }
        };
        (latin1(&std::mem::take(&mut self.unread)), reset)
    }

    /// One exchange with a reply that has a `content-length`: its head and its body.
    pub(crate) fn ask(&mut self, call: &str) -> (String, String) {
        self.send(call);
        let head = self.read_head();
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
            })
            .expect("a reply with a length");
        (head, latin1(&self.read_exact(length)))
    }

    /// Reads a call whose body has a `content-length`, or none.
    pub(crate) fn read_call(&mut self) -> Option<(String, String)> {
        while !self.unread.windows(4).any(|window| window == b"\r\n\r\n") {
            if !self.fill() {
                return None;
            }
        }
        let head = self.read_head();
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
            })
            .unwrap_or(0);
        Some((head, latin1(&self.read_exact(length))))
    }

    /// A chunked body of `length` bytes, to its end.
    pub(crate) fn read_chunks(&mut self, length: usize) -> Vec<u8> {
        let mut body = Vec::with_capacity(length);
        loop {
            let size = self.read_until("\r\n");
            let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
            body.extend(self.read_exact(size));
            assert_eq!(self.read_exact(2), b"\r\n");
            if size == 0 {
                return body;
            }
        }
    }

    /// Whether something comes within `patience`.
    pub(crate) fn answers_within(&mut self, patience: Duration) -> bool {
        self.stream.set_read_timeout(Some(patience)).unwrap();
        let came = self.fill();
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        came
    }

    /// Closes at once, and says that it broke off.
    pub(crate) fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }

    pub(crate) fn close_sending_side(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Passes on what comes from either side, until one of them ends.
    pub(crate) fn join(self, other: TcpStream) {
        other.set_read_timeout(Some(PATIENCE)).unwrap();
        let (mut here, mut there) = (self.stream.try_clone().unwrap(), other.try_clone().unwrap());
        let back = thread::spawn(move || std::io::copy(&mut there, &mut here));
        let (mut here, mut there) = (self.stream, other);
        // Either side may be gone, and then so is the other.
        let _ = std::io::copy(&mut here, &mut there);
        let _ = there.shutdown(Shutdown::Both);
        let _ = back.join();
    }

    pub(crate) fn local_port(&self) -> u16 {
        self.stream.local_addr().unwrap().port()
    }

    fn fill(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(count) => {
                self.unread.extend_from_slice(&buffer[..count]);
                count > 0
            }
            Err(_) => false,
        }
    }
}

pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// A provider that does with each connection what its script says.
pub(crate) struct Provider {
    pub(crate) addr: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Provider {
    pub(crate) fn scripted(script: impl Fn(Wire) + Send + Sync + 'static) -> Self {
        Self::listening("127.0.0.1:0", script)
    }

    pub(crate) fn listening(addr: &str, script: impl Fn(Wire) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(addr).unwrap();
        let addr = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (script, count) = (Arc::new(script), Arc::clone(&connections));
        thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                let (script, wire) = (Arc::clone(&script), Wire::new(stream.unwrap()));
                thread::spawn(move || script(wire));
            }
        });
        Self { addr, connections }
    }

    /// Answers every call by `answer(head, body)`, connections kept alive.
    pub(crate) fn answering(answer: impl Fn(&str, &str) -> String + Send + Sync + 'static) -> Self {
        Self::scripted(move |mut wire| {
            while let Some((head, body)) = wire.read_call() {
                wire.send(answer(&head, &body));
            }
        })
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

/// A reply of JSON with a length.
pub(crate) fn json(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// A clock that stands until it is set.
#[derive(Default)]
pub(crate) struct Stepped(AtomicI64);

impl Stepped {
    pub(crate) fn advance(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for Stepped {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// A running proxy; stopped when dropped.
pub(crate) struct Rig {
    pub(crate) addr: SocketAddr,
    pub(crate) clock: Arc<Stepped>,
    shutdown: CancellationToken,
    running: Option<Running>,
}

pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) mirror: Arc<dyn Mirror>,
    pub(crate) steer: Arc<dyn Steer>,
    pub(crate) threads: usize,
}

impl Setup {
    pub(crate) fn of(providers: &[(&str, String)]) -> Self {
        let who = http::HeaderName::from_static("x-who");
        let upstream = |(name, url): &(&str, String)| {
            Upstream::new(name, url).unwrap().identified_by(who.clone())
        };
        let upstreams = providers.iter().map(upstream).collect();
        let mut config = Config::new(SocketAddr::from(([127, 0, 0, 1], 0)), upstreams).unwrap();
        config.limits.drain_wait_max = Duration::from_secs(1);
        Self { config, mirror: Arc::new(NoMirror), steer: Arc::new(Observation), threads: 1 }
    }

    pub(crate) fn mirrored_by(mut self, mirror: impl Mirror) -> Self {
        self.mirror = Arc::new(mirror);
        self
    }

    pub(crate) fn steered_by(mut self, steer: impl Steer) -> Self {
        self.steer = Arc::new(steer);
        self
    }

    pub(crate) fn start(self) -> Rig {
        let clock = Arc::new(Stepped::default());
        let drawn = AtomicU64::new(0);
        let deps = Deps {
            mirror: self.mirror,
            steer: self.steer,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            chance: Arc::new(move || u128::from(drawn.fetch_add(1, Ordering::SeqCst))),
        };
        let proxy = Proxy::bind(self.config, deps).unwrap();
        let shutdown = CancellationToken::new();
        let threads = NonZeroUsize::new(self.threads).unwrap();
        let running = proxy.run(threads, &shutdown).unwrap();
        Rig { addr: running.addr(), clock, shutdown, running: Some(running) }
    }
}

impl Rig {
    /// In front of one provider named `p`, nothing mirrored.
    pub(crate) fn before(provider: &Provider) -> Self {
        Setup::of(&[("p", provider.url())]).start()
    }

    pub(crate) fn client(&self) -> Wire {
        Wire::connect(self.addr)
    }

    pub(crate) fn begin_stop(&self) {
        self.shutdown.cancel();
    }

    pub(crate) fn stop(mut self) {
        self.shutdown.cancel();
        self.running.take().unwrap().join().unwrap();
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(running) = self.running.take() {
            let joined = running.join();
            assert!(joined.is_ok() || thread::panicking());
        }
    }
}

/// A mirror that hands over all that it gets.
pub(crate) struct Witness(Mutex<Sender<Captured>>);

impl Witness {
    pub(crate) fn new() -> (Self, Seen) {
        let (sender, receiver) = channel();
        (Self(Mutex::new(sender)), Seen(receiver))
    }
}

impl Mirror for Witness {
    fn offer(&self, captured: Captured) -> Offer {
        self.0.lock().unwrap().send(captured).ok();
        Offer::Accepted
    }

    fn missed(&self, _: Option<&str>, reason: ShedReason) {
        unreachable!("shed for {}", reason.name());
    }
}

pub(crate) struct Seen(Receiver<Captured>);

impl Seen {
    pub(crate) fn next(&self) -> exchange::Exchange {
        self.next_with_unused().0
    }

    /// The next exchange, with a candidate's reply that the client did not get.
    pub(crate) fn next_with_unused(&self) -> (exchange::Exchange, Option<UnusedReply>) {
        let captured = self.0.recv_timeout(PATIENCE).expect("an offer");
        let unused = captured.unused().cloned();
        let origin = exchange::Origin { proxy_instance: "test".into(), offer_seq: 0 };
        let exchange = captured.to_exchange(origin, |id, _, _| exchange::Conversation {
            key: id.to_string(),
            source: exchange::ConversationSource::Exchange,
        });
        (exchange, unused)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.try_recv().is_err()
    }
}
