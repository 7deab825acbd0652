//! A member of a group: one consumer, whose partitions are read apart.
//!
//! One thread polls, for as long as the member lives: it is what the group sees, so a worker may take
//! as long over a record as it likes. What is fetched is put into the flow of its partition, and a
//! partition whose flow is full is paused.

mod flow;
mod given;

pub(crate) use given::{Claim, Given};

use crate::{
    error::{Error, Result},
    kafka::{
        ANSWER_WAIT,
        client::{complain, failed, say, sharing},
        reader::record,
        settings::Settings,
    },
    membership::Change,
    metric,
    outside::Outside,
    subscription::{Subscription, blocking},
    sync::lock,
};
use flow::{Flow, Room};
use rdkafka::{
    ClientContext, Message, Offset, Statistics, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance},
    error::KafkaError,
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use tokio::sync::Notify;

/// How long the thread waits for records before it looks for what it is to do.
const POLL_WAIT: Duration = Duration::from_millis(50);
/// How often it polls, after it left, for the partitions to be taken back.
const LEAVE_POLLS_MAX: usize = 20;

pub(crate) struct Member {
    group: Arc<Group>,
}

pub(crate) struct Group {
    consumer: BaseConsumer<Context>,
    shared: Arc<Shared>,
    /// As the cluster knows it.
    full_topic: String,
    outside: Option<Arc<dyn Outside>>,
}

/// What the polling thread shares with those who read.
pub(crate) struct Shared {
    topic: String,
    group: String,
    state: Mutex<State>,
    told: Notify,
}

#[derive(Default)]
struct State {
    flows: BTreeMap<u32, Arc<Flow>>,
    news: VecDeque<News>,
    /// Partitions to be read from another offset, and that one.
    turns: BTreeMap<u32, u64>,
    /// Partitions that have room again.
    resumes: BTreeSet<u32>,
    fault: Option<String>,
    is_over: bool,
}

/// At most one given and one taken for each partition.
#[derive(Clone)]
enum News {
    Given(Arc<Flow>),
    Taken(u32),
}

struct Context {
    shared: Arc<Shared>,
}

impl Member {
    pub(crate) fn join(
        settings: &Settings,
        outside: Option<Arc<dyn Outside>>,
        (topic, group): (&str, &str),
    ) -> Result<Self> {
        let shared = Arc::new(Shared {
            topic: topic.to_owned(),
            group: group.to_owned(),
            state: Mutex::default(),
            told: Notify::new(),
        });
        let context = Context { shared: Arc::clone(&shared) };
        let consumer: BaseConsumer<Context> = sharing(settings, group)
            .create_with_context(context)
            .map_err(failed("join a group"))?;
        let full_topic = settings.full_name(topic);
        consumer.subscribe(&[&full_topic]).map_err(failed("join a group"))?;
        let group = Arc::new(Group { consumer, shared, full_topic, outside });
        let polled = Arc::clone(&group);
        thread::Builder::new()
            .name("journal-member".into())
            .spawn(move || polled.run())
            .map_err(|error| Error::Broker { action: "join a group", why: error.to_string() })?;
        Ok(Self { group })
    }

    pub(crate) async fn changed(&mut self) -> Result<Change> {
        loop {
            let told = self.group.shared.told.notified();
            if let Some(news) = self.group.shared.first()? {
                let change = match &news {
                    News::Taken(partition) => Some(Change::Taken(*partition)),
                    News::Given(flow) => self.given(flow).await?,
                };
                // Only now is it gone: whoever stops waiting before loses nothing.
                self.group.shared.forget_first();
                if let Some(change) = change {
                    return Ok(change);
                }
                continue;
            }
            told.await;
        }
    }

    /// Where the group stands in a partition; `None` if that was taken meanwhile.
    async fn given(&self, flow: &Arc<Flow>) -> Result<Option<Change>> {
        let (group, partition) = (Arc::clone(&self.group), flow.partition);
        let (next, end) = blocking(move || group.standing(partition)).await?;
        if flow.is_taken() {
            return Ok(None);
        }
        flow.begin(next, end);
        let given = Given::new(Arc::clone(&self.group), Arc::clone(flow));
        Ok(Some(Change::Given(Subscription::kafka(given))))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        lock(&self.group.shared.state).is_over = true;
    }
}

impl Group {
    /// Polls until the member is dropped, then leaves.
    fn run(&self) {
        while !lock(&self.shared.state).is_over {
            self.obey();
            match self.consumer.poll(POLL_WAIT) {
                Some(Ok(message)) => {
                    let partition = u32::try_from(message.partition()).unwrap_or_default();
                    self.put(partition, record(&message));
                }
                Some(Err(KafkaError::MessageConsumptionFatal(code))) => {
                    self.shared.end(code.to_string());
                }
                // The client mends itself; what that takes is said in the log.
                Some(Err(error)) => complain(&error, "reading goes on"),
                None => {}
            }
        }
        self.consumer.unsubscribe();
        for _ in 0..LEAVE_POLLS_MAX {
            if self.consumer.assignment().is_ok_and(|left| left.count() == 0) {
                break;
            }
            drop(self.consumer.poll(POLL_WAIT));
        }
        self.shared.end("it has left its group".to_owned());
    }

    fn put(&self, partition: u32, record: crate::Record) {
        let flow = lock(&self.shared.state).flows.get(&partition).cloned();
        let Some(flow) = flow else { return };
        match flow.put(record) {
            Room::Left => {}
            Room::None => {
                if let Err(error) = self
                    .list(partition, Offset::Invalid)
                    .and_then(|list| self.consumer.pause(&list).map_err(failed("pause")))
                {
                    tracing::warn!(partition, %error, "a partition cannot be paused");
                }
            }
        }
    }

    /// Does what readers asked for. What cannot be done yet is tried again at the next poll.
    fn obey(&self) {
        let (turns, resumes) = {
            let mut state = lock(&self.shared.state);
            (std::mem::take(&mut state.turns), std::mem::take(&mut state.resumes))
        };
        for (partition, offset) in turns {
            match self.turn(partition, offset) {
                Ok(()) => {
                    if let Some(flow) = lock(&self.shared.state).flows.get(&partition) {
                        flow.turned(offset);
                    }
                }
                Err(error) => {
                    tracing::debug!(partition, offset, %error, "a partition is not turned yet");
                    lock(&self.shared.state).turns.entry(partition).or_insert(offset);
                }
            }
        }
        for partition in resumes {
            let list = self.list(partition, Offset::Invalid);
            let resumed =
                list.and_then(|list| self.consumer.resume(&list).map_err(failed("resume")));
            if let Err(error) = resumed {
                tracing::debug!(partition, %error, "a partition does not go on yet");
                lock(&self.shared.state).resumes.insert(partition);
            }
        }
    }

    fn turn(&self, partition: u32, offset: u64) -> Result<()> {
        let is_ours = lock(&self.shared.state).flows.contains_key(&partition);
        if !is_ours {
            return Ok(());
        }
        let at = Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX));
        let number = i32::try_from(partition).unwrap_or(i32::MAX);
        let turned = self.consumer.seek(&self.full_topic, number, at, ANSWER_WAIT);
        turned.map_err(failed("turn to an offset"))?;
        let list = self.list(partition, Offset::Invalid)?;
        self.consumer.resume(&list).map_err(failed("go on with a partition"))
    }

    /// The first offset that the group has not consumed, and the end.
    fn standing(&self, partition: u32) -> Result<(u64, u64)> {
        let number = i32::try_from(partition).unwrap_or(i32::MAX);
        let list = self.list(partition, Offset::Invalid)?;
        let told = self.consumer.committed_offsets(list, ANSWER_WAIT);
        let told = told.map_err(failed("ask where a group stands"))?;
        let ends = self.consumer.fetch_watermarks(&self.full_topic, number, ANSWER_WAIT);
        let (start, end) = ends.map_err(failed("ask for a partition's offsets"))?;
        let committed = told.elements().first().and_then(|element| match element.offset() {
            Offset::Offset(offset) => Some(offset),
            Offset::Beginning
            | Offset::End
            | Offset::Stored
            | Offset::Invalid
            | Offset::OffsetTail(_) => None,
        });
        let next = committed.unwrap_or(start).max(start);
        Ok((u64::try_from(next).unwrap_or_default(), u64::try_from(end).unwrap_or_default()))
    }

    fn list(&self, partition: u32, offset: Offset) -> Result<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        let number = i32::try_from(partition).unwrap_or(i32::MAX);
        list.add_partition_offset(&self.full_topic, number, offset)
            .map_err(failed("name a partition"))?;
        Ok(list)
    }
}

impl Shared {
    fn first(&self) -> Result<Option<News>> {
        let state = lock(&self.state);
        match (&state.fault, state.news.front()) {
            (_, Some(news)) => Ok(Some(news.clone())),
            (Some(why), None) => Err(Error::Broker { action: "stay in a group", why: why.clone() }),
            (None, None) => Ok(None),
        }
    }

    fn forget_first(&self) {
        lock(&self.state).news.pop_front();
    }

    fn turn(&self, partition: u32, offset: u64) {
        lock(&self.state).turns.insert(partition, offset);
    }

    fn resume(&self, partition: u32) {
        lock(&self.state).resumes.insert(partition);
    }

    fn give(&self, partition: u32) {
        let lag = metric::lag(&self.topic, &self.group, partition);
        let flow = Arc::new(Flow::new(partition, lag));
        let mut state = lock(&self.state);
        state.flows.insert(partition, Arc::clone(&flow));
        state.news.push_back(News::Given(flow));
        drop(state);
        self.told.notify_one();
    }

    fn take(&self, partition: u32) {
        let mut state = lock(&self.state);
        state.turns.remove(&partition);
        state.resumes.remove(&partition);
        if let Some(flow) = state.flows.remove(&partition) {
            flow.take_away();
            // Of one that came and went unseen nobody has to hear.
            let unseen = |news: &News| matches!(news, News::Given(it) if Arc::ptr_eq(it, &flow));
            match state.news.iter().skip(1).any(unseen) {
                true => state.news.retain(|news| !unseen(news)),
                false => state.news.push_back(News::Taken(partition)),
            }
        }
        drop(state);
        self.told.notify_one();
    }

    /// Nothing more will come.
    fn end(&self, why: String) {
        let mut state = lock(&self.state);
        for flow in std::mem::take(&mut state.flows).into_values() {
            flow.take_away();
        }
        state.fault.get_or_insert(why);
        drop(state);
        self.told.notify_one();
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        say(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        complain(&error, reason);
    }

    /// Learns how far the partitions go.
    fn stats(&self, statistics: Statistics) {
        let state = lock(&self.shared.state);
        let partitions = statistics.topics.into_values().flat_map(|topic| topic.partitions);
        for (number, partition) in partitions {
            let flow = u32::try_from(number).ok().and_then(|number| state.flows.get(&number));
            if let (Some(flow), Ok(end)) = (flow, u64::try_from(partition.hi_offset)) {
                flow.learn_end(end);
            }
        }
    }
}

impl ConsumerContext for Context {
    /// Before what is done: nobody may commit in a partition that others are about to get, and
    /// nothing may come of one that has no flow yet.
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => each(list, |partition| self.shared.give(partition)),
            Rebalance::Revoke(list) => each(list, |partition| self.shared.take(partition)),
            Rebalance::Error(error) => tracing::warn!(%error, "a rebalance failed"),
        }
    }
}

fn each(list: &TopicPartitionList, mut act: impl FnMut(u32)) {
    for element in list.elements() {
        if let Ok(partition) = u32::try_from(element.partition()) {
            act(partition);
        }
    }
}
