//! The ledger on the journal: every attempt at a call of ours, one JSON row each, on a topic of its
//! own.
//!
//! It lies beside the events because it must be as durable as they are and faster than a table: a
//! row is written between a paid answer and its use, many times a second. Rows are copied to the
//! table `calls` behind that.

use crate::{
    Called, Error, Ledger, Purpose, Record, Spent, error::Cause, metric, read::Reader,
    rows::call::CallRow,
};
use exchange::{Date, NanoUsd};
use journal::Journal;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// The journal's topic of paid calls.
pub const LEDGER_TOPIC: &str = "ledger";

/// The name under which the ledger is copied to its table.
const COPY_GROUP: &str = "calls";

/// Rows read at once.
const RECORDS_MAX: usize = 4_096;
const BYTES_MAX: usize = 8 << 20;

/// The ledger on a journal.
///
/// Appends that come while another is being synced go to disk together with the next sync: the
/// queue is as long as there are callers, and no longer.
#[derive(Clone)]
pub struct JournalLedger {
    journal: Journal,
    waiting: Arc<Mutex<Vec<Waiting>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

struct Waiting {
    rows: Vec<Vec<u8>>,
    done: oneshot::Sender<Result<(), String>>,
}

impl JournalLedger {
    /// The ledger of a journal.
    #[must_use]
    pub fn new(journal: Journal) -> Self {
        Self { journal, waiting: Arc::default(), turn: Arc::default() }
    }

    /// Writes all that wait, in one append.
    async fn flush(&self) {
        let waiting =
            std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        if waiting.is_empty() {
            return;
        }
        let (rows, done): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|waiting| (waiting.rows, waiting.done)).unzip();
        let rows: Vec<Vec<u8>> = rows.into_iter().flatten().collect();
        let journal = self.journal.clone();
        let append = move || journal.append(LEDGER_TOPIC, &rows).map_err(|error| error.to_string());
        let result = tokio::task::spawn_blocking(append).await;
        let result = result.unwrap_or_else(|error| Err(error.to_string())).map(|_| ());
        for done in done {
            // A caller that is gone has nothing left to be told.
            let _ = done.send(result.clone());
        }
    }
}

impl Ledger for JournalLedger {
    async fn append(&self, calls: &[CallRow]) -> Result<(), Cause> {
        if calls.is_empty() {
            return Ok(());
        }
        let rows = calls.iter().map(serde_json::to_vec).collect::<Result<Vec<_>, _>>()?;
        let (done, mut written) = oneshot::channel();
        let waiting = Waiting { rows, done };
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(waiting);
        let _turn = self.turn.lock().await;
        if let Ok(result) = written.try_recv() {
            return result.map_err(Cause::from);
        }
        self.flush().await;
        written.await?.map_err(Cause::from)
    }

    async fn spent(&self, day: Date) -> Result<Vec<Spent>, Cause> {
        let journal = self.journal.clone();
        tokio::task::spawn_blocking(move || spent(&journal, day)).await?
    }
}

fn spent(journal: &Journal, day: Date) -> Result<Vec<Spent>, Cause> {
    let mut sums: BTreeMap<(Purpose, String), NanoUsd> = BTreeMap::new();
    let mut from = journal.start(LEDGER_TOPIC)?;
    loop {
        let records = match journal.read(LEDGER_TOPIC, from, RECORDS_MAX, BYTES_MAX) {
            // What cannot be read is not known to be spent; the copy counts it.
            Err(journal::Error::Damaged { next, .. }) => {
                from = next;
                continue;
            }
            other => other?,
        };
        let Some(last) = records.last() else { break };
        from = last.offset + 1;
        for call in records.iter().filter_map(row).filter(|call| call.date == day) {
            let sum = sums.entry((call.purpose, call.model)).or_default();
            *sum = *sum + call.cost_usd.unwrap_or_default();
        }
    }
    let spent = |((purpose, model), cost)| Spent { purpose, model, cost };
    Ok(sums.into_iter().map(spent).collect())
}

/// Copies the ledger to the table `calls`.
pub struct LedgerCopy<R> {
    journal: Journal,
    reader: Reader,
    record: Arc<R>,
}

impl<R: Record> LedgerCopy<R> {
    /// Goes on where the last copy ended.
    ///
    /// # Errors
    /// [`Error`] if ledger or table cannot be read.
    pub async fn open(journal: Journal, record: Arc<R>) -> Result<Self, Error> {
        let held = record.receipts().await.map_err(Error::Record)?.calls;
        let reader = Reader::resume(journal.subscribe(LEDGER_TOPIC, COPY_GROUP)?, held)?;
        Ok(Self { journal, reader, record })
    }

    /// Copies until told to stop.
    ///
    /// # Errors
    /// [`Error`] if ledger or table fail; nothing is lost, open a new copy.
    pub async fn run(&mut self, stop: &CancellationToken) -> Result<(), Error> {
        loop {
            // Only the waiting may be cut short: a copy that has begun is finished.
            let next = self.reader.take(RECORDS_MAX, BYTES_MAX);
            let Some(records) = stop.run_until_cancelled(next).await else { return Ok(()) };
            self.copy(records?).await?;
        }
    }

    /// Copies what the ledger holds now.
    ///
    /// # Errors
    /// [`Error`] if ledger or table fail; nothing is lost, open a new copy.
    pub async fn drain(&mut self) -> Result<(), Error> {
        let end = self.journal.end(LEDGER_TOPIC)?;
        while self.reader.position() < end {
            let records = self.reader.take(RECORDS_MAX, BYTES_MAX).await?;
            self.copy(records).await?;
        }
        Ok(())
    }

    async fn copy(&mut self, records: Vec<journal::Record>) -> Result<(), Error> {
        let Some(offsets) = self.reader.cover(&records) else { return Ok(()) };
        let calls: Vec<CallRow> = records.iter().filter_map(row).collect();
        metric::unreadable("ledger", (records.len() - calls.len()) as u64);
        let next = offsets.end;
        self.record.called(Called { offsets, calls }).await.map_err(Error::Record)?;
        self.reader.commit(next).await
    }
}

fn row(record: &journal::Record) -> Option<CallRow> {
    let call = serde_json::from_slice::<CallRow>(&record.payload).ok()?;
    Some(CallRow { journal_offset: Some(record.offset), ..call })
}
