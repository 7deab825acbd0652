//! The proxy that is soaked, in a process of its own: mirror, journal, and a consumer that commits, so
//! that the journal trims.

use crate::serve::Wall;
use dialect::Dialect;
use exchange::{Event, Meter};
use journal::{Journal, Limits};
use mirror::{Means, Mirroring, Provider, TOPIC};
use proxy::{Config, Deps, Mirror, Observation, Proxy, Queue, QueueLimits, Upstream};
use std::{
    collections::BTreeMap,
    fmt,
    io::{self, BufRead},
    net::SocketAddr,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio_util::sync::CancellationToken;

/// What a day of traffic would be trimmed to, in half an hour.
const JOURNAL_BYTES_MAX: u64 = 64 << 20;
const GROUP: &str = "soak";
/// The last word of books that close.
pub(super) const CLOSED: &str = "closed";

/// Says its address, then its books whenever a line comes, and at last how they closed.
pub(crate) fn proxy(upstream: &str) -> io::Result<()> {
    let queue = Arc::new(Queue::new(QueueLimits::default()));
    let dir = tempfile::tempdir()?;
    let journal =
        Journal::open(dir.path(), Limits::bytes(JOURNAL_BYTES_MAX)).map_err(io::Error::other)?;
    let mut consumer = Consumer::of(&journal)?;
    let mirroring = Mirroring::start(Means {
        queue: Arc::clone(&queue),
        journal,
        clock: Arc::new(Wall),
        instance: "soak".into(),
        providers: BTreeMap::from([("p".into(), provider())]),
        glance: Box::new(|_| ()),
        redact: Box::new(|_| false),
        pass_on: Box::new(drop),
    })?;
    let shutdown = CancellationToken::new();
    let running =
        listening(upstream, queue)?.run(NonZeroUsize::MIN, &shutdown).map_err(io::Error::other)?;
    println!("{}", running.addr());
    for line in io::stdin().lock().lines() {
        line?;
        consumer.consume()?;
        println!("{}", consumer.books);
    }
    shutdown.cancel();
    running.join().map_err(io::Error::other)?;
    mirroring.stop();
    consumer.consume()?;
    let word = if consumer.books.close() { CLOSED } else { "NOT CLOSED" };
    println!("{}; {word}", consumer.books);
    Ok(())
}

fn provider() -> Provider {
    Provider { dialect: Dialect::OpenAi, key_header: "authorization".into() }
}

fn listening(upstream: &str, mirror: Arc<dyn Mirror>) -> io::Result<Proxy> {
    let upstream = Upstream::new("p", &format!("http://{upstream}")).map_err(io::Error::other)?;
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config::new(listen, vec![upstream]).map_err(io::Error::other)?;
    let drawn = AtomicU64::new(0);
    let deps = Deps {
        mirror,
        steer: Arc::new(Observation),
        clock: Arc::new(Wall),
        chance: Arc::new(move || u128::from(drawn.fetch_add(1, Ordering::Relaxed))),
    };
    Proxy::bind(config, deps).map_err(io::Error::other)
}

/// Reads all that is journaled, once, and lets it be trimmed.
struct Consumer {
    journal: Journal,
    next: u64,
    books: Books,
}

impl Consumer {
    fn of(journal: &Journal) -> io::Result<Self> {
        let next = journal.subscribe(TOPIC, GROUP).map_err(io::Error::other)?.position();
        Ok(Self { journal: journal.clone(), next, books: Books::default() })
    }

    fn consume(&mut self) -> io::Result<()> {
        let end = self.journal.end(TOPIC).map_err(io::Error::other)?;
        while self.next < end {
            let records = self.journal.read(TOPIC, self.next, 1_000, 4 << 20);
            for record in records.map_err(io::Error::other)? {
                self.next = record.offset + 1;
                self.books.take(Event::from_bytes(record.payload).map_err(io::Error::other)?);
            }
        }
        self.journal.commit(TOPIC, GROUP, self.next).map_err(io::Error::other)
    }
}

/// The law: offered = accepted + shed, journaled + lost = accepted.
#[derive(Default)]
struct Books {
    offered: u64,
    accepted: u64,
    shed: u64,
    journaled: u64,
    lost: u64,
}

impl Books {
    fn take(&mut self, event: Event) {
        match event {
            Event::Exchange(_) => self.journaled += 1,
            Event::Meter(Meter { offered, accepted, shed, lost, .. }) => {
                self.offered += offered;
                self.accepted += accepted;
                self.shed += shed.values().sum::<u64>();
                self.lost += lost.values().sum::<u64>();
            }
        }
    }

    fn close(&self) -> bool {
        self.offered == self.accepted + self.shed && self.journaled + self.lost == self.accepted
    }
}

impl fmt::Display for Books {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offered, accepted, shed, journaled, lost } = self;
        write!(
            out,
            "offered {offered}, accepted {accepted}, shed {shed}, journaled {journaled}, lost {lost}"
        )
    }
}
