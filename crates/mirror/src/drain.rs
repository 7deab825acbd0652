//! From the queue to the journal, group by group.

use crate::{
    Means, PassOn, TOPIC,
    books::Books,
    record::{Made, Recording, Taken},
};
use bytes::Bytes;
use exchange::{Clock, Event, Timestamp};
use journal::{Append, Entry};
use proxy::Queue;
use std::sync::Arc;

/// Exchanges of one append.
const GROUP_MAX: usize = 1_024;
/// Bytes of one append, unless a single exchange is longer. Small beside what a journal takes in one
/// piece, no long exchange that a journal refuses takes others with it, and a thread that runs in idle
/// time is done with it in about a millisecond.
const GROUP_BYTES_MAX: usize = 1 << 20;

/// What whoever drains holds.
pub(crate) struct Drain {
    queue: Arc<Queue>,
    journal: Arc<dyn Append>,
    clock: Arc<dyn Clock>,
    pass_on: PassOn,
    recording: Arc<Recording>,
    books: Books,
    /// Taken, and not in the group yet. It is kept here so that whoever comes next can do it too: a
    /// thread that runs in idle time may stand still over it for minutes.
    at_hand: Option<Arc<Taken>>,
    /// Recorded, and not appended yet.
    group: Vec<Entry>,
    group_bytes: usize,
}

impl Drain {
    pub(crate) fn new(means: Means) -> Self {
        let Means { queue, journal, clock, instance, providers, glance, redact, pass_on } = means;
        Self {
            books: Books::open(&instance, clock.now()),
            recording: Arc::new(Recording { instance, providers, glance, redact }),
            at_hand: None,
            group: Vec::new(),
            group_bytes: 0,
            queue,
            journal,
            clock,
            pass_on,
        }
    }

    pub(crate) fn recording(&self) -> Arc<Recording> {
        Arc::clone(&self.recording)
    }

    /// The exchange that is next to be recorded. Where none waits, the group is whole as it is: it is
    /// appended, and the second is closed, if it is over.
    pub(crate) fn begin(&mut self) -> Option<Arc<Taken>> {
        if self.at_hand.is_some() {
            return self.at_hand.clone();
        }
        if let Some((offer_seq, captured)) = self.queue.drain(1).pop() {
            self.at_hand = Some(Arc::new(Taken { offer_seq, captured }));
            return self.at_hand.clone();
        }
        self.append();
        let now = self.clock.now();
        if self.books.is_over(now) {
            self.close_second(now);
        }
        None
    }

    /// Takes what was made of an exchange into the group; nothing, where another thread has done it
    /// meanwhile.
    pub(crate) fn put(&mut self, taken: &Arc<Taken>, made: Made) {
        if !self.at_hand.as_ref().is_some_and(|at_hand| Arc::ptr_eq(at_hand, taken)) {
            return;
        }
        self.at_hand = None;
        match made {
            Made::Record(record, event) => {
                if let Event::Exchange(exchange) = event {
                    (self.pass_on)(exchange);
                }
                self.push(record);
            }
            Made::Unwritable(error) => self.lose("too_long", 1, &error),
            Made::Panicked => self.lose("panicked", 1, &"redaction or reading panicked"),
        }
    }

    /// Takes in one exchange, also one that another thread is at; whether none was left.
    pub(crate) fn step(&mut self) -> bool {
        let Some(taken) = self.begin() else { return true };
        let made = self.recording.make(&taken);
        self.put(&taken, made);
        false
    }

    /// Appends what waits by now; what comes meanwhile is not waited for.
    pub(crate) fn flush(&mut self) {
        let at_most = self.queue.len() + usize::from(self.at_hand.is_some());
        for _ in 0..at_most {
            if self.step() {
                break;
            }
        }
        self.append();
        self.close_second(self.clock.now());
    }

    fn push(&mut self, record: Entry) {
        if self.group_bytes + record.payload.len() > GROUP_BYTES_MAX {
            self.append();
        }
        self.group_bytes += record.payload.len();
        self.group.push(record);
        if self.group.len() >= GROUP_MAX {
            self.append();
        }
    }

    fn append(&mut self) {
        if self.group.is_empty() {
            return;
        }
        let mut group = std::mem::take(&mut self.group);
        self.group_bytes = 0;
        if let Err(error) = self.journal.append(TOPIC, &group) {
            let lost = error.lost(group.len()).len();
            self.lose(error.reason(), lost as u64, &error);
        }
        group.clear();
        self.group = group;
    }

    /// Once a second is enough in the program's log; the meters have every one.
    fn lose(&mut self, reason: &'static str, exchanges: u64, why: &dyn std::fmt::Display) {
        if self.books.lose(reason, exchanges) {
            tracing::error!(reason, %why, "exchanges are lost before the journal; the meters count them");
        }
    }

    fn close_second(&mut self, now: Timestamp) {
        self.books.close_second(now, self.queue.take_tallies());
        self.books.say(|meters| {
            // In one partition, so that whoever reads one that was sent again has seen it before.
            let key = Bytes::from(self.recording.instance.clone());
            let entry = |meter: &Bytes| Entry { key: key.clone(), payload: meter.clone() };
            let meters: Vec<Entry> = meters.iter().map(entry).collect();
            let appended = self.journal.append(TOPIC, &meters);
            appended.err().map_or_else(Vec::new, |error| error.lost(meters.len()))
        });
    }
}
