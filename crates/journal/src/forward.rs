//! Store and forward: to the brokers while they answer, else into a spool on the machine's own disk,
//! from which they get it in order once they do.
//!
//! The spool is the embedded journal. An append returns when its records are acknowledged or on disk,
//! whichever way they went, and after no more than [`ForwardSettings::patience`] for the brokers.
//!
//! # What it never does
//! - It never sends a record on the direct way while an older one waits.
//! - It never sends anew what it has handed over already: a record that waits for the brokers is kept
//!   in the spool as well, and whether they have it is asked of the same producer. Only a process that
//!   ends in between forgets that, and what it had not seen acknowledged is sent again.
//! - It never takes more disk than the spool may have. What finds no room is refused, and counted.

mod drain;
mod form;
mod passage;
pub mod stretch;

pub use passage::{Fact, Passage, Sums, Way};

use stretch::{Late, Word};

use crate::{
    error::{Error, Result},
    journal::{Journal, Limits},
    kafka::{Kafka, Outcome, Tickets, is_final, refused},
    log::Append,
    metric,
    record::Entry,
    sync::lock,
};
use rdkafka::types::RDKafkaErrorCode;
use std::{
    collections::VecDeque,
    path::Path,
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

/// The spool's topic, and the group that reads it.
const SPOOL: &str = "spool";
const FORWARD: &str = "forward";

/// How records are stored and forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardSettings {
    /// The topics that may be appended to.
    pub topics: Vec<String>,
    /// What the spool may take.
    pub spool: Limits,
    /// How long an append waits for the brokers before it turns to the spool.
    pub patience: Duration,
}

/// What is appended, on its way to Kafka.
pub struct Forward {
    inner: Arc<Inner>,
    drain: Option<thread::JoinHandle<()>>,
}

pub(crate) struct Inner {
    kafka: Kafka,
    spool: Journal,
    settings: ForwardSettings,
    /// One append at a time: what comes later must not pass.
    turn: Mutex<()>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    passage: Passage,
    /// Of the oldest records in the spool: handed over already, and not acknowledged yet.
    handed: VecDeque<Handed>,
    is_over: bool,
}

impl State {
    fn learn(&mut self, fact: Fact) {
        let before = self.passage.sums();
        self.passage.learn(fact);
        metric::passed(before, self.passage.sums());
    }
}

/// A record that is in the spool and with the producer.
struct Handed {
    offset: u64,
    tickets: Arc<Tickets>,
    index: usize,
}

impl Forward {
    /// Opens the spool in `dir` and begins to forward what it holds. The brokers may be away.
    ///
    /// # Errors
    /// The spool cannot be opened, or the system has no thread to give.
    pub fn open(kafka: Kafka, dir: impl AsRef<Path>, settings: ForwardSettings) -> Result<Self> {
        let spool = Journal::open(dir, settings.spool)?;
        let next = spool.subscribe(SPOOL, FORWARD)?.position();
        let state = State {
            passage: Passage::new(next, spool.end(SPOOL)?),
            handed: VecDeque::new(),
            is_over: false,
        };
        metric::passed(Sums::default(), state.passage.sums());
        let inner = Arc::new(Inner {
            kafka,
            spool,
            settings,
            turn: Mutex::default(),
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        inner.tell(lock(&inner.state).passage.behind());
        let drained = Arc::clone(&inner);
        let drain = thread::Builder::new()
            .name("journal-forward".into())
            .spawn(move || drain::run(&drained))
            .map_err(|error| Error::Broker { action: "forward", why: error.to_string() })?;
        Ok(Self { inner, drain: Some(drain) })
    }

    /// What has become of all records so far.
    pub fn sums(&self) -> Sums {
        lock(&self.inner.state).passage.sums()
    }

    /// How many records wait in the spool.
    pub fn behind(&self) -> u64 {
        lock(&self.inner.state).passage.behind()
    }

    /// What the spool takes on disk.
    pub fn spool_bytes(&self) -> u64 {
        self.inner.spool.bytes(SPOOL).unwrap_or_default()
    }

    /// Waits until nothing is in the spool, but no longer than `patience`; whether it is so. Blocks.
    pub fn drained(&self, patience: Duration) -> bool {
        let state = lock(&self.inner.state);
        let behind = |state: &mut State| state.passage.way() == Way::Spool && !state.is_over;
        let (state, _) = self
            .inner
            .changed
            .wait_timeout_while(state, patience, behind)
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        state.passage.way() == Way::Direct
    }
}

impl Drop for Forward {
    /// What is in the spool stays there, for the next time.
    fn drop(&mut self) {
        lock(&self.inner.state).is_over = true;
        self.inner.changed.notify_all();
        if let Some(drain) = self.drain.take() {
            let _ = drain.join();
        }
    }
}

impl Append for Forward {
    fn append(&self, topic: &str, entries: &[Entry]) -> Result<()> {
        let inner = &self.inner;
        if !inner.settings.topics.iter().any(|known| known == topic) {
            return Err(Error::Name { name: topic.to_owned() });
        }
        inner.kafka.check_length(entries)?;
        let _turn = lock(&inner.turn);
        let way = lock(&inner.state).passage.way();
        match way {
            Way::Direct => inner.send(topic, entries),
            Way::Spool => inner.keep(topic, entries),
        }
    }
}

impl Inner {
    fn send(&self, topic: &str, entries: &[Entry]) -> Result<()> {
        let tickets = match self.kafka.send(topic, entries) {
            // Nothing was handed over: what cannot be left outside now waits for its turn in the spool.
            Err(error @ Error::Outside { .. }) => {
                tracing::warn!(%error, "records go into the spool");
                return self.keep(topic, entries);
            }
            sent => sent?,
        };
        let outcomes = tickets.wait(self.settings.patience);
        let sorted = stretch::sorted(outcomes.iter().copied().map(word));
        self.learn(Fact::Acknowledged(sorted.kept));
        self.learn(Fact::Refused(sorted.refused.len() as u64));
        let code = outcomes.iter().find_map(final_code);
        let late: Vec<Entry> =
            sorted.late.iter().filter_map(|late| entries.get(late.index()).cloned()).collect();
        let handed = sorted.late.iter().map(|late| match late {
            Late::Sent(index) => Some((Arc::clone(&tickets), *index)),
            Late::Unsent(_) => None,
        });
        let handed: Vec<_> = handed.collect();
        let stored = if late.is_empty() { Ok(()) } else { self.store(topic, &late, &handed) };
        let Err(error) = stored else {
            return settled(entries.len(), sorted.refused, code.map(refused));
        };
        let held = handed.iter().flatten().count();
        self.learn(Fact::Held(held as u64));
        self.learn(Fact::Shed((late.len() - held) as u64));
        tracing::error!(%error, held, "the spool takes nothing; the producer goes on with what it has");
        settled(entries.len(), sorted.lost_without_spool(), Some(error))
    }

    /// Puts `entries` into the spool, none of which the producer has.
    fn keep(&self, topic: &str, entries: &[Entry]) -> Result<()> {
        self.store(topic, entries, &[])
            .inspect_err(|_| self.learn(Fact::Shed(entries.len() as u64)))
    }

    /// Puts `entries` into the spool; `handed` has the tickets of those that the producer has already.
    fn store(
        &self,
        topic: &str,
        entries: &[Entry],
        handed: &[Option<(Arc<Tickets>, usize)>],
    ) -> Result<()> {
        let records: Vec<_> = entries.iter().map(|entry| form::write(topic, entry)).collect();
        let offsets = self.spool.append(SPOOL, &records)?;
        let mut state = lock(&self.state);
        for (offset, ticket) in offsets.clone().zip(handed) {
            if let Some((tickets, index)) = ticket.clone() {
                state.handed.push_back(Handed { offset, tickets, index });
            }
        }
        let (records, end) = (entries.len() as u64, offsets.end);
        state.learn(Fact::Spooled { records, end });
        let behind = state.passage.behind();
        drop(state);
        self.tell(behind);
        self.changed.notify_all();
        Ok(())
    }

    fn learn(&self, fact: Fact) {
        lock(&self.state).learn(fact);
        self.changed.notify_all();
    }

    /// Says how much waits in the spool.
    fn tell(&self, behind: u64) {
        metric::spool(behind, self.spool.bytes(SPOOL).unwrap_or_default());
    }
}

/// What an outcome says; nothing as long as the brokers are silent.
fn word(outcome: Outcome) -> Option<Word> {
    match outcome {
        Outcome::Waiting => None,
        Outcome::Kept(_) => Some(Word::Kept),
        Outcome::Crowded => Some(Word::Crowded),
        Outcome::Failed(code) if is_final(code) => Some(Word::Refused),
        Outcome::Failed(_) => Some(Word::Failed),
    }
}

fn final_code(outcome: &Outcome) -> Option<RDKafkaErrorCode> {
    match outcome {
        Outcome::Failed(code) if is_final(*code) => Some(*code),
        Outcome::Failed(_) | Outcome::Kept(_) | Outcome::Crowded | Outcome::Waiting => None,
    }
}

/// How an append ends of whose records these are lost.
fn settled(records: usize, lost: Vec<usize>, why: Option<Error>) -> Result<()> {
    match why {
        Some(why) if lost.len() == records => Err(why),
        Some(why) if !lost.is_empty() => Err(Error::Partly { lost, source: Box::new(why) }),
        Some(_) | None => Ok(()),
    }
}
