//! One group's way through a partition: what comes next, and what is done.

use crate::{
    error::{Error, Result},
    journal::{Journal, PARTITION},
    kafka,
    record::Record,
    topic::Topic,
};
use std::sync::Arc;

/// Reads a partition for one group. The position moves on with every read; only `commit` is durable,
/// so what was read but not committed is delivered again after a restart. Two subscriptions of one
/// group to one partition of the embedded journal do not share the work: each sees every record.
pub struct Subscription {
    source: Source,
}

enum Source {
    Embedded(Reader),
    Kafka(kafka::Given),
}

/// Commits for a subscription while that is being read.
#[derive(Clone)]
pub struct Committer {
    source: CommitterSource,
}

#[derive(Clone)]
enum CommitterSource {
    Embedded { topic: Arc<Topic>, group: String, journal: Journal },
    Kafka(kafka::Claim),
}

struct Reader {
    topic: Arc<Topic>,
    group: String,
    position: u64,
    /// Keeps the folder locked as long as somebody reads.
    journal: Journal,
}

impl Subscription {
    pub(crate) fn new(journal: Journal, topic: Arc<Topic>, group: &str, position: u64) -> Self {
        let reader = Reader { topic, group: group.to_owned(), position, journal };
        Self { source: Source::Embedded(reader) }
    }

    pub(crate) fn kafka(given: kafka::Given) -> Self {
        Self { source: Source::Kafka(given) }
    }

    /// The topic.
    pub fn topic(&self) -> &str {
        match &self.source {
            Source::Embedded(reader) => reader.topic.name(),
            Source::Kafka(given) => given.topic(),
        }
    }

    /// The partition.
    pub fn partition(&self) -> u32 {
        match &self.source {
            Source::Embedded(_) => PARTITION,
            Source::Kafka(given) => given.partition(),
        }
    }

    /// The next records, up to the limits but at least one; waits until there is one. May be
    /// dropped while it waits without losing a record.
    pub async fn next(&mut self, records_max: usize, bytes_max: usize) -> Result<Vec<Record>> {
        match &mut self.source {
            Source::Embedded(reader) => reader.next(records_max.max(1), bytes_max).await,
            Source::Kafka(given) => given.next(records_max.max(1), bytes_max).await,
        }
    }

    /// The offset that the next read starts with.
    pub fn position(&self) -> u64 {
        match &self.source {
            Source::Embedded(reader) => reader.position,
            Source::Kafka(given) => given.position(),
        }
    }

    /// How many records are waiting, as far as is known: a broker says so once a second.
    pub fn lag(&self) -> u64 {
        match &self.source {
            Source::Embedded(reader) => reader.topic.end().saturating_sub(reader.position),
            Source::Kafka(given) => given.lag(),
        }
    }

    /// The next offset to be given in this partition.
    pub async fn end(&self) -> Result<u64> {
        match &self.source {
            Source::Embedded(reader) => Ok(reader.topic.end()),
            Source::Kafka(given) => given.end().await,
        }
    }

    /// Reads on from `offset`: to see records again, or to pass over damaged ones.
    pub fn seek(&mut self, offset: u64) -> Result<()> {
        match &mut self.source {
            Source::Embedded(reader) => {
                reader.topic.check_position(offset)?;
                reader.position = offset;
                Ok(())
            }
            Source::Kafka(given) => given.seek(offset),
        }
    }

    /// Everything before `next` is done: the group starts there next time. Returns when that is on
    /// disk.
    pub async fn commit(&self, next: u64) -> Result<()> {
        self.committer().commit(next).await
    }

    /// Commits in this one's stead.
    pub fn committer(&self) -> Committer {
        let source = match &self.source {
            Source::Embedded(Reader { topic, group, journal, .. }) => CommitterSource::Embedded {
                topic: Arc::clone(topic),
                group: group.clone(),
                journal: journal.clone(),
            },
            Source::Kafka(given) => CommitterSource::Kafka(given.claim()),
        };
        Committer { source }
    }
}

impl Committer {
    /// The partition.
    pub fn partition(&self) -> u32 {
        match &self.source {
            CommitterSource::Embedded { .. } => PARTITION,
            CommitterSource::Kafka(claim) => claim.partition(),
        }
    }

    /// As [`Subscription::commit`].
    pub async fn commit(&self, next: u64) -> Result<()> {
        match &self.source {
            CommitterSource::Embedded { topic, group, journal } => {
                let (topic, group, open) = (Arc::clone(topic), group.clone(), journal.clone());
                blocking(move || {
                    let committed = topic.commit(&group, next);
                    drop(open);
                    committed
                })
                .await
            }
            CommitterSource::Kafka(claim) => claim.commit(next).await,
        }
    }
}

impl Reader {
    async fn next(&mut self, records_max: usize, bytes_max: usize) -> Result<Vec<Record>> {
        self.topic.wait(self.position).await;
        let (topic, from) = (Arc::clone(&self.topic), self.position);
        let records = blocking(move || topic.read(from, records_max, bytes_max)).await?;
        if let Some(last) = records.last() {
            self.position = last.offset + 1;
        }
        Ok(records)
    }
}

/// Runs work that blocks where it holds up no other task.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Closed))
}
