//! Where the tables are, how one is opened or made, and which versions they have.

use crate::{
    Error, Result, Table,
    durable::{Durable, create_folders},
    error::is_lost,
    table::PARTITION,
};
use deltalake_core::{
    DeltaTable, DeltaTableBuilder, DeltaTableError,
    datafile::writer::{DeltaWriter, WriterConfig},
    kernel::{StructType, engine::arrow_conversion::TryIntoKernel},
    operations::get_num_idx_cols_and_stats_columns,
    protocol::SaveMode,
    table::builder::parse_table_uri,
};
use parquet::{
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};
use std::{
    collections::{BTreeMap, HashMap},
    num::NonZeroU64,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// After so many commits a table's log is summed up, so that opening it stays cheap.
const CHECKPOINT_COMMITS: &str = "20";
/// A file that has grown so large is closed and the next one begun.
pub(crate) const FILE_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// How often making a table may lose against somebody else who makes it.
const CREATE_TRIES_MAX: u32 = 4;

/// A folder of tables, on a local disk or an object store.
///
/// To open it touches nothing; a table appears with its first row. Every read sees the newest
/// version at the time of the call, unless it names one.
#[derive(Clone, Debug)]
pub struct Lake {
    root: Arc<str>,
    opened: Arc<Mutex<HashMap<Table, DeltaTable>>>,
}

impl Lake {
    /// The lake below a local folder or an address such as `s3://bucket/lake`.
    #[must_use]
    pub fn open(root: &str) -> Self {
        let root = root.strip_prefix("file://").unwrap_or(root).trim_end_matches('/');
        Self { root: root.into(), opened: Arc::default() }
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
        format!("{}/{}", self.root, table.name())
    }

    /// The newest version of a table, or nothing where there is no table yet.
    pub(crate) async fn newest(&self, table: Table) -> Result<Option<DeltaTable>> {
        let mut delta = match self.remembered(table) {
            Some(delta) => delta,
            None => match self.handle(table)? {
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
                Err(error) if is_lost(&error) => {}
                Err(error) => return Err(Error::at(&self.place(table), error)),
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
        let place = self.place(table);
        if is_local(&place) {
            create_folders(Path::new(&place))?;
        }
        let schema: StructType = table.schema().as_ref().try_into_kernel()?;
        let configuration = [
            ("delta.checkpointInterval", Some(CHECKPOINT_COMMITS.to_owned())),
            ("delta.dataSkippingStatsColumns", Some(table.indexed().join(","))),
        ];
        builder(&place)?
            .build()?
            .create()
            .with_table_name(table.name())
            .with_comment(table.doc())
            .with_columns(schema.fields().cloned())
            .with_partition_columns([PARTITION])
            .with_configuration(configuration)
            .with_save_mode(SaveMode::ErrorIfExists)
            .await
    }

    /// A table's address made ready to load, or nothing where a local folder does not exist.
    fn handle(&self, table: Table) -> Result<Option<DeltaTable>> {
        let place = self.place(table);
        if is_local(&place) && !Path::new(&place).join("_delta_log").is_dir() {
            return Ok(None);
        }
        let built = builder(&place).and_then(DeltaTableBuilder::build);
        built.map(Some).map_err(|error| Error::at(&place, error))
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

/// A table that is about to be opened or made, on storage that keeps what it was given.
fn builder(place: &str) -> Result<DeltaTableBuilder, DeltaTableError> {
    let url = parse_table_uri(place)?;
    let builder = DeltaTableBuilder::from_url(url.clone())?;
    Ok(match is_local(place) {
        true => builder.with_storage_backend(Arc::new(Durable::default()), url),
        false => builder,
    })
}

fn is_local(place: &str) -> bool {
    !place.contains("://")
}
