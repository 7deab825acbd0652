//! A provider, a proxy in front of it, the mirror behind it, and a journal in a folder of its own.

use exchange::{Clock, Event, Exchange, Meter, SECOND_US, Timestamp};
use journal::{Journal, Limits};
use mirror::{Glance, Means, Mirroring, PassOn, Provider, Redact, TOPIC};
use proxy::{Config, Deps, Observation, Proxy, Queue, QueueLimits, Running, Upstream};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    num::NonZeroUsize,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const INSTANCE: &str = "proxy-1";
/// A fixed moment within a second.
const START: Timestamp = Timestamp(1_700_000_000_250_000);

/// A clock that stands until it is set.
pub(crate) struct Stepped(AtomicI64);

impl Stepped {
    pub(crate) fn advance_second(&self) {
        self.0.fetch_add(SECOND_US, Ordering::SeqCst);
    }
}

impl Clock for Stepped {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// A name that says nothing of a key.
pub(crate) const KEY_HEADER: &str = "x-of-our-own";

/// What differs from a healthy system.
pub(crate) struct Setup {
    pub(crate) queue: QueueLimits,
    pub(crate) journal: Limits,
    pub(crate) glance: Glance,
    pub(crate) redact: Redact,
    pub(crate) pass_on: PassOn,
    pub(crate) capture_total_bytes_max: usize,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            queue: QueueLimits::default(),
            journal: Limits::bytes(64 << 20),
            glance: Box::new(|_| ()),
            redact: Box::new(|_| false),
            pass_on: Box::new(drop),
            capture_total_bytes_max: 64 << 20,
        }
    }
}

pub(crate) struct System {
    pub(crate) addr: SocketAddr,
    pub(crate) clock: Arc<Stepped>,
    pub(crate) journal: Journal,
    pub(crate) dir: TempDir,
    means: Option<Means>,
    mirroring: Option<Mirroring>,
    shutdown: CancellationToken,
    running: Option<Running>,
}

impl System {
    /// Everything is up, except the mirror's thread.
    pub(crate) fn without_thread(setup: Setup) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path(), setup.journal).unwrap();
        let clock = Arc::new(Stepped(AtomicI64::new(START.0)));
        let queue = Arc::new(Queue::new(setup.queue));
        let upstream = Upstream::new("p", &format!("http://{}", provider())).unwrap();
        let mut config =
            Config::new(SocketAddr::from(([127, 0, 0, 1], 0)), vec![upstream]).unwrap();
        config.limits.capture_total_bytes_max = setup.capture_total_bytes_max;
        config.limits.drain_wait_max = PATIENCE;
        let drawn = AtomicU64::new(0);
        let deps = Deps {
            mirror: Arc::<Queue>::clone(&queue),
            steer: Arc::new(Observation),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            chance: Arc::new(move || u128::from(drawn.fetch_add(1, Ordering::SeqCst))),
        };
        let shutdown = CancellationToken::new();
        let proxy = Proxy::bind(config, deps).unwrap();
        let running = proxy.run(NonZeroUsize::MIN, &shutdown).unwrap();
        let spoken =
            Provider { dialect: dialect::Dialect::OpenAi, key_header: KEY_HEADER.to_owned() };
        let means = Means {
            queue,
            journal: Arc::new(journal.clone()),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            instance: INSTANCE.into(),
            providers: BTreeMap::from([("p".into(), spoken)]),
            glance: setup.glance,
            redact: setup.redact,
            pass_on: setup.pass_on,
        };
        Self {
            addr: running.addr(),
            clock,
            journal,
            dir,
            means: Some(means),
            mirroring: None,
            shutdown,
            running: Some(running),
        }
    }

    pub(crate) fn start(setup: Setup) -> Self {
        let mut system = Self::without_thread(setup);
        system.start_thread();
        system
    }

    pub(crate) fn start_thread(&mut self) {
        self.mirroring = Some(Mirroring::start(self.means.take().unwrap()).unwrap());
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.addr)
    }

    pub(crate) fn flush(&self) {
        self.mirroring.as_ref().unwrap().flush();
    }

    /// Ends the proxy, so that every exchange has been offered, and flushes.
    pub(crate) fn settle(&mut self) {
        self.shutdown.cancel();
        if let Some(running) = self.running.take() {
            running.join().unwrap();
        }
        if self.mirroring.is_some() {
            self.flush();
        }
    }

    /// Ends the proxy, and the mirror as well.
    pub(crate) fn stop(&mut self) {
        self.settle();
        if let Some(mirroring) = self.mirroring.take() {
            mirroring.stop();
        }
    }

    /// What the journal holds from `offset` on.
    pub(crate) fn events_from(&self, offset: u64) -> Vec<Event> {
        let end = self.journal.end(TOPIC).unwrap();
        let (mut at, mut events) = (offset.max(self.journal.start(TOPIC).unwrap()), Vec::new());
        while at < end {
            for record in self.journal.read(TOPIC, at, 1000, 64 << 20).unwrap() {
                at = record.offset + 1;
                events.push(Event::from_bytes(record.payload).unwrap());
            }
        }
        events
    }

    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        parted(self.events_from(0)).0
    }

    pub(crate) fn meters(&self) -> Vec<Meter> {
        parted(self.events_from(0)).1
    }
}

pub(crate) fn parted(events: Vec<Event>) -> (Vec<Exchange>, Vec<Meter>) {
    let (mut exchanges, mut meters) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            Event::Exchange(exchange) => exchanges.push(*exchange),
            Event::Meter(meter) => meters.push(meter),
        }
    }
    (exchanges, meters)
}

impl Drop for System {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(running) = self.running.take() {
            let joined = running.join();
            assert!(joined.is_ok() || thread::panicking());
        }
        if let Some(mirroring) = self.mirroring.take() {
            mirroring.stop();
        }
    }
}

/// The sums of all meters, each of which must close.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) offered: u64,
    pub(crate) accepted: u64,
    pub(crate) shed: BTreeMap<String, u64>,
    pub(crate) lost: BTreeMap<String, u64>,
}

pub(crate) fn sums(meters: &[Meter]) -> Sums {
    let mut sums = Sums::default();
    for meter in meters {
        assert!(meter.closes(), "{meter:?}");
        assert_eq!(meter.proxy_instance, INSTANCE);
        sums.offered += meter.offered;
        sums.accepted += meter.accepted;
        for (reason, count) in &meter.shed {
            *sums.shed.entry(reason.clone()).or_default() += count;
        }
        for (reason, count) in &meter.lost {
            *sums.lost.entry(reason.clone()).or_default() += count;
        }
    }
    sums
}

/// A client on one connection that is kept alive.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    fn new(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// Posts `body` to `path` with more header lines; the whole reply, head and body, as it came.
    pub(crate) fn post(&mut self, path: &str, more: &str, body: &[u8]) -> Vec<u8> {
        let length = body.len();
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: a\r\n{more}content-length: {length}\r\n\r\n");
        let message = [head.as_bytes(), body].concat();
        self.0.get_mut().write_all(&message).unwrap();
        let (head, body) = read_message(&mut self.0).expect("a reply");
        [head.as_bytes(), &body].concat()
    }
}

/// The body of a reply.
pub(crate) fn body_of(reply: &[u8]) -> &[u8] {
    let end = reply.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    &reply[end + 4..]
}

/// Answers every call with its own body reversed, a cookie, and the status that the path ends with.
fn provider() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            thread::spawn(move || {
                while let Some((head, mut body)) = read_message(&mut stream) {
                    body.reverse();
                    let path = head.split(' ').nth(1).unwrap();
                    let status = path.rsplit('/').next().filter(|last| last.len() == 3);
                    let head = format!(
                        "HTTP/1.1 {} As Asked\r\nset-cookie: session=cookie-of-the-reply\r\n\
                         openai-organization: org-1\r\ncontent-length: {}\r\n\r\n",
                        status.unwrap_or("200"),
                        body.len()
                    );
                    stream.get_mut().write_all(&[head.as_bytes(), &body].concat()).unwrap();
                }
            });
        }
    });
    addr
}

fn read_message(stream: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let from = head.len();
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
        let line = head[from..].trim_end().to_ascii_lowercase();
        if let Some(text) = line.strip_prefix("content-length: ") {
            length = text.parse().unwrap();
        }
        if line.is_empty() {
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            return Some((head, body));
        }
    }
}

/// Every byte of every file under `dir`.
pub(crate) fn raw_files(dir: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(raw_files(&path));
        } else {
            bytes.extend(fs::read(path).unwrap());
        }
    }
    bytes
}

pub(crate) fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
