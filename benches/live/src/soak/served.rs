//! The proxy that is soaked, in a process of its own: mirror, journal, and a consumer on a thread of its
//! own that commits what it has read, so that the journal trims.

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
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};
use tokio::runtime;
use tokio_util::sync::CancellationToken;

/// What a day of traffic would be trimmed to, in half an hour.
const JOURNAL_BYTES_MAX: u64 = 64 << 20;
const GROUP: &str = "soak";
/// What the consumer reads at once.
const RECORDS_MAX: usize = 1_000;
const RECORD_BYTES_MAX: usize = 4 << 20;
/// The last word of books that close.
pub(super) const CLOSED: &str = "closed";

/// Says its address, then the bytes of its heap and its books whenever a line comes, and at last how they
/// closed.
pub(crate) fn proxy(upstream: &str) -> io::Result<()> {
    let queue = Arc::new(Queue::new(QueueLimits::default()));
    let dir = tempfile::tempdir()?;
    let journal =
        Journal::open(dir.path(), Limits::bytes(JOURNAL_BYTES_MAX)).map_err(io::Error::other)?;
    let consumer = Consumer::start(journal.clone())?;
    let mirroring = Mirroring::start(Means {
        queue: Arc::clone(&queue),
        journal: Arc::new(journal),
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
        println!("{} {}", crate::ALLOCATOR.allocated(), consumer.books());
    }
    shutdown.cancel();
    running.join().map_err(io::Error::other)?;
    mirroring.stop();
    let books = consumer.stop()?;
    let word = if books.close() { CLOSED } else { "NOT CLOSED" };
    println!("{books}; {word}");
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

/// Reads all that is journaled, once, as it comes, and lets it be trimmed.
struct Consumer {
    books: Arc<Mutex<Books>>,
    ended: CancellationToken,
    thread: JoinHandle<io::Result<()>>,
}

impl Consumer {
    fn start(journal: Journal) -> io::Result<Self> {
        let (books, ended) = (Arc::<Mutex<Books>>::default(), CancellationToken::new());
        let runtime = runtime::Builder::new_current_thread().build()?;
        let (kept, until) = (Arc::clone(&books), ended.clone());
        let thread = thread::spawn(move || runtime.block_on(consume(&journal, &kept, &until)));
        Ok(Self { books, ended, thread })
    }

    fn books(&self) -> Books {
        self.books.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Once the mirror has written its last: reads what is left, and returns the books.
    fn stop(self) -> io::Result<Books> {
        self.ended.cancel();
        let panicked = |_| io::Error::other("the consumer panicked");
        let Self { books, thread, .. } = self;
        thread.join().map_err(panicked)??;
        let books = books.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(books.clone())
    }
}

async fn consume(
    journal: &Journal,
    books: &Mutex<Books>,
    ended: &CancellationToken,
) -> io::Result<()> {
    let mut waiting = journal.subscribe(TOPIC, GROUP).map_err(io::Error::other)?;
    // What is written before the end is read, and nothing is written after it.
    while !ended.is_cancelled() || waiting.lag() > 0 {
        let records = tokio::select! {
            records = waiting.next(RECORDS_MAX, RECORD_BYTES_MAX) => records,
            () = ended.cancelled(), if !ended.is_cancelled() => continue,
        };
        let records = records.map_err(io::Error::other)?;
        for record in records {
            let event = Event::from_bytes(record.payload).map_err(io::Error::other)?;
            books.lock().unwrap_or_else(PoisonError::into_inner).take(event);
        }
        waiting.commit(waiting.position()).await.map_err(io::Error::other)?;
    }
    Ok(())
}

/// The law: offered = accepted + shed, journaled + lost = accepted.
#[derive(Clone, Default)]
struct Books {
    offered: u64,
    accepted: u64,
    shed: BTreeMap<String, u64>,
    journaled: u64,
    lost: BTreeMap<String, u64>,
}

impl Books {
    fn take(&mut self, event: Event) {
        match event {
            Event::Exchange(_) => self.journaled += 1,
            Event::Meter(Meter { offered, accepted, shed, lost, .. }) => {
                self.offered += offered;
                self.accepted += accepted;
                add(&mut self.shed, shed);
                add(&mut self.lost, lost);
            }
        }
    }

    fn close(&self) -> bool {
        let (shed, lost) = (self.shed.values().sum::<u64>(), self.lost.values().sum::<u64>());
        self.offered == self.accepted + shed && self.journaled + lost == self.accepted
    }
}

fn add(all: &mut BTreeMap<String, u64>, some: BTreeMap<String, u64>) {
    for (reason, count) in some.into_iter().filter(|(_, count)| *count > 0) {
        *all.entry(reason).or_default() += count;
    }
}

impl fmt::Display for Books {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offered, accepted, shed, journaled, lost } = self;
        write!(
            out,
            "offered {offered}, accepted {accepted}, shed {shed:?}, journaled {journaled}, lost {lost:?}"
        )
    }
}
