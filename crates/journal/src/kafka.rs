//! The journal on Apache Kafka, where one machine is not enough.
//!
//! Records are appended by an idempotent producer and count once every copy in step has them; those
//! of one key lie in one partition, in order. Workers join a group and are given partitions, each as a
//! [`crate::Subscription`] like that of the embedded journal.
//!
//! # What it never does
//! - It never says that a record is kept before the brokers have said so.
//! - It never reads on behind a hole as if there were none: what was trimmed, or lost, is an error
//!   that names the offsets.
//! - It never takes more than its limits into memory: a partition that nobody reads is paused.
//! - It never lets a member commit whose partition was given to another.
//! - It never shows a password or a key, in no log and no error.

mod client;
mod member;
mod producer;
mod reader;
mod settings;
mod topic;

pub(crate) use member::{Claim, Given, Member};
pub(crate) use producer::{Outcome, Tickets, is_final};
pub use settings::{
    Identity, Login, Mechanism, RECORD_BYTES_MAX_USUAL, Secret, Settings, Tls, TopicSettings,
    Transport,
};

use crate::{
    error::{Error, Result},
    journal::check_name,
    log::{Append, Log},
    membership::Membership,
    outside::{OUTSIDE_BYTES_MAX, Outside, Pointer, resolved, within},
    record::{Entry, Position, Record},
    subscription::blocking,
    sync::lock,
};
use client::{Quiet, base, explained, failed};
use producer::Producer;
use rdkafka::{admin::AdminClient, types::RDKafkaErrorCode};
use reader::Reader;
use std::{
    borrow::Cow,
    ops::Range,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;

/// How long the cluster may take to answer a question.
const ANSWER_WAIT: Duration = Duration::from_secs(20);

/// A Kafka cluster as a log. Clones share it.
#[derive(Clone)]
pub struct Kafka {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    producer: Producer,
    admin: AdminClient<Quiet>,
    /// Where payloads lie that are too long for a record; `None` refuses them.
    outside: Option<Arc<dyn Outside>>,
    /// Of who reads a stretch of a partition, outside any group.
    reader: Mutex<Option<Reader>>,
}

impl Kafka {
    /// Sets up the clients. The brokers are not asked for anything yet: they may be away.
    ///
    /// # Errors
    /// [`Error::Setting`] if a setting cannot be used, such as a certificate that is none.
    pub fn open(settings: Settings) -> Result<Self> {
        Self::beside(settings, None)
    }

    /// As [`Kafka::open`]; what is longer than a record may be, up to [`OUTSIDE_BYTES_MAX`] bytes, lies in
    /// `outside`, as seen by all who read.
    ///
    /// # Errors
    /// As there.
    pub fn open_beside(settings: Settings, outside: Arc<dyn Outside>) -> Result<Self> {
        Self::beside(settings, Some(outside))
    }

    fn beside(settings: Settings, outside: Option<Arc<dyn Outside>>) -> Result<Self> {
        let producer = Producer::open(&settings)?;
        let admin = base(&settings)
            .create_with_context(Quiet::default())
            .map_err(failed("open an administrator"))?;
        let inner = Inner { settings, producer, admin, outside, reader: Mutex::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Creates the topic, or makes sure that the one that is there keeps what is appended.
    ///
    /// # Errors
    /// [`Error::Unfit`] if the topic would lose or refuse records; [`Error::Broker`] if the cluster
    /// cannot be asked.
    pub async fn prepare(&self, topic: &str) -> Result<()> {
        check_name(topic)?;
        let prepared = topic::prepare(&self.inner.admin, &self.inner.settings, topic).await;
        let Err(error) = prepared else { return Ok(()) };
        let inner = Arc::clone(&self.inner);
        blocking(move || Err(explained(&inner.settings, error))).await
    }

    /// Appends `entries` and returns where each of them is. Blocks until the brokers acknowledged
    /// all of them.
    ///
    /// # Errors
    /// [`Error::Unacknowledged`] if they did not within the patience of the settings: some may be
    /// kept, and others may follow yet. [`Error::TooLong`] and [`Error::Outside`] keep none of them.
    pub fn append(&self, topic: &str, entries: &[Entry]) -> Result<Vec<Position>> {
        let (name, entries) = self.ready(topic, entries)?;
        let patience = self.inner.settings.patience;
        let began = Instant::now();
        let mut kept = Vec::with_capacity(entries.len());
        let mut rest = &entries[..];
        while !rest.is_empty() {
            let left = patience.saturating_sub(began.elapsed());
            let outcomes = self.inner.producer.send(&name, rest.iter())?.wait(left);
            let taken = outcomes.iter().take_while(|it| **it != Outcome::Crowded).count();
            for outcome in &outcomes[..taken] {
                kept.push(placed(topic, *outcome, entries.len())?);
            }
            if taken == 0 {
                return Err(Error::Unacknowledged { topic: topic.to_owned(), records: rest.len() });
            }
            rest = &rest[taken..];
        }
        Ok(kept)
    }

    /// Hands over without waiting for the brokers, for who keeps the tickets. What is too long for them
    /// is waited for.
    ///
    /// # Errors
    /// [`Error::Outside`] if one of those cannot be left outside: none of the records is handed over then.
    pub(crate) fn send(&self, topic: &str, entries: &[Entry]) -> Result<Arc<Tickets>> {
        let (name, entries) = self.ready(topic, entries)?;
        self.inner.producer.send(&name, entries.iter())
    }

    /// The topic and the records as the brokers know them: what is too long lies outside from here on.
    fn ready<'e>(&self, topic: &str, entries: &'e [Entry]) -> Result<(String, Cow<'e, [Entry]>)> {
        check_name(topic)?;
        self.check_length(entries)?;
        let name = self.inner.settings.full_name(topic);
        let is_any_long = entries.iter().any(|entry| self.is_long(entry));
        let Some(outside) = self.inner.outside.as_deref().filter(|_| is_any_long) else {
            return Ok((name, Cow::Borrowed(entries)));
        };
        let short = |entry: &Entry| match self.is_long(entry) {
            false => Ok(entry.clone()),
            true => Pointer::to(outside, entry.payload.clone())
                .map(|pointer| Entry { key: entry.key.clone(), payload: pointer.write() }),
        };
        Ok((name, Cow::Owned(entries.iter().map(short).collect::<Result<_>>()?)))
    }

    /// Whether it has to lie outside.
    pub(crate) fn is_long(&self, entry: &Entry) -> bool {
        length(entry) > u64::from(self.inner.settings.record_bytes_max)
    }

    /// The records with what they point at, as far as the limit reaches, but one at least.
    fn whole(&self, mut records: Vec<Record>, bytes_max: usize) -> Result<Vec<Record>> {
        records.truncate(within(records.iter(), bytes_max));
        let outside = self.inner.outside.as_deref();
        let whole = |record: Record| {
            resolved(outside, record.payload).map(|payload| Record { payload, ..record })
        };
        records.into_iter().map(whole).collect()
    }

    /// None is longer than can be kept at all.
    pub(crate) fn check_length(&self, entries: &[Entry]) -> Result<()> {
        let record_bytes_max = self.inner.settings.record_bytes_max;
        let bytes_max = match self.inner.outside {
            Some(_) => u64::from(record_bytes_max.max(OUTSIDE_BYTES_MAX)),
            None => u64::from(record_bytes_max),
        };
        match entries.iter().map(length).max().filter(|bytes| *bytes > bytes_max) {
            Some(bytes) => Err(Error::TooLong { what: "a record", bytes, bytes_max }),
            None => Ok(()),
        }
    }
}

fn length(entry: &Entry) -> u64 {
    (entry.key.len() + entry.payload.len()) as u64
}

fn placed(topic: &str, outcome: Outcome, records: usize) -> Result<Position> {
    match outcome {
        Outcome::Kept(position) => Ok(position),
        Outcome::Waiting | Outcome::Crowded => {
            Err(Error::Unacknowledged { topic: topic.to_owned(), records })
        }
        Outcome::Failed(code) => Err(refused(code)),
    }
}

/// Why the brokers refuse a record for good.
pub(crate) fn refused(code: RDKafkaErrorCode) -> Error {
    Error::Broker { action: "append to a topic", why: code.to_string() }
}

impl Append for Kafka {
    fn append(&self, topic: &str, entries: &[Entry]) -> Result<()> {
        Self::append(self, topic, entries).map(drop)
    }
}

impl Log for Kafka {
    /// The cluster's. A topic that is deleted and made anew gives its offsets again: use another name.
    fn id(&self) -> Result<String> {
        let id = self.inner.admin.inner().fetch_cluster_id(ANSWER_WAIT);
        id.ok_or_else(|| Error::Broker {
            action: "ask for the cluster's id",
            why: "no answer".into(),
        })
    }

    fn partitions(&self, topic: &str) -> Result<u32> {
        check_name(topic)?;
        topic::partitions(self.inner.admin.inner(), &self.inner.settings.full_name(topic))
    }

    fn kept(&self, topic: &str, partition: u32) -> Result<Range<u64>> {
        check_name(topic)?;
        let name = self.inner.settings.full_name(topic);
        topic::kept(self.inner.admin.inner(), &name, partition)
    }

    fn read(
        &self,
        topic: &str,
        from: Position,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Record>> {
        let kept = self.kept(topic, from.partition)?;
        if from.offset < kept.start {
            let (asked, start) = (from.offset, kept.start);
            return Err(Error::Trimmed { topic: topic.to_owned(), asked, start });
        }
        if from.offset >= kept.end || records_max == 0 {
            return Ok(Vec::new());
        }
        let mut held = lock(&self.inner.reader);
        let name = self.inner.settings.full_name(topic);
        // What a fault left is not gone on with.
        let mut reader = match held.take() {
            Some(reader) => reader,
            None => Reader::open(&self.inner.settings)?,
        };
        let records = reader.read(&name, from, kept.end, (records_max, bytes_max))?;
        *held = Some(reader);
        drop(held);
        self.whole(records, bytes_max)
    }

    fn join(&self, topic: &str, group: &str) -> Result<Membership> {
        check_name(topic)?;
        check_name(group)?;
        let outside = self.inner.outside.clone();
        Ok(Membership::kafka(Member::join(&self.inner.settings, outside, (topic, group))?))
    }
}
