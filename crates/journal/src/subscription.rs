//! One group's way through a topic: what comes next, and what is done.

use crate::{
    error::{Error, Result},
    journal::Journal,
    record::Record,
    topic::Topic,
};
use std::sync::Arc;

/// Reads a topic for one group. The position moves on with every read; only `commit` is durable,
/// so what was read but not committed is delivered again after a restart. Two subscriptions of one
/// group do not share the work: each sees every record.
pub struct Subscription {
    topic: Arc<Topic>,
    group: String,
    position: u64,
    /// Keeps the folder locked as long as somebody reads.
    _journal: Journal,
}

impl Subscription {
    pub(crate) fn new(journal: Journal, topic: Arc<Topic>, group: &str, position: u64) -> Self {
        Self { topic, group: group.to_owned(), position, _journal: journal }
    }

    /// The next records, up to the limits but at least one; waits until there is one. May be
    /// dropped while it waits without losing a record.
    pub async fn next(&mut self, records_max: usize, bytes_max: usize) -> Result<Vec<Record>> {
        self.topic.wait(self.position).await;
        let (topic, from) = (Arc::clone(&self.topic), self.position);
        let records = blocking(move || topic.read(from, records_max.max(1), bytes_max)).await?;
        if let Some(last) = records.last() {
            self.position = last.offset + 1;
        }
        Ok(records)
    }

    /// The offset that the next read starts with.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// How many records are waiting.
    pub fn lag(&self) -> u64 {
        self.topic.end().saturating_sub(self.position)
    }

    /// Reads on from `offset`: to see records again, or to pass over damaged ones.
    pub fn seek(&mut self, offset: u64) -> Result<()> {
        self.topic.check_position(offset)?;
        self.position = offset;
        Ok(())
    }

    /// Everything before `next` is done: the group starts there next time. Returns when that is on
    /// disk.
    pub async fn commit(&self, next: u64) -> Result<()> {
        let (topic, group) = (Arc::clone(&self.topic), self.group.clone());
        blocking(move || topic.commit(&group, next)).await
    }
}

/// Runs disk work where it holds up no other task.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Closed))
}
