//! The children: an upstream that answers at once, and a proxy with or without a mirror.

use crate::{load::read_message, streams};
use exchange::{Clock, Event, Meter, Timestamp};
use journal::{Journal, Limits};
use mirror::{Means, Mirroring, Provider, Redact, TOPIC};
use proxy::{Config, Deps, Mirror, NoMirror, Observation, Proxy, Queue, QueueLimits, Upstream};
use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{SystemTime, UNIX_EPOCH},
};
use tokio_util::sync::CancellationToken;

const REPLY_BYTES: usize = 1_700;
const JOURNAL_BYTES_MAX: u64 = 8 << 30;

pub(crate) fn upstream() -> io::Result<()> {
    let reply = reply();
    listening(move |mut stream| {
        let mut buffer = Vec::new();
        stream.set_nodelay(true)?;
        loop {
            read_message(&mut stream, &mut buffer)?;
            answer(&mut stream, &buffer, &reply)?;
        }
    })
}

/// A child that says where it listens, and serves each connection on a thread: the proxy keeps as many
/// as its clients do. What ends one of them is how a client goes.
pub(crate) fn listening(
    serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || drop(serve(stream)));
        }
    });
    wait_for_end()
}

fn answer(stream: &mut TcpStream, call: &[u8], reply: &[u8]) -> io::Result<()> {
    if call.windows(streams::ASKED.len()).any(|window| window == streams::ASKED.as_bytes()) {
        streams::tell(stream)
    } else {
        stream.write_all(reply)
    }
}

fn reply() -> Vec<u8> {
    let head = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1763661600,"model":"gpt-4o-2024-11-20","choices":[{"index":0,"message":{"role":"assistant","content":""#;
    let tail = r#""},"finish_reason":"stop"}],"usage":{"prompt_tokens":190,"completion_tokens":300,"total_tokens":490}}"#;
    let text = "word ".repeat((REPLY_BYTES - head.len() - tail.len()) / 5);
    let body = format!("{head}{text}{tail}");
    let head = format!(
        "HTTP/1.1 200 OK\r\ndate: Fri, 20 Nov 2026 18:00:00 GMT\r\n\
         content-type: application/json\r\nx-request-id: req_1\r\n\
         x-ratelimit-remaining-requests: 99\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

pub(crate) struct Wall;

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// What is behind the offer.
#[derive(Clone, Copy, PartialEq)]
enum Behind {
    /// Nothing is offered.
    Nothing,
    /// The mirror and its journal.
    Mirror,
    /// The mirror, stuck in its first exchange for ever.
    Hung,
}

impl Behind {
    fn named(name: Option<&str>) -> io::Result<Self> {
        match name {
            None => Ok(Self::Nothing),
            Some("mirrored") => Ok(Self::Mirror),
            Some("hung") => Ok(Self::Hung),
            Some(other) => Err(io::Error::other(format!("no mirror is {other}"))),
        }
    }

    fn redact(self) -> Redact {
        match self {
            Self::Hung => Box::new(|_| {
                loop {
                    thread::park();
                }
            }),
            _ => Box::new(|_| false),
        }
    }
}

/// One live thread in front of `upstream`; at its end it says what became of the copies.
pub(crate) fn proxy(upstream: &str, behind: Option<&str>) -> io::Result<()> {
    let behind = Behind::named(behind)?;
    let queue = Arc::new(Queue::new(QueueLimits::default()));
    let mirror: Arc<dyn Mirror> = match behind {
        Behind::Nothing => Arc::new(NoMirror),
        Behind::Mirror | Behind::Hung => Arc::<Queue>::clone(&queue),
    };
    let upstream = Upstream::new("p", &format!("http://{upstream}")).map_err(io::Error::other)?;
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config::new(listen, vec![upstream]).map_err(io::Error::other)?;
    let drawn = AtomicU64::new(0);
    let deps = Deps {
        mirror: Arc::clone(&mirror),
        steer: Arc::new(Observation),
        clock: Arc::new(Wall),
        chance: Arc::new(move || u128::from(drawn.fetch_add(1, Ordering::Relaxed))),
    };
    let dir = tempfile::tempdir()?;
    let journal =
        Journal::open(dir.path(), Limits::bytes(JOURNAL_BYTES_MAX)).map_err(io::Error::other)?;
    let provider =
        Provider { dialect: dialect::Dialect::OpenAi, key_header: "authorization".into() };
    let mirroring = Mirroring::start(Means {
        queue,
        journal: Arc::new(journal.clone()),
        clock: Arc::new(Wall),
        instance: "bench".into(),
        providers: BTreeMap::from([("p".into(), provider)]),
        glance: Box::new(|_| ()),
        redact: behind.redact(),
        pass_on: Box::new(drop),
    })?;
    let mirroring = if mirror.is_on() {
        Some(mirroring)
    } else {
        mirroring.stop();
        None
    };
    let shutdown = CancellationToken::new();
    let proxy = Proxy::bind(config, deps).map_err(io::Error::other)?;
    let running = proxy.run(NonZeroUsize::MIN, &shutdown).map_err(io::Error::other)?;
    println!("{}", running.addr());
    wait_for_end()?;
    shutdown.cancel();
    running.join().map_err(io::Error::other)?;
    if let Some(mirroring) = mirroring {
        mirroring.stop();
        println!("{}", fate(&journal)?);
    }
    Ok(())
}

/// What became of the copies, from the journal's own meters.
fn fate(journal: &Journal) -> io::Result<String> {
    let (mut at, end) = (0, journal.end(TOPIC).map_err(io::Error::other)?);
    let (mut exchanges, mut offered, mut accepted, mut lost) = (0_u64, 0, 0, 0);
    while at < end {
        for record in journal.read(TOPIC, at, 1_000, 16 << 20).map_err(io::Error::other)? {
            at = record.offset + 1;
            match Event::from_bytes(record.payload).map_err(io::Error::other)? {
                Event::Exchange(_) => exchanges += 1,
                Event::Meter(Meter { offered: o, accepted: a, lost: l, .. }) => {
                    offered += o;
                    accepted += a;
                    lost += l.values().sum::<u64>();
                }
            }
        }
    }
    Ok(format!("offered {offered}, accepted {accepted}, journaled {exchanges}, lost {lost}"))
}

fn wait_for_end() -> io::Result<()> {
    io::stdin().read_to_end(&mut Vec::new()).map(|_| ())
}
