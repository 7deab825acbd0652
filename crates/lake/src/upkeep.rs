//! Upkeep: closed days into few files, old days out.
//!
//! Two compactors that rewrite the same files would double their rows, because the table format's
//! implementation lets both commit: a rewrite counts as no change of data. So each piece of upkeep
//! commits under one application id of its own, upon the snapshot that it read, and of two the
//! later is refused. Appends carry other ids and are never in the way.

use crate::{
    Error, Lake, Result, Table,
    commit::TRIES_MAX,
    error::is_lost,
    read::{day, published, select},
    store::{FILE_BYTES_MAX, new_writer, version_of},
    table::PARTITION,
};
use deltalake_core::{
    DeltaTable, DeltaTableError,
    datafusion::logical_expr::col,
    kernel::{
        Action, Add, LogicalFileView, Transaction,
        transaction::{CommitBuilder, CommitProperties},
    },
    protocol::DeltaOperation,
};
use futures::StreamExt;
use std::{collections::BTreeSet, time::Duration};

/// The application id of every piece of upkeep; no source may be called so.
pub(crate) const UPKEEP: &str = "foreshadow-upkeep";

/// What a compaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Days that were rewritten.
    pub days: usize,
    /// Files that they had.
    pub files_before: usize,
    /// Files that they have.
    pub files_after: usize,
}

/// What an expiry did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Files that left the table.
    pub files_removed: usize,
    /// Files that left the storage.
    pub files_deleted: usize,
}

impl Lake {
    /// Rewrites each day before `before` that lies in several files as few.
    ///
    /// # Errors
    /// The storage fails, or other upkeep runs at the same time.
    pub async fn compact(&self, table: Table, before: &str) -> Result<Compacted> {
        day(before)?;
        let mut compacted = Compacted::default();
        for date in self.days_to_compact(table, before).await? {
            let Some((files_before, files_after)) = self.compact_day(table, &date).await? else {
                continue;
            };
            compacted.days += 1;
            compacted.files_before += files_before;
            compacted.files_after += files_after;
        }
        Ok(compacted)
    }

    /// Takes every day before `before` out of a table, and deletes the files that left it at
    /// least `grace` ago: so long can older versions still be read.
    ///
    /// # Errors
    /// The storage fails, or other upkeep runs at the same time.
    pub async fn expire(&self, table: Table, before: &str, grace: Duration) -> Result<Expired> {
        let files_removed = self.remove_days(table, before).await?;
        let Some(delta) = self.newest(table).await? else {
            return Ok(Expired::default());
        };
        let grace = chrono::Duration::from_std(grace).unwrap_or(chrono::Duration::MAX);
        let vacuumed =
            delta.vacuum().with_retention_period(grace).with_enforce_retention_duration(false);
        let (delta, deleted) =
            vacuumed.await.map_err(|error| Error::at(&self.place(table), error))?;
        self.remember(table, &delta);
        Ok(Expired { files_removed, files_deleted: deleted.files_deleted.len() })
    }

    async fn days_to_compact(&self, table: Table, before: &str) -> Result<Vec<String>> {
        let Some(delta) = self.newest(table).await? else {
            return Ok(Vec::new());
        };
        let files = self.live(table, &delta)?;
        let days: BTreeSet<String> = files.iter().map(date_of).collect();
        let closed = days.into_iter().filter(|date| date.as_str() < before);
        Ok(closed.filter(|date| is_crowded(&files, date)).collect())
    }

    /// Rewrites one day upon one snapshot; nothing comes back if it is in order by now.
    async fn compact_day(&self, table: Table, date: &str) -> Result<Option<(usize, usize)>> {
        for _ in 0..TRIES_MAX {
            let Some(delta) = self.newest(table).await? else {
                return Ok(None);
            };
            let delta = self.evolved(table, delta).await?;
            let mut files = self.live(table, &delta)?;
            files.retain(|file| date_of(file) == date);
            if !is_crowded(&files, date) {
                return Ok(None);
            }
            let added = self.rewrite(table, &delta, date).await?;
            let files_after = added.len();
            match replace(&delta, &files, added).await {
                Ok(()) => return Ok(Some((files.len(), files_after))),
                Err(error) if is_lost(&error) => {}
                Err(error) => return Err(Error::at(&self.place(table), error)),
            }
        }
        Err(Error::Contended { table: table.name() })
    }

    /// Writes the rows of one day into new files, which no commit names yet. Rows flow through:
    /// a day may be larger than the memory.
    async fn rewrite(&self, table: Table, delta: &DeltaTable, date: &str) -> Result<Vec<Add>> {
        let failed = |error| Error::at(&self.place(table), error);
        let columns: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
        let of_day = vec![col(PARTITION).eq(day(date)?)];
        let rows = select(table, delta, (&columns, of_day)).await;
        let rows = rows.map_err(|source| self.query(table, source))?.execute_stream().await;
        let mut rows = rows.map_err(|source| self.query(table, source))?;
        let mut writer = new_writer(table, delta).map_err(failed)?;
        while let Some(batch) = rows.next().await {
            let batch = published(table, &batch.map_err(|source| self.query(table, source))?)?;
            writer.write(&batch).await.map_err(failed)?;
        }
        writer.close().await.map_err(failed)
    }

    async fn remove_days(&self, table: Table, before: &str) -> Result<usize> {
        let old = col(PARTITION).lt(day(before)?);
        for _ in 0..TRIES_MAX {
            let Some(delta) = self.newest(table).await? else {
                return Ok(0);
            };
            let properties =
                CommitProperties::default().with_application_transactions(vec![upkeep_at(&delta)]);
            let removed =
                delta.delete().with_predicate(old.clone()).with_commit_properties(properties).await;
            match removed {
                Ok((delta, metrics)) => {
                    self.remember(table, &delta);
                    return Ok(metrics.num_removed_files);
                }
                Err(error) if is_lost(&error) => {}
                Err(error) => return Err(Error::at(&self.place(table), error)),
            }
        }
        Err(Error::Contended { table: table.name() })
    }

    fn live(&self, table: Table, delta: &DeltaTable) -> Result<Vec<LogicalFileView>> {
        let state = delta.snapshot().map_err(|error| Error::at(&self.place(table), error))?;
        Ok(state.log_data().into_iter().collect())
    }
}

/// Puts new files in the place of old ones that hold the same rows, in one commit.
async fn replace(
    delta: &DeltaTable,
    old: &[LogicalFileView],
    mut new: Vec<Add>,
) -> Result<(), DeltaTableError> {
    new.iter_mut().for_each(|file| file.data_change = false);
    let mut actions: Vec<Action> = new.into_iter().map(Action::Add).collect();
    actions.extend(old.iter().map(|file| Action::Remove(file.remove_action(false))));
    let operation = DeltaOperation::Optimize {
        predicate: None,
        target_size: i64::try_from(FILE_BYTES_MAX).unwrap_or(i64::MAX),
    };
    let properties =
        CommitProperties::default().with_application_transactions(vec![upkeep_at(delta)]);
    CommitBuilder::from(properties)
        .with_actions(actions)
        .build(Some(delta.snapshot()?), delta.log_store(), operation)
        .await?;
    Ok(())
}

/// Whether a day has several files that are far from full. A rewrite leaves at most one.
fn is_crowded(files: &[LogicalFileView], date: &str) -> bool {
    let small = |file: &&LogicalFileView| {
        date_of(file) == date
            && u64::try_from(file.size()).is_ok_and(|bytes| bytes < FILE_BYTES_MAX / 2)
    };
    files.iter().filter(small).count() > 1
}

fn upkeep_at(delta: &DeltaTable) -> Transaction {
    Transaction::new(UPKEEP, version_of(delta))
}

fn date_of(file: &LogicalFileView) -> String {
    file.partition_values_map().remove(PARTITION).flatten().unwrap_or_default()
}
