//! A partition that was given to a member: read and committed until it is taken away.

use super::{
    Group,
    flow::{Flow, taken},
};
use crate::{
    error::Result,
    kafka::{ANSWER_WAIT, client::failed},
    outside::{Pointer, resolved, within},
    record::Record,
    subscription::blocking,
};
use rdkafka::{
    Offset,
    consumer::{CommitMode, Consumer},
    error::KafkaError,
    types::RDKafkaErrorCode,
};
use std::{collections::VecDeque, sync::Arc, thread, time::Duration};
use tokio::time::Instant;

/// How often a commit is tried while the group is between two generations.
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(crate) struct Given {
    claim: Claim,
    /// Taken from the flow, and not returned: some of them point at what lies outside.
    taken: VecDeque<Record>,
}

/// The right to commit in a partition.
#[derive(Clone)]
pub(crate) struct Claim {
    group: Arc<Group>,
    flow: Arc<Flow>,
}

impl Given {
    pub(crate) fn new(group: Arc<Group>, flow: Arc<Flow>) -> Self {
        Self { claim: Claim { group, flow }, taken: VecDeque::new() }
    }

    pub(crate) fn topic(&self) -> &str {
        &self.claim.group.shared.topic
    }

    pub(crate) fn partition(&self) -> u32 {
        self.claim.partition()
    }

    pub(crate) async fn next(
        &mut self,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Record>> {
        let Claim { group, flow } = &self.claim;
        while self.taken.is_empty() {
            let moved = flow.moved.notified();
            let found = flow.take(&group.shared.topic, records_max, bytes_max)?;
            if found.has_room_again {
                group.shared.resume(flow.partition);
            }
            self.taken = found.records.into();
            if self.taken.is_empty() {
                moved.await;
            }
        }
        if flow.is_taken() {
            return Err(taken(&group.shared.topic, flow.partition));
        }
        let count = self.resolve(records_max, bytes_max).await?;
        Ok(self.taken.drain(..count).collect())
    }

    /// Fetches what the first of the records point at, as far as the limits reach, but one at least; how
    /// many are whole then. What was fetched stays among them, whoever stops waiting.
    async fn resolve(&mut self, records_max: usize, bytes_max: usize) -> Result<usize> {
        let count = within(self.taken.iter().take(records_max), bytes_max);
        for record in self.taken.iter_mut().take(count) {
            if Pointer::read(&record.payload).is_some() {
                let (outside, payload) = (self.claim.group.outside.clone(), record.payload.clone());
                record.payload = blocking(move || resolved(outside.as_deref(), payload)).await?;
            }
        }
        Ok(count)
    }

    pub(crate) fn position(&self) -> u64 {
        self.taken.front().map_or_else(|| self.claim.flow.position(), |first| first.offset)
    }

    pub(crate) fn lag(&self) -> u64 {
        self.claim.flow.lag() + self.taken.len() as u64
    }

    pub(crate) async fn end(&self) -> Result<u64> {
        let Claim { group, flow } = self.claim.clone();
        let end = blocking(move || {
            let number = i32::try_from(flow.partition).unwrap_or(i32::MAX);
            let told = group.consumer.fetch_watermarks(&group.full_topic, number, ANSWER_WAIT);
            let (_, end) = told.map_err(failed("ask for a partition's offsets"))?;
            Ok(u64::try_from(end).unwrap_or_default())
        })
        .await?;
        self.claim.flow.learn_end(end);
        Ok(end)
    }

    pub(crate) fn seek(&mut self, offset: u64) -> Result<()> {
        let Claim { group, flow } = &self.claim;
        self.taken.clear();
        if flow.seek(&group.shared.topic, offset)? {
            group.shared.turn(flow.partition, offset);
        }
        Ok(())
    }

    pub(crate) fn claim(&self) -> Claim {
        self.claim.clone()
    }
}

impl Claim {
    pub(crate) fn partition(&self) -> u32 {
        self.flow.partition
    }

    pub(crate) async fn commit(&self, next: u64) -> Result<()> {
        let Self { group, flow } = self.clone();
        blocking(move || {
            let topic = &group.shared.topic;
            let offset = Offset::Offset(i64::try_from(next).unwrap_or(i64::MAX));
            let list = group.list(flow.partition, offset)?;
            let began = Instant::now();
            loop {
                flow.check_commit(topic, next)?;
                match group.consumer.commit(&list, CommitMode::Sync) {
                    // The group is between two generations. Either the partition goes to another, which
                    // the next look says, or it stays, and the same commit counts in the new one.
                    Err(error) if is_between(&error) && began.elapsed() < ANSWER_WAIT => {
                        thread::sleep(LOOK_EVERY);
                    }
                    other => return other.map(|()| flow.done(next)).map_err(failed("commit")),
                }
            }
        })
        .await
    }
}

/// Whether the group goes on without this member, or without what it was.
fn is_between(error: &KafkaError) -> bool {
    let Some(code) = error.rdkafka_error_code() else { return false };
    [
        RDKafkaErrorCode::UnknownMemberId,
        RDKafkaErrorCode::IllegalGeneration,
        RDKafkaErrorCode::FencedInstanceId,
        RDKafkaErrorCode::AssignmentLost,
        RDKafkaErrorCode::RebalanceInProgress,
    ]
    .contains(&code)
}
