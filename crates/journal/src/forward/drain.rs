//! Out of the spool to the brokers, in order.

use super::{FORWARD, Fact, Inner, SPOOL, form};
use crate::{
    error::{Error, Result},
    kafka::{Outcome, Tickets, is_final},
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
    let mut refused = 0;
    let mut leaving = Vec::with_capacity(records.len());
    for Record { offset, payload } in records {
        match form::read(payload) {
            Some((topic, entry)) => {
                let ticket = handed(inner, offset);
                leaving.push(Leaving { topic, entry, ticket });
            }
            None => refused += 1,
        }
    }
    while !leaving.is_empty() {
        if let Err(error) = send(inner, &mut leaving) {
            tracing::warn!(%error, "the spool is not forwarded at present");
            closing.give_way();
            rest(inner);
        }
        let mut failed = None;
        let mut left = Vec::new();
        for mut record in leaving {
            match outcome(inner, &record, closing)? {
                Outcome::Kept(_) => {}
                Outcome::Failed(code) if is_final(code) => {
                    tracing::error!(%code, "the brokers refuse a record for good");
                    refused += 1;
                }
                Outcome::Failed(code) => {
                    failed = Some(code);
                    record.ticket = None;
                    left.push(record);
                }
                Outcome::Crowded | Outcome::Waiting => {
                    record.ticket = None;
                    left.push(record);
                }
            }
        }
        leaving = left;
        if let Some(code) = failed {
            // Not from the beginning: of the others the brokers have said that they are kept.
            closing.give_way();
            let prepared = prepare(inner).err().map(|error| error.to_string());
            tracing::warn!(%code, prepared, "records are sent again");
            rest(inner);
        }
    }
    Ok(refused)
}

/// Hands over what the producer does not have, one run of records of a topic after the other.
fn send(inner: &Inner, leaving: &mut [Leaving]) -> Result<()> {
    for run in
        leaving.chunk_by_mut(|a, b| a.topic == b.topic && a.ticket.is_some() == b.ticket.is_some())
    {
        let Some(first) = run.first().filter(|first| first.ticket.is_none()) else { continue };
        let topic = first.topic.clone();
        let entries: Vec<Entry> = run.iter().map(|record| record.entry.clone()).collect();
        let tickets = inner.kafka.send(&topic, &entries)?;
        for (index, record) in run.iter_mut().enumerate() {
            record.ticket = Some((Arc::clone(&tickets), index));
        }
    }
    Ok(())
}

/// What became of the record; waits as long as the process goes on.
fn outcome(
    inner: &Inner,
    record: &Leaving,
    closing: &mut Closing<'_>,
) -> std::result::Result<Outcome, Halt> {
    let Some((tickets, index)) = &record.ticket else {
        return if is_over(inner) { Err(Halt::Over) } else { Ok(Outcome::Crowded) };
    };
    loop {
        match tickets.outcome(*index, LOOK_EVERY) {
            Outcome::Waiting if is_over(inner) => return Err(Halt::Over),
            Outcome::Waiting => closing.give_way_in_time(),
            said => return Ok(said),
        }
    }
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
