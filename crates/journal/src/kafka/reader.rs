//! Reads a stretch of one partition, outside any group.

use crate::{
    error::{Error, Result},
    kafka::{
        ANSWER_WAIT,
        client::{Quiet, failed, reading},
        settings::Settings,
    },
    record::{Position, Record, Taken},
};
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
};
use std::time::Duration;
use tokio::time::Instant;

const POLL_WAIT: Duration = Duration::from_millis(100);

pub(crate) struct Reader {
    consumer: BaseConsumer<Quiet>,
    /// The partition that is read, and the offset that comes next.
    at: Option<(String, Position)>,
    /// Read, and too long for the stretch before.
    ahead: Option<Record>,
}

impl rdkafka::consumer::ConsumerContext for Quiet {}

impl Reader {
    pub(crate) fn open(settings: &Settings) -> Result<Self> {
        let consumer = reading(settings)
            .create_with_context(Quiet::default())
            .map_err(failed("open a reader"))?;
        Ok(Self { consumer, at: None, ahead: None })
    }

    /// Reads from `from` on what lies before `end`, up to the limits.
    pub(crate) fn read(
        &mut self,
        topic: &str,
        from: Position,
        end: u64,
        (records_max, bytes_max): (usize, usize),
    ) -> Result<Vec<Record>> {
        self.turn_to(topic, from)?;
        let mut taken = Taken::new(records_max, bytes_max);
        let deadline = Instant::now() + ANSWER_WAIT;
        let mut next = from.offset;
        while next < end && !taken.is_full() {
            let Some(record) = self.ahead.take().map_or_else(|| self.poll(), |it| Ok(Some(it)))?
            else {
                if Instant::now() > deadline {
                    return Err(silent(topic, next));
                }
                continue;
            };
            if record.offset > next {
                // A hole: told where it begins, so that nobody takes it for read.
                self.ahead = Some(record);
                break;
            }
            if !taken.fits(record.payload.len() as u64) {
                self.ahead = Some(record);
                break;
            }
            next = record.offset + 1;
            taken.push(record.offset, &record.payload);
        }
        self.at = Some((topic.to_owned(), Position { offset: next, ..from }));
        match &self.ahead {
            Some(behind) if taken.records.is_empty() && behind.offset > next => {
                let (asked, start) = (next, behind.offset);
                Err(Error::Trimmed { topic: topic.to_owned(), asked, start })
            }
            Some(_) | None => Ok(taken.records),
        }
    }

    fn turn_to(&mut self, topic: &str, from: Position) -> Result<()> {
        if self.at.as_ref().is_some_and(|(name, at)| name == topic && *at == from) {
            return Ok(());
        }
        (self.at, self.ahead) = (None, None);
        let mut list = TopicPartitionList::new();
        let partition = i32::try_from(from.partition).unwrap_or(i32::MAX);
        let offset = Offset::Offset(i64::try_from(from.offset).unwrap_or(i64::MAX));
        list.add_partition_offset(topic, partition, offset)
            .and_then(|()| self.consumer.assign(&list))
            .map_err(failed("turn to an offset"))
    }

    fn poll(&self) -> Result<Option<Record>> {
        let Some(polled) = self.consumer.poll(POLL_WAIT) else { return Ok(None) };
        let message = polled.map_err(failed("read from a topic"))?;
        Ok(Some(record(&message)))
    }
}

pub(crate) fn record(message: &impl Message) -> Record {
    Record {
        offset: u64::try_from(message.offset()).unwrap_or_default(),
        payload: bytes::Bytes::copy_from_slice(message.payload().unwrap_or_default()),
    }
}

fn silent(topic: &str, offset: u64) -> Error {
    let why = format!("{topic} has a record {offset}, and no broker sends it");
    Error::Broker { action: "read from a topic", why }
}
