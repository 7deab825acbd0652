//! Reading: tables for a query engine, small scans for our own use, and the live files.

use crate::{Error, Lake, Result, Table, evolve::missing, table::OFFSET, table::PARTITION};
use arrow::{
    array::{ArrayRef, RecordBatch},
    compute::{cast, kernels::cast_utils::Parser},
    datatypes::{DataType, Date32Type, FieldRef, Schema},
    error::ArrowError,
};
use deltalake_core::{
    DeltaTable,
    datafusion::{
        catalog::TableProvider,
        common::ScalarValue,
        datasource::MemTable,
        error::DataFusionError,
        logical_expr::{Expr, col, lit},
        prelude::{DataFrame, SessionConfig, SessionContext},
    },
};
use std::sync::Arc;

/// Rows of one batch where files are merged.
const MERGED_ROWS: usize = 256;

/// What narrows a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Rows of one day, written `2026-01-31`.
    On(String),
    /// Rows of that day and later.
    Since(String),
    /// Rows from that journal offset on.
    FromOffset(u64),
    /// Rows with that text in that column.
    Is(&'static str, String),
    /// Rows in which that column is known.
    Known(&'static str),
}

/// One live Parquet file of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// Path or address, for any tool that reads Parquet.
    pub path: String,
    /// How many rows it holds, where the log says so.
    pub rows: Option<u64>,
    /// Its size.
    pub bytes: u64,
}

impl Lake {
    /// A table for a query engine: the newest version now, or the version named. It keeps showing
    /// that version. A table that does not exist yet is empty.
    ///
    /// # Errors
    /// The storage cannot be read, or there is no such version.
    pub async fn provider(
        &self,
        table: Table,
        version: Option<i64>,
    ) -> Result<Arc<dyn TableProvider>> {
        let delta = match version {
            Some(version) => Some(self.at_version(table, version).await?),
            None => self.newest(table).await?,
        };
        match delta {
            Some(delta) => provider_of(table, &delta, Among::All)
                .await
                .map_err(|source| self.query(table, source)),
            None => {
                let empty = MemTable::try_new(Arc::new(engine_schema(table)), vec![Vec::new()]);
                Ok(Arc::new(empty.map_err(|source| self.query(table, source))?))
            }
        }
    }

    /// Reads some columns of the rows that pass every filter; meant for small answers.
    ///
    /// # Errors
    /// The storage cannot be read, or there is no such column.
    pub async fn scan(
        &self,
        table: Table,
        columns: &[&str],
        filters: &[Filter],
    ) -> Result<Vec<RecordBatch>> {
        let Some(delta) = self.newest(table).await? else {
            return Ok(Vec::new());
        };
        let condition = filters.iter().map(Filter::condition).collect::<Result<Vec<Expr>>>()?;
        let batches = scan(table, &delta, (columns, condition)).await;
        let batches = batches.map_err(|source| self.query(table, source))?;
        batches.iter().map(|batch| published(table, batch)).collect()
    }

    /// The files that a table consists of now.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn files(&self, table: Table) -> Result<Vec<File>> {
        let Some(delta) = self.newest(table).await? else {
            return Ok(Vec::new());
        };
        let state = delta.snapshot().map_err(|error| Error::at(&self.place(table), error))?;
        let log = delta.log_store();
        let file = |file: deltalake_core::kernel::LogicalFileView| File {
            path: log.to_uri(&file.object_store_path()),
            rows: file.num_records().and_then(|rows| u64::try_from(rows).ok()),
            bytes: u64::try_from(file.size()).unwrap_or_default(),
        };
        let mut files: Vec<File> = state.log_data().into_iter().map(file).collect();
        files.sort_unstable();
        Ok(files)
    }

    pub(crate) fn query(&self, table: Table, source: DataFusionError) -> Error {
        Error::queried(table.name(), &self.place(table), source)
    }
}

/// Which files of a version are read.
#[derive(Clone, Debug)]
pub(crate) enum Among {
    /// All.
    All,
    /// Those at these paths.
    Files(Vec<String>),
}

impl Filter {
    fn condition(&self) -> Result<Expr> {
        Ok(match self {
            Filter::On(date) => col(PARTITION).eq(day(date)?),
            Filter::Since(date) => col(PARTITION).gt_eq(day(date)?),
            Filter::FromOffset(offset) => {
                col(OFFSET).gt_eq(lit(i64::try_from(*offset).unwrap_or(i64::MAX)))
            }
            Filter::Is(column, text) => col(*column).eq(lit(text.clone())),
            Filter::Known(column) => col(*column).is_not_null(),
        })
    }
}

/// A day as a value that the partition column compares with.
pub(crate) fn day(date: &str) -> Result<Expr> {
    let whole = Some(date).filter(|date| date.len() == "2026-01-31".len());
    let days = whole.and_then(Date32Type::parse).ok_or_else(|| Error::Day(date.to_owned()))?;
    Ok(lit(ScalarValue::Date32(Some(days))))
}

/// One version with all the columns that the table has by now: those that it lacks are null.
async fn provider_of(
    table: Table,
    delta: &DeltaTable,
    among: Among,
) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    let provider = delta.table_provider();
    let provider = match among {
        Among::All => provider.await?,
        Among::Files(paths) => provider.with_file_paths(paths).await?,
    };
    let held = provider.schema();
    let later = missing(table, |name| held.column_with_name(name).is_some());
    if later.is_empty() {
        return Ok(provider);
    }
    let session = SessionContext::new();
    delta.update_datafusion_session(&session.state())?;
    let rows = session.read_table(provider)?;
    let null = |field: FieldRef| {
        let value = ScalarValue::try_from(&engine_type(field.data_type()))?;
        Ok::<Expr, DataFusionError>(lit(value).alias(field.name()))
    };
    let mut columns: Vec<Expr> = held.fields().iter().map(|field| col(field.name())).collect();
    for field in later {
        columns.push(null(field)?);
    }
    Ok(rows.select(columns)?.into_view())
}

/// The rows of one version that meet every condition.
async fn scan(
    table: Table,
    delta: &DeltaTable,
    (columns, conditions): (&[&str], Vec<Expr>),
) -> Result<Vec<RecordBatch>, DataFusionError> {
    select(table, delta, Among::All, (columns, conditions)).await?.collect().await
}

/// Those rows as a query that has not run yet.
pub(crate) async fn select(
    table: Table,
    delta: &DeltaTable,
    among: Among,
    (columns, conditions): (&[&str], Vec<Expr>),
) -> Result<DataFrame, DataFusionError> {
    let session = match among {
        Among::All => SessionContext::new(),
        // Rows may be megabytes: one file after another, few rows at a time.
        Among::Files(_) => SessionContext::new_with_config(
            SessionConfig::new().with_target_partitions(1).with_batch_size(MERGED_ROWS),
        ),
    };
    delta.update_datafusion_session(&session.state())?;
    let mut frame = session.read_table(provider_of(table, delta, among).await?)?;
    for condition in conditions {
        frame = frame.filter(condition)?;
    }
    frame.select_columns(columns)
}

/// The batch in the published types, whatever the engine read them as.
pub(crate) fn published(table: Table, batch: &RecordBatch) -> Result<RecordBatch> {
    cast_to(table, batch).map_err(|source| Error::Rows { table: table.name(), source })
}

fn cast_to(table: Table, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = table.schema();
    let mut fields = Vec::with_capacity(batch.num_columns());
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let field = schema.field_with_name(field.name())?.clone();
        columns.push(cast(column, field.data_type())?);
        fields.push(field);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// The schema as the engine reads text from files, so that a table shows the same types before
/// its first row as after it.
fn engine_schema(table: Table) -> Schema {
    Schema::new(table.schema().fields().iter().map(engine_field).collect::<Vec<FieldRef>>())
}

fn engine_field(field: &FieldRef) -> FieldRef {
    Arc::new(field.as_ref().clone().with_data_type(engine_type(field.data_type())))
}

fn engine_type(kind: &DataType) -> DataType {
    match kind {
        DataType::Utf8 => DataType::Utf8View,
        DataType::List(element) => DataType::List(engine_field(element)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(engine_field).collect()),
        other => other.clone(),
    }
}
