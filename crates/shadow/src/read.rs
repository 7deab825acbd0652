use crate::{Error, metric, settings::Limits};
use exchange::Event;
use journal::{Position, Record, Subscription, dead::DeadLetter};
use std::ops::Range;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Journal records, read.
pub(crate) struct Batch {
    /// The records that it covers, also those that could not be read: a range without holes, or
    /// the tables would rightly refuse it.
    pub(crate) offsets: Range<u64>,
    /// What they say, with the offset of each.
    pub(crate) events: Vec<(u64, Event)>,
    /// Those among them that are no event that this program reads, as they were.
    pub(crate) dead: Vec<DeadLetter>,
}

/// A subscription that passes over what cannot be read for good, and counts it: waiting would not
/// bring it back, and stopping would lose all that follows.
pub(crate) struct Reader {
    subscription: Subscription,
    /// Everything before it has been handed out, or passed over on the way.
    covered: u64,
}

/// Until when a worker reads.
#[derive(Clone)]
pub(crate) enum Until {
    /// Up to this offset, without waiting for company.
    Offset(u64),
    /// Until told to stop.
    Stopped(CancellationToken),
}

/// The next batch; `None` where there is to be none.
pub(crate) async fn read(
    reader: &mut Reader,
    until: &Until,
    limits: &Limits,
) -> Result<Option<Batch>, Error> {
    let mut records = Vec::new();
    while records.is_empty() {
        match until {
            Until::Offset(end) if reader.position() >= *end => return Ok(None),
            Until::Stopped(stop) if stop.is_cancelled() => return Ok(None),
            Until::Offset(_) => {
                let (records_max, bytes_max) = (limits.batch_records_max, limits.batch_bytes_max);
                records = reader.take(records_max, bytes_max).await?;
            }
            Until::Stopped(stop) => records = gather(reader, stop, limits).await?,
        }
    }
    let Some(offsets) = reader.cover(&records) else { return Ok(None) };
    let mut batch = Batch { offsets, events: Vec::with_capacity(records.len()), dead: Vec::new() };
    for record in records {
        let offset = record.offset;
        match Event::from_bytes(record.payload.clone()) {
            Ok(event) => batch.events.push((offset, event)),
            Err(error) => batch.dead.push(reader.letter(record, error.to_string())),
        }
    }
    Ok(Some(batch))
}

impl Reader {
    /// Goes on where the tables end. That is where the group stands, unless tables and journal come
    /// from copies of different age: then the tables say what is done, and what they lack and the
    /// journal no longer has is passed over, or they would refuse all that follows.
    pub(crate) fn resume(mut subscription: Subscription, held: Option<u64>) -> Result<Self, Error> {
        let covered = held.unwrap_or_else(|| subscription.position());
        match subscription.seek(covered) {
            Err(journal::Error::Trimmed { asked, start, .. }) => {
                pass_over(&mut subscription, asked..start)?;
            }
            other => other?,
        }
        Ok(Self { subscription, covered })
    }

    /// The next offset to be given in its partition.
    pub(crate) async fn end(&self) -> Result<u64, Error> {
        Ok(self.subscription.end().await?)
    }

    pub(crate) fn position(&self) -> u64 {
        self.subscription.position()
    }

    /// Waits for records. None at all means that some were passed over.
    pub(crate) async fn take(
        &mut self,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Record>, Error> {
        let passed = match self.subscription.next(records_max, bytes_max).await {
            Ok(records) => return Ok(records),
            Err(journal::Error::Damaged { from, next, .. }) => from..next,
            Err(journal::Error::Trimmed { asked, start, .. }) => asked..start,
            Err(error) => return Err(error.into()),
        };
        pass_over(&mut self.subscription, passed)?;
        Ok(Vec::new())
    }

    /// The offsets that `records` speak for, those included that were passed over before them.
    pub(crate) fn cover(&mut self, records: &[Record]) -> Option<Range<u64>> {
        let next = records.last()?.offset + 1;
        Some(std::mem::replace(&mut self.covered, next)..next)
    }

    /// What is kept of a record that is no event.
    fn letter(&self, record: Record, reason: String) -> DeadLetter {
        tracing::error!(offset = record.offset, %reason, "journal record is no event");
        metric::unreadable("event", 1);
        DeadLetter {
            topic: self.subscription.topic().to_owned(),
            origin: Position { partition: self.subscription.partition(), offset: record.offset },
            reason,
            payload: record.payload,
        }
    }

    /// Says that everything before `next` is done.
    pub(crate) async fn commit(&self, next: u64) -> Result<(), Error> {
        Ok(self.subscription.commit(next).await?)
    }
}

fn pass_over(subscription: &mut Subscription, gone: Range<u64>) -> Result<(), Error> {
    tracing::error!(from = gone.start, next = gone.end, "journal records are gone");
    metric::unreadable("journal", gone.end.saturating_sub(gone.start));
    Ok(subscription.seek(gone.end)?)
}

/// Waits for a first record and then a little for more, because a commit of one row costs as much
/// as a commit of a thousand.
async fn gather(
    reader: &mut Reader,
    stop: &CancellationToken,
    limits: &Limits,
) -> Result<Vec<Record>, Error> {
    let first = reader.take(limits.batch_records_max, limits.batch_bytes_max);
    let first = stop.run_until_cancelled(first).await.transpose()?;
    let Some(mut records) = first else { return Ok(Vec::new()) };
    let ripe = Instant::now() + limits.batch_age;
    loop {
        let room = limits.batch_records_max.saturating_sub(records.len());
        let bytes: usize = records.iter().map(|record| record.payload.len()).sum();
        if room == 0 || bytes >= limits.batch_bytes_max || stop.is_cancelled() {
            return Ok(records);
        }
        let more = stop.run_until_cancelled(reader.take(room, limits.batch_bytes_max));
        match tokio::time::timeout_at(ripe, more).await {
            Ok(Some(more)) => records.extend(more?),
            Ok(None) | Err(_) => return Ok(records),
        }
    }
}
