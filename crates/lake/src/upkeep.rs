//! Upkeep: small files into few, old days out, and what no version names off the storage.
//!
//! Two compactors that rewrite the same files would double their rows, because the table format's
//! implementation lets both commit: a rewrite counts as no change of data. So each piece of upkeep
//! commits under an application id of its own for every day that it touches, upon the snapshot that
//! it read, and of two the later is refused. Upkeep of days that are over carries the id without a
//! day as well, which is all that earlier releases carry, and they touch no other days. Appends carry
//! other ids and are never in the way.

use crate::{
    Error, Lake, Result, Table,
    commit::TRIES_MAX,
    crowd::{FILE_BYTES_MAX, Weight, crowd, remainder},
    error::is_lost,
    evolve::without_cleaning,
    read::{Among, day, published, select},
    store::{new_writer, version_of},
    table::PARTITION,
};
use deltalake_core::{
    DeltaTable, DeltaTableError,
    checkpoints::cleanup_metadata,
    datafusion::logical_expr::col,
    kernel::{Action, Add, LogicalFileView, Transaction, transaction::CommitBuilder},
    operations::vacuum::VacuumMode,
    protocol::DeltaOperation,
};
use futures::StreamExt;
use std::{collections::BTreeMap, time::Duration};

/// How the application id of every piece of upkeep begins; no source may be called so.
pub(crate) const UPKEEP: &str = "foreshadow-upkeep";
/// A file that no commit names may be one that its commit is still to name, for so long.
const UNNAMED_AGE_MAX: chrono::Duration = chrono::Duration::hours(24);
/// How often a day's files are merged in one call: whoever appends quickly holds up no other table.
const ROUNDS_MAX: usize = 4;

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

/// Which files of a day are to become one, with the first day that is not over.
#[derive(Clone, Copy, Debug)]
enum Rule<'a> {
    /// Of any day: so many of one size.
    Crowd(&'a str),
    /// Of days that are over: all that are far from full.
    Closed(&'a str),
}

impl Rule<'_> {
    fn choose(self, date: &str, files: &[LogicalFileView]) -> Vec<usize> {
        let weights: Vec<Weight> = files.iter().map(weight).collect();
        match self {
            Rule::Crowd(_) => crowd(&weights),
            Rule::Closed(open) if date < open => remainder(&weights),
            Rule::Closed(_) => Vec::new(),
        }
    }

    /// What a commit that touches the day carries.
    fn ids(self, delta: &DeltaTable, date: &str) -> Vec<Transaction> {
        let (Rule::Crowd(open) | Rule::Closed(open)) = self;
        let mut ids = vec![upkeep_of(delta, date)];
        ids.extend((date < open).then(|| upkeep(delta)));
        ids
    }
}

impl Lake {
    /// Merges files of which a day has many of one size, as [`crate::crowd`] says: to be called
    /// again and again beside whoever appends, with the day that it is now.
    ///
    /// # Errors
    /// The storage fails, or other upkeep of the same day came first again and again.
    pub async fn merge(&self, table: Table, today: &str) -> Result<Compacted> {
        day(today)?;
        self.thin(table, Rule::Crowd(today)).await
    }

    /// Rewrites the small files of each day before `before` as few.
    ///
    /// # Errors
    /// As [`Lake::merge`].
    pub async fn compact(&self, table: Table, before: &str) -> Result<Compacted> {
        day(before)?;
        self.thin(table, Rule::Closed(before)).await
    }

    /// Takes every day before `before` out of a table, and deletes the files that left it at
    /// least `grace` ago: so long can queries that began before still read them.
    ///
    /// # Errors
    /// The storage fails, or other upkeep of one of these days came first again and again.
    pub async fn expire(&self, table: Table, before: &str, grace: Duration) -> Result<Expired> {
        let files_removed = self.remove_days(table, before).await?;
        let grace = chrono::Duration::from_std(grace).unwrap_or(chrono::Duration::MAX);
        let told = self.vacuum(table, VacuumMode::Lite, grace).await?;
        // The log may no longer tell of copies that were merged away.
        let untold = self.vacuum(table, VacuumMode::Full, grace.max(UNNAMED_AGE_MAX)).await?;
        Ok(Expired { files_removed, files_deleted: told + untold })
    }

    /// Deletes what no version names that can be loaded: files that were merged away, or that were
    /// written by whoever died before the commit, and the log of what is longer ago than the log is
    /// kept. Tells how many files of rows are gone.
    ///
    /// # Errors
    /// The storage fails.
    pub async fn sweep(&self, table: Table) -> Result<usize> {
        if let Some(delta) = self.newest(table).await? {
            let cleaned = cleanup_metadata(&delta, None).await;
            cleaned.map_err(|error| Error::at(&self.place(table), error))?;
        }
        self.vacuum(table, VacuumMode::Full, UNNAMED_AGE_MAX).await
    }

    async fn vacuum(
        &self,
        table: Table,
        mode: VacuumMode,
        grace: chrono::Duration,
    ) -> Result<usize> {
        let Some(delta) = self.newest(table).await? else {
            return Ok(0);
        };
        let vacuumed = delta.vacuum().with_mode(mode).with_retention_period(grace);
        let (delta, deleted) = vacuumed
            .with_enforce_retention_duration(false)
            .await
            .map_err(|error| Error::at(&self.place(table), error))?;
        self.remember(table, &delta);
        Ok(deleted.files_deleted.len())
    }

    async fn thin(&self, table: Table, rule: Rule<'_>) -> Result<Compacted> {
        let mut compacted = Compacted::default();
        let Some(delta) = self.newest(table).await? else {
            return Ok(compacted);
        };
        for (date, files) in by_day(&self.live(table, &delta)?) {
            if rule.choose(&date, &files).is_empty() {
                continue;
            }
            let mut rounds = 0;
            while rounds < ROUNDS_MAX
                && let Some((before, after)) = self.thin_day(table, &date, rule).await?
            {
                compacted.files_before += before;
                compacted.files_after += after;
                rounds += 1;
            }
            compacted.days += usize::from(rounds > 0);
        }
        Ok(compacted)
    }

    /// Rewrites the files of one day that the rule chooses, upon one snapshot; nothing comes back if
    /// it chooses none.
    async fn thin_day(
        &self,
        table: Table,
        date: &str,
        rule: Rule<'_>,
    ) -> Result<Option<(usize, usize)>> {
        for _ in 0..TRIES_MAX {
            let read_at = self.now();
            let Some(delta) = self.newest(table).await? else {
                return Ok(None);
            };
            let delta = self.evolved(table, delta).await?;
            let files = by_day(&self.live(table, &delta)?).remove(date).unwrap_or_default();
            let places = rule.choose(date, &files);
            if places.is_empty() {
                return Ok(None);
            }
            let chosen: Vec<_> = places.into_iter().map(|place| files[place].clone()).collect();
            let added = self.rewrite(table, &delta, &chosen).await?;
            let files_after = added.len();
            if !self.is_recent(read_at) {
                continue;
            }
            match replace(&delta, rule.ids(&delta, date), (&chosen, added)).await {
                Ok(()) => return Ok(Some((chosen.len(), files_after))),
                Err(error) if is_lost(&error) || !self.is_recent(read_at) => {}
                Err(error) => return Err(Error::at(&self.place(table), error)),
            }
        }
        Err(Error::Contended { table: table.name() })
    }

    /// Writes the rows of some files into new ones, which no commit names yet. Rows flow through:
    /// they may be more than the memory holds.
    async fn rewrite(
        &self,
        table: Table,
        delta: &DeltaTable,
        files: &[LogicalFileView],
    ) -> Result<Vec<Add>> {
        let failed = |error| Error::at(&self.place(table), error);
        let columns: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
        let paths = files.iter().map(|file| file.path().into_owned()).collect();
        let rows = select(table, delta, Among::Files(paths), (&columns, Vec::new())).await;
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
            let days = by_day(&self.live(table, &delta)?);
            let days = days.keys().filter(|date| date.as_str() < before);
            let touched = days.map(|date| upkeep_of(&delta, date)).chain([upkeep(&delta)]);
            let properties = without_cleaning().with_application_transactions(touched.collect());
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

/// Puts new files in the place of old ones of one day that hold the same rows, in one commit.
async fn replace(
    delta: &DeltaTable,
    ids: Vec<Transaction>,
    (old, mut new): (&[LogicalFileView], Vec<Add>),
) -> Result<(), DeltaTableError> {
    new.iter_mut().for_each(|file| file.data_change = false);
    let mut actions: Vec<Action> = new.into_iter().map(Action::Add).collect();
    actions.extend(old.iter().map(|file| Action::Remove(file.remove_action(false))));
    let operation = DeltaOperation::Optimize {
        predicate: None,
        target_size: i64::try_from(FILE_BYTES_MAX).unwrap_or(i64::MAX),
    };
    let properties = without_cleaning().with_application_transactions(ids);
    CommitBuilder::from(properties)
        .with_actions(actions)
        .build(Some(delta.snapshot()?), delta.log_store(), operation)
        .await?;
    Ok(())
}

fn by_day(files: &[LogicalFileView]) -> BTreeMap<String, Vec<LogicalFileView>> {
    let mut days = BTreeMap::<_, Vec<_>>::new();
    for file in files {
        days.entry(date_of(file)).or_default().push(file.clone());
    }
    days
}

fn weight(file: &LogicalFileView) -> Weight {
    Weight {
        rows: file.num_records().and_then(|rows| u64::try_from(rows).ok()).unwrap_or_default(),
        bytes: u64::try_from(file.size()).unwrap_or_default(),
    }
}

fn upkeep(delta: &DeltaTable) -> Transaction {
    Transaction::new(UPKEEP, version_of(delta))
}

fn upkeep_of(delta: &DeltaTable, date: &str) -> Transaction {
    Transaction::new(format!("{UPKEEP}/{date}"), version_of(delta))
}

fn date_of(file: &LogicalFileView) -> String {
    file.partition_values_map().remove(PARTITION).flatten().unwrap_or_default()
}
