//! Out of the spool to the brokers, in order.

use super::{
    FORWARD, Fact, Inner, SPOOL, form,
    stretch::{Learnt, Step, Stretch, Word},
    word,
};
use crate::{
    error::{Error, Result},
    kafka::{Outcome, Tickets},
    record::{Entry, Record},
    sync::lock,
};
use std::{
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// What is under way at once.
const RECORDS_MAX: usize = 1_024;
const BYTES_MAX: usize = 8 << 20;
/// How long a fault is left alone before it is tried again.
const REST: Duration = Duration::from_secs(1);
/// How often whoever waits for the brokers looks whether it is over.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// One record on its way out of the spool.
struct Leaving {
    topic: String,
    entry: Entry,
    ticket: Option<(Arc<Tickets>, usize)>,
}

/// The end of the spool is in sight: who appends waits a moment, for otherwise something would always
/// come behind the last record, and the direct way would never be free again.
struct Closing<'i> {
    turn: Option<MutexGuard<'i, ()>>,
    until: Instant,
}

impl<'i> Closing<'i> {
    fn begin(inner: &'i Inner) -> Self {
        let is_near = lock(&inner.state).passage.behind() <= RECORDS_MAX as u64;
        let turn = is_near.then(|| lock(&inner.turn));
        Self { turn, until: Instant::now() + inner.settings.patience }
    }

    fn give_way(&mut self) {
        self.turn = None;
    }

    /// Nobody waits for longer than the brokers are waited for.
    fn give_way_in_time(&mut self) {
        if Instant::now() >= self.until {
            self.give_way();
        }
    }
}

/// Why forwarding stops for now.
enum Halt {
    /// The process ends.
    Over,
    Fault(Error),
}

pub(crate) fn run(inner: &Inner) {
    while !is_over(inner) {
        match step(inner) {
            Ok(()) => {}
            Err(Halt::Over) => return,
            Err(Halt::Fault(error)) => {
                tracing::warn!(%error, "the spool is not forwarded at present");
                rest(inner);
            }
        }
    }
}

/// Makes the topics ready, or forwards what waits, or waits for something to wait.
fn step(inner: &Inner) -> std::result::Result<(), Halt> {
    if !lock(&inner.state).passage.is_prepared() {
        prepare(inner).map_err(Halt::Fault)?;
        inner.learn(Fact::Prepared);
    }
    let Some(from) = wait(inner) else { return Err(Halt::Over) };
    let mut closing = Closing::begin(inner);
    let records = match inner.spool.read(SPOOL, from, RECORDS_MAX, BYTES_MAX) {
        Ok(records) => records,
        Err(Error::Damaged { from, next, .. }) => {
            tracing::error!(from, next, "records of the spool are damaged and lost");
            return done(inner, next, next.saturating_sub(from));
        }
        Err(error) => return Err(Halt::Fault(error)),
    };
    let Some(next) = records.last().map(|record| record.offset + 1) else { return Ok(()) };
    let refused = forward(inner, records, &mut closing)?;
    done(inner, next, refused)
}

fn prepare(inner: &Inner) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime
        .map_err(|error| Error::Broker { action: "prepare topics", why: error.to_string() })?;
    inner.settings.topics.iter().try_for_each(|topic| runtime.block_on(inner.kafka.prepare(topic)))
}

/// The offset to go on with, once there is one; `None` if it is over before that.
fn wait(inner: &Inner) -> Option<u64> {
    let state = lock(&inner.state);
    let idle = |state: &mut super::State| state.passage.waiting().is_none() && !state.is_over;
    let state = inner.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
    state.passage.waiting().filter(|_| !state.is_over)
}

/// Sends `records` until the brokers have said something final about each; how many they refused.
fn forward(
    inner: &Inner,
    records: Vec<Record>,
    closing: &mut Closing<'_>,
) -> std::result::Result<u64, Halt> {
    let mut unreadable = 0;
    let mut leaving = Vec::with_capacity(records.len());
    for Record { offset, payload } in records {
        match form::read(payload) {
            Some((topic, entry)) => {
                let ticket = handed(inner, offset);
                leaving.push(Leaving { topic, entry, ticket });
            }
            None => unreadable += 1,
        }
    }
    let mut stretch = Stretch::new(leaving.iter().map(|record| record.ticket.is_some()));
    loop {
        match stretch.next() {
            Step::Send(range) => {
                let row = leaving.get_mut(range.clone()).unwrap_or_default();
                // Nobody waits for a store that may be away.
                if row.iter().any(|record| inner.kafka.is_long(&record.entry)) {
                    closing.give_way();
                }
                let (count, error) = send(inner, row);
                if let Some(error) = error {
                    tracing::warn!(%error, "the spool is not forwarded at present");
                }
                stretch.learn(match count {
                    0 => Learnt::Unsendable,
                    count => Learnt::Sent(range.start..range.start + count),
                });
            }
            Step::Ask(index) => {
                let said = leaving.get(index).map(|record| said(inner, record, closing));
                let word = said.transpose()?.unwrap_or(Word::Failed);
                stretch.learn(Learnt::Said(index, word));
            }
            Step::Rest => {
                pause(inner, closing)?;
                stretch.learn(Learnt::Rested);
            }
            // Not from the beginning: of the others the brokers have said that they are kept.
            Step::Mend => {
                closing.give_way();
                let prepared = prepare(inner).err().map(|error| error.to_string());
                tracing::warn!(prepared, "records are sent again");
                pause(inner, closing)?;
                stretch.learn(Learnt::Rested);
            }
            Step::Done { refused } => return Ok(unreadable + refused),
        }
    }
}

/// Hands over a row of records, one run of a topic after the other: how many, and why no more.
fn send(inner: &Inner, leaving: &mut [Leaving]) -> (usize, Option<Error>) {
    let mut sent = 0;
    for run in leaving.chunk_by_mut(|a, b| a.topic == b.topic) {
        let Some(first) = run.first() else { continue };
        let topic = first.topic.clone();
        let entries: Vec<Entry> = run.iter().map(|record| record.entry.clone()).collect();
        let tickets = match inner.kafka.send(&topic, &entries) {
            Ok(tickets) => tickets,
            Err(error) => return (sent, Some(error)),
        };
        for (index, record) in run.iter_mut().enumerate() {
            record.ticket = Some((Arc::clone(&tickets), index));
        }
        sent += run.len();
    }
    (sent, None)
}

/// What the brokers say of the record; waits as long as the process goes on.
fn said(
    inner: &Inner,
    record: &Leaving,
    closing: &mut Closing<'_>,
) -> std::result::Result<Word, Halt> {
    let Some((tickets, index)) = &record.ticket else { return Ok(Word::Crowded) };
    loop {
        let outcome = tickets.outcome(*index, LOOK_EVERY);
        match word(outcome) {
            None if is_over(inner) => return Err(Halt::Over),
            None => closing.give_way_in_time(),
            Some(said) => {
                if let Outcome::Failed(code) = outcome {
                    tracing::error!(%code, ?said, "the brokers do not keep a record");
                }
                return Ok(said);
            }
        }
    }
}

/// Nobody waits for this stretch any more, and it rests.
fn pause(inner: &Inner, closing: &mut Closing<'_>) -> std::result::Result<(), Halt> {
    closing.give_way();
    rest(inner);
    if is_over(inner) { Err(Halt::Over) } else { Ok(()) }
}

/// The ticket of a record that was handed over before it came into the spool.
fn handed(inner: &Inner, offset: u64) -> Option<(Arc<Tickets>, usize)> {
    let state = &mut *lock(&inner.state);
    let at = state.handed.iter().position(|handed| handed.offset == offset)?;
    let handed = state.handed.remove(at)?;
    Some((handed.tickets, handed.index))
}

/// Remembers that everything before `next` is with the brokers. As long as the disk fails nothing else
/// is begun: forgotten, it would be sent again.
fn done(inner: &Inner, next: u64, refused: u64) -> std::result::Result<(), Halt> {
    while let Err(error) = inner.spool.commit(SPOOL, FORWARD, next) {
        tracing::warn!(%error, "it cannot be remembered how far the spool was forwarded");
        rest(inner);
        if is_over(inner) {
            return Err(Halt::Over);
        }
    }
    inner.learn(Fact::Forwarded { next, refused });
    inner.tell(lock(&inner.state).passage.behind());
    Ok(())
}

fn is_over(inner: &Inner) -> bool {
    lock(&inner.state).is_over
}

fn rest(inner: &Inner) {
    let state = lock(&inner.state);
    drop(inner.changed.wait_timeout_while(state, REST, |state| !state.is_over));
}
