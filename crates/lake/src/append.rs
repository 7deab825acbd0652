//! Appending rows together with the receipt of what they came from.

use crate::{
    Error, Lake, Result, Table,
    commit::{Attempt, Fact, Range, Step, Stop, TRIES_MAX},
    error::is_lost,
    evolve::without_cleaning,
    store::{new_writer, version_of},
    table::{OFFSET, PARTITION},
    upkeep::UPKEEP,
};
use arrow::{
    array::{Int64Array, RecordBatch},
    compute::{filter_record_batch, kernels::cmp::gt_eq},
    error::ArrowError,
};
use deltalake_core::{
    DeltaTable, DeltaTableError,
    kernel::{Action, Add, Transaction, transaction::CommitBuilder},
    protocol::{DeltaOperation, SaveMode},
    table::state::DeltaTableState,
};
use exchange::Timestamp;

/// Which records of which source a batch was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The journal and partition. Every table keeps one receipt for each source.
    pub source: String,
    /// The first offset.
    pub from: u64,
    /// The first offset after the batch.
    pub through: u64,
}

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The table's version afterwards.
    pub version: i64,
    /// Whether anything was written.
    pub outcome: Outcome,
}

/// Whether anything was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The rows that the table did not hold yet are in it now.
    Written,
    /// The table holds the whole range already.
    AlreadyCovered,
}

impl Lake {
    /// Appends a batch to a table in one commit, with its receipt if it has one.
    ///
    /// With a receipt the same range is written once, whoever brings it and however often: rows
    /// that the table holds already are left out, and of two writers on one snapshot the later is
    /// refused and reads the receipt again. A batch without rows still moves the receipt.
    ///
    /// # Errors
    /// The storage fails, the range would leave a hole, or rows do not fit.
    pub async fn append(
        &self,
        table: Table,
        batch: RecordBatch,
        receipt: Option<&Receipt>,
    ) -> Result<Commit> {
        match receipt {
            Some(receipt) => {
                let commits = self.append_all(&[(table, batch)], receipt).await?;
                commits.into_iter().next().ok_or_else(|| Error::Contended { table: table.name() })
            }
            None => self.append_freely(table, batch).await,
        }
    }

    /// Appends what one journal range became to several tables, in the order of [`Table`]. Once
    /// this returns, every table holds the range and the journal may be told so.
    ///
    /// # Errors
    /// As [`Lake::append`]; tables that were reached before keep what they got, and the same call
    /// goes on from there.
    pub async fn append_all(
        &self,
        parts: &[(Table, RecordBatch)],
        receipt: &Receipt,
    ) -> Result<Vec<Commit>> {
        if receipt.source.starts_with(UPKEEP) {
            return Err(Error::Reserved(receipt.source.clone()));
        }
        let mut parts: Vec<&(Table, RecordBatch)> = parts.iter().collect();
        parts.sort_by_key(|part| part.0);
        parts.iter().try_for_each(|(table, batch)| check_columns(*table, batch))?;
        let mut attempt = Attempt::new(receipt.range(), parts.len());
        let mut snapshot = None;
        let mut commits = Vec::with_capacity(parts.len());
        loop {
            match attempt.next() {
                Step::Read(place) => {
                    let read_at = self.now();
                    let delta = self.ensure(parts[place].0).await?;
                    attempt.learn(Fact::Holds(self.held(parts[place].0, &delta, receipt).await?));
                    if matches!(attempt.next(), Step::Read(_) | Step::Acknowledge(_)) {
                        commits.push(commit(&delta, Outcome::AlreadyCovered));
                    }
                    snapshot = Some((delta, read_at));
                }
                Step::Write { table: place, from } => {
                    let (table, batch) = parts[place];
                    let Some((delta, read_at)) = snapshot.take() else {
                        return Err(Error::Contended { table: table.name() });
                    };
                    let rows = rows_from(*table, batch, from, receipt)?;
                    let written = self.write(*table, (delta, read_at), rows, Some(receipt)).await?;
                    let written = written.filter(|_| self.is_recent(read_at));
                    attempt.learn(written.as_ref().map_or(Fact::Lost, |_| Fact::Wrote));
                    commits.extend(written);
                }
                Step::Acknowledge(_) => return Ok(commits),
                Step::Stop(why) => return Err(stopped(why, parts[commits.len()].0, receipt)),
            }
        }
    }

    /// The first offset of a source that a table does not hold, or nothing if it holds none.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn receipt(&self, table: Table, source: &str) -> Result<Option<u64>> {
        let Some(delta) = self.newest(table).await? else {
            return Ok(None);
        };
        let receipt = Receipt { source: source.to_owned(), from: 0, through: 0 };
        self.held(table, &delta, &receipt).await
    }

    async fn append_freely(&self, table: Table, batch: RecordBatch) -> Result<Commit> {
        check_columns(table, &batch)?;
        for _ in 0..TRIES_MAX {
            let read_at = self.now();
            let delta = self.ensure(table).await?;
            if let Some(commit) = self.write(table, (delta, read_at), batch.clone(), None).await? {
                return Ok(commit);
            }
        }
        Err(Error::Contended { table: table.name() })
    }

    async fn held(
        &self,
        table: Table,
        delta: &DeltaTable,
        receipt: &Receipt,
    ) -> Result<Option<u64>> {
        let failed = |error| Error::at(&self.place(table), error);
        let state = delta.snapshot().map_err(failed)?;
        let log = delta.log_store();
        let held = state.transaction_version(&log, &receipt.source).await.map_err(failed)?;
        Ok(held.and_then(|held| u64::try_from(held).ok()))
    }

    /// Commits upon the snapshot that `delta` shows; nothing comes back if another commit that
    /// matters came first.
    async fn write(
        &self,
        table: Table,
        (mut delta, read_at): (DeltaTable, Timestamp),
        batch: RecordBatch,
        receipt: Option<&Receipt>,
    ) -> Result<Option<Commit>> {
        let failed = |error| match is_lost(&error) || !self.is_recent(read_at) {
            true => Ok(None),
            false => Err(Error::at(&self.place(table), error)),
        };
        let files = match write_files(table, &delta, &batch).await {
            Ok(files) if self.is_recent(read_at) => files,
            Ok(_) => return Ok(None),
            Err(error) => return failed(error),
        };
        match commit_files(&delta, files, receipt).await {
            Ok(state) => {
                delta.state = Some(state);
                self.remember(table, &delta);
                Ok(Some(commit(&delta, Outcome::Written)))
            }
            Err(error) => failed(error),
        }
    }
}

/// Writes the files of a commit, without a query plan: to plan a write costs more than the write.
async fn write_files(
    table: Table,
    delta: &DeltaTable,
    batch: &RecordBatch,
) -> Result<Vec<Add>, DeltaTableError> {
    if batch.num_rows() == 0 {
        return Ok(Vec::new());
    }
    let mut writer = new_writer(table, delta)?;
    writer.write(batch).await?;
    writer.close().await
}

/// The commit that names them.
async fn commit_files(
    delta: &DeltaTable,
    files: Vec<Add>,
    receipt: Option<&Receipt>,
) -> Result<DeltaTableState, DeltaTableError> {
    let operation = DeltaOperation::Write {
        mode: SaveMode::Append,
        partition_by: Some(vec![PARTITION.to_owned()]),
        predicate: None,
    };
    let transactions = receipt.into_iter().map(Receipt::transaction).collect();
    let properties = without_cleaning().with_application_transactions(transactions);
    let finalized = CommitBuilder::from(properties)
        .with_actions(files.into_iter().map(Action::Add).collect())
        .build(Some(delta.snapshot()?), delta.log_store(), operation)
        .await?;
    Ok(finalized.snapshot())
}

/// Without a plan nobody else looks whether the columns are those of the table.
fn check_columns(table: Table, batch: &RecordBatch) -> Result<()> {
    if batch.schema() == table.schema() {
        return Ok(());
    }
    let source = ArrowError::SchemaError("the columns are not those of the table".to_owned());
    Err(Error::Rows { table: table.name(), source })
}

impl Receipt {
    fn range(&self) -> Range {
        Range { from: self.from, through: self.through }
    }

    fn transaction(&self) -> Transaction {
        // Offsets count records; none reaches the sign bit.
        Transaction::new(&self.source, i64::try_from(self.through).unwrap_or(i64::MAX))
    }
}

fn commit(delta: &DeltaTable, outcome: Outcome) -> Commit {
    Commit { version: version_of(delta), outcome }
}

fn stopped(why: Stop, table: Table, receipt: &Receipt) -> Error {
    let table = table.name();
    match why {
        Stop::Gap { held } => Error::Gap { table, from: receipt.source.clone(), held },
        Stop::Contended => Error::Contended { table },
    }
}

/// The rows of a batch that the table does not hold yet.
fn rows_from(
    table: Table,
    batch: &RecordBatch,
    from: u64,
    receipt: &Receipt,
) -> Result<RecordBatch> {
    if from == receipt.from {
        return Ok(batch.clone());
    }
    let straddles = Error::Straddles { table: table.name(), held: from };
    let (true, Some(offsets), Ok(from)) =
        (table.has_offsets(), batch.column_by_name(OFFSET), i64::try_from(from))
    else {
        return Err(straddles);
    };
    if offsets.null_count() > 0 {
        return Err(straddles);
    }
    gt_eq(offsets, &Int64Array::new_scalar(from))
        .and_then(|new| filter_record_batch(batch, &new))
        .map_err(|source| Error::Rows { table: table.name(), source })
}
