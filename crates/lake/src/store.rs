//! Where the tables are, how one is opened or made, and which versions they have.

use crate::{Error, Place, Result, Table, crowd::FILE_BYTES_MAX, table::PARTITION};
use deltalake_core::{
    DeltaTable, DeltaTableError,
    datafile::writer::{DeltaWriter, WriterConfig},
    kernel::{StructType, engine::arrow_conversion::TryIntoKernel},
    operations::get_num_idx_cols_and_stats_columns,
    protocol::SaveMode,
};
use exchange::{Clock, HOUR_US, Timestamp};
use parquet::{
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    num::NonZeroU64,
    sync::{Arc, Mutex, PoisonError},
};

/// How a table is kept. After so many commits its log is summed up, so that opening it stays cheap.
/// A table that is written every second has 86,400 commits a day and as many files that were merged
/// away, and every commit reads what the log still tells of: so the log tells of the last hour, which
/// is as long as an older version can be loaded and a query may take that began before a merge.
pub(crate) const KEPT: [(&str, &str); 3] = [
    ("delta.checkpointInterval", "20"),
    ("delta.logRetentionDuration", "interval 1 hours"),
    ("delta.deletedFileRetentionDuration", "interval 1 hours"),
];
/// From what was read to the commit upon it: half of what the log tells of.
const COMMIT_US_MAX: i64 = HOUR_US / 2;
/// How often making a table may lose against somebody else who makes it.
const CREATE_TRIES_MAX: u32 = 4;

/// The tables of one place.
///
/// To open it touches nothing; a table appears with its first row. Every read sees the newest
/// version at the time of the call, unless it names one.
#[derive(Clone)]
pub struct Lake {
    place: Place,
    clock: Arc<dyn Clock>,
    opened: Arc<Mutex<HashMap<Table, DeltaTable>>>,
}

impl fmt::Debug for Lake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Lake").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Lake {
    /// The tables that lie in a place. The clock tells who has stood still for too long to commit.
    #[must_use]
    pub fn open(place: Place, clock: Arc<dyn Clock>) -> Self {
        Self { place, clock, opened: Arc::default() }
    }

    /// What time it is, before something is read that a commit will rest on.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether one may still commit upon what was read then. Behind whoever stands still for long the log
    /// is cleaned up, so that a version that others took is free again and nobody looks for it there, and
    /// files that no commit names yet are swept. Such a commit counts as lost, and what is there now says
    /// what is to be done.
    pub(crate) fn is_recent(&self, read_at: Timestamp) -> bool {
        self.now() < read_at.plus(COMMIT_US_MAX)
    }

    /// Whether nothing was ever recorded.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn is_empty(&self) -> Result<bool> {
        self.place.is_empty().await
    }

    /// The version of every table that exists.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn versions(&self) -> Result<BTreeMap<Table, i64>> {
        let mut versions = BTreeMap::new();
        for table in Table::ALL {
            if let Some(delta) = self.newest(table).await? {
                versions.insert(table, version_of(&delta));
            }
        }
        Ok(versions)
    }

    /// The address of a table.
    #[must_use]
    pub fn place(&self, table: Table) -> String {
        self.place.below(table.name()).to_string()
    }

    /// The newest version of a table, or nothing where there is no table yet.
    pub(crate) async fn newest(&self, table: Table) -> Result<Option<DeltaTable>> {
        let mut delta = match self.remembered(table) {
            Some(delta) => delta,
            None => match self.found(table).await? {
                Some(delta) => delta,
                None => return Ok(None),
            },
        };
        match delta.update_state().await {
            Ok(()) => {}
            Err(DeltaTableError::NotATable(_)) => return Ok(None),
            Err(error) => return Err(Error::at(&self.place(table), error)),
        }
        self.remember(table, &delta);
        Ok(Some(delta))
    }

    /// A table at a version of its past.
    pub(crate) async fn at_version(&self, table: Table, version: i64) -> Result<DeltaTable> {
        let gone = || Error::NoVersion { table: table.name(), version };
        let mut delta = self.newest(table).await?.ok_or_else(gone)?;
        let wanted = u64::try_from(version).map_err(|_| gone())?;
        if version > version_of(&delta) {
            return Err(gone());
        }
        delta.load_version(wanted).await.map_err(|_| gone())?;
        Ok(delta)
    }

    /// The newest version of a table, which is made if there is none.
    pub(crate) async fn ensure(&self, table: Table) -> Result<DeltaTable> {
        for _ in 0..CREATE_TRIES_MAX {
            if let Some(delta) = self.newest(table).await? {
                return self.evolved(table, delta).await;
            }
            match self.create(table).await {
                Ok(delta) => {
                    self.remember(table, &delta);
                    return Ok(delta);
                }
                // Whether somebody else was first shows in what is there now.
                Err(error) => {
                    if self.found(table).await?.is_none() {
                        return Err(Error::at(&self.place(table), error));
                    }
                }
            }
        }
        Err(Error::Contended { table: table.name() })
    }

    /// Keeps a table's state, so that the next use reads only what was committed since.
    pub(crate) fn remember(&self, table: Table, delta: &DeltaTable) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.insert(table, delta.clone());
    }

    fn remembered(&self, table: Table) -> Option<DeltaTable> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).get(&table).cloned()
    }

    async fn create(&self, table: Table) -> Result<DeltaTable, DeltaTableError> {
        let place = self.place.below(table.name());
        place.make()?;
        let schema: StructType = table.schema().as_ref().try_into_kernel()?;
        let indexed = table.indexed().join(",");
        let configuration = KEPT.into_iter().chain([("delta.dataSkippingStatsColumns", &*indexed)]);
        place
            .table()?
            .create()
            .with_table_name(table.name())
            .with_comment(table.doc())
            .with_columns(schema.fields().cloned())
            .with_partition_columns([PARTITION])
            .with_configuration(configuration.map(|(name, value)| (name, Some(value.to_owned()))))
            .with_save_mode(SaveMode::ErrorIfExists)
            .await
    }

    /// A table that was not looked at yet, if there is one.
    async fn found(&self, table: Table) -> Result<Option<DeltaTable>> {
        let place = self.place.below(table.name());
        if place.below("_delta_log").is_empty().await? {
            return Ok(None);
        }
        place.table().map(Some).map_err(|error| Error::at(&place.to_string(), error))
    }
}

/// The version that a loaded table shows.
pub(crate) fn version_of(delta: &DeltaTable) -> i64 {
    delta.version().and_then(|version| i64::try_from(version).ok()).unwrap_or_default()
}

/// A writer of the files of a table, as every one of them is written.
pub(crate) fn new_writer(table: Table, delta: &DeltaTable) -> Result<DeltaWriter, DeltaTableError> {
    let properties = delta.snapshot()?.table_config();
    let (indexed, stats) = get_num_idx_cols_and_stats_columns(Some(properties), HashMap::new());
    let compression = Compression::ZSTD(ZstdLevel::default());
    let config = WriterConfig::new(
        table.schema(),
        vec![PARTITION.to_owned()],
        Some(WriterProperties::builder().set_compression(compression).build()),
        NonZeroU64::new(FILE_BYTES_MAX),
        None,
        indexed,
        stats,
    );
    Ok(DeltaWriter::new(delta.object_store(), config))
}
