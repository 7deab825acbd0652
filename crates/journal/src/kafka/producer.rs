//! Hands records to the brokers, and keeps the tickets for them.

use crate::{
    error::Result,
    kafka::{
        client::{complain, failed, producing, say},
        settings::Settings,
    },
    record::{Entry, Position},
    sync::lock,
};
use rdkafka::{
    ClientContext, Message,
    config::{ClientConfig, RDKafkaLogLevel},
    error::{KafkaError, RDKafkaErrorCode},
    message::DeliveryResult,
    producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer},
};
use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing is known yet: it will be sent again until something is.
    Waiting,
    /// It is kept.
    Kept(Position),
    /// There was no room in the queue; nothing behind it was handed over either.
    Crowded,
    /// It is not kept, and was given up.
    Failed(RDKafkaErrorCode),
}

/// The tickets for a group of records.
#[derive(Debug)]
pub(crate) struct Tickets {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    outcomes: Vec<Outcome>,
    waiting: usize,
}

/// Whether no broker will ever take the record: sending it again is in vain.
pub(crate) fn is_final(code: RDKafkaErrorCode) -> bool {
    [
        RDKafkaErrorCode::MessageSizeTooLarge,
        RDKafkaErrorCode::InvalidMessageSize,
        RDKafkaErrorCode::InvalidRecord,
    ]
    .contains(&code)
}

/// One record of a group.
pub(crate) struct Ticket {
    group: Arc<Tickets>,
    index: usize,
}

pub(crate) struct Producer {
    config: ClientConfig,
    current: Mutex<Arc<ThreadedProducer<Context>>>,
}

struct Context;

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        say(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        complain(&error, reason);
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = Box<Ticket>;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: Box<Ticket>) {
        let outcome = match result {
            Ok(message) => Outcome::Kept(Position {
                partition: u32::try_from(message.partition()).unwrap_or_default(),
                offset: u64::try_from(message.offset()).unwrap_or_default(),
            }),
            Err((error, _)) => {
                Outcome::Failed(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail))
            }
        };
        ticket.group.resolve(ticket.index, outcome);
    }
}

impl Producer {
    pub(crate) fn open(settings: &Settings) -> Result<Self> {
        let config = producing(settings);
        let first = create(&config)?;
        Ok(Self { config, current: Mutex::new(first) })
    }

    /// Hands `entries` over, in their order, as far as there is room. Does not block.
    pub(crate) fn send<'e>(
        &self,
        topic: &str,
        entries: impl ExactSizeIterator<Item = &'e Entry>,
    ) -> Result<Arc<Tickets>> {
        let producer = self.current()?;
        let tickets = Arc::new(Tickets::new(entries.len()));
        let mut is_crowded = false;
        for (index, entry) in entries.enumerate() {
            if is_crowded {
                tickets.resolve(index, Outcome::Crowded);
                continue;
            }
            let ticket = Box::new(Ticket { group: Arc::clone(&tickets), index });
            let record = BaseRecord::<[u8], [u8], _>::with_opaque_to(topic, ticket)
                .payload(&entry.payload[..]);
            let record = if entry.key.is_empty() { record } else { record.key(&entry.key[..]) };
            if let Err((error, _)) = producer.send(record) {
                let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
                is_crowded = code == RDKafkaErrorCode::QueueFull;
                let outcome = if is_crowded { Outcome::Crowded } else { Outcome::Failed(code) };
                tickets.resolve(index, outcome);
            }
        }
        Ok(tickets)
    }

    /// The producer, made anew if the one before it can send nothing any more.
    fn current(&self) -> Result<Arc<ThreadedProducer<Context>>> {
        let mut current = lock(&self.current);
        if let Some((code, why)) = current.client().fatal_error() {
            tracing::error!(?code, why, "the producer cannot go on and is opened anew");
            *current = create(&self.config)?;
        }
        Ok(Arc::clone(&current))
    }
}

fn create(config: &ClientConfig) -> Result<Arc<ThreadedProducer<Context>>> {
    let producer = config.create_with_context(Context).map_err(failed("open a producer"))?;
    Ok(Arc::new(producer))
}

impl Tickets {
    fn new(count: usize) -> Self {
        let state = State { outcomes: vec![Outcome::Waiting; count], waiting: count };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn resolve(&self, index: usize, outcome: Outcome) {
        let mut state = lock(&self.state);
        if let Some(slot) = state.outcomes.get_mut(index) {
            *slot = outcome;
            state.waiting = state.waiting.saturating_sub(1);
        }
        if state.waiting == 0 {
            self.changed.notify_all();
        }
    }

    /// What the broker has said about one record, once it has, but after no longer than `patience`.
    pub(crate) fn outcome(&self, index: usize, patience: Duration) -> Outcome {
        let at = |state: &State| state.outcomes.get(index).copied().unwrap_or(Outcome::Crowded);
        let state = lock(&self.state);
        let waiting = |state: &mut State| at(state) == Outcome::Waiting;
        let waited = self.changed.wait_timeout_while(state, patience, waiting);
        at(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Waits until the broker has said something about each, but no longer than `patience`; what it
    /// has said by then.
    pub(crate) fn wait(&self, patience: Duration) -> Vec<Outcome> {
        let state = lock(&self.state);
        let waited = self.changed.wait_timeout_while(state, patience, |state| state.waiting > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.outcomes.clone()
    }
}
