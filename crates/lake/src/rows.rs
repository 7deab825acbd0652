//! Rows as structs on one side, as Arrow on the other, by the table's schema.

use crate::{Error, Result, Table};
use arrow::{
    array::{Array, ArrayRef, RecordBatch},
    compute::cast,
    datatypes::{DataType, Field, FieldRef, Schema, SchemaRef},
    error::ArrowError,
    json::{ArrayWriter, ReaderBuilder},
};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// Turns rows into a batch of a table. Fields are columns by name; a field that is no column is a
/// mistake, a column without a field is null. Times are whole microseconds, days are
/// `2026-01-31`, money is a decimal in quotes.
///
/// # Errors
/// A row does not fit the table's schema.
pub fn rows_to_batch<Row: Serialize>(table: Table, rows: &[Row]) -> Result<RecordBatch> {
    decode(table.schema(), rows).map_err(|source| Error::Rows { table: table.name(), source })
}

/// Turns batches of a table, or of some of its columns, back into rows, in the same form.
///
/// # Errors
/// The row type wants what the batches do not hold.
pub fn batch_to_rows<Row: DeserializeOwned>(
    table: Table,
    batches: &[RecordBatch],
) -> Result<Vec<Row>> {
    encode(batches).map_err(|source| Error::Rows { table: table.name(), source })
}

fn decode<Row: Serialize>(schema: SchemaRef, rows: &[Row]) -> Result<RecordBatch, ArrowError> {
    let mut decoder = ReaderBuilder::new(Arc::clone(&schema))
        .with_strict_mode(true)
        .with_batch_size(rows.len().max(1))
        .build_decoder()?;
    decoder.serialize(rows)?;
    Ok(decoder.flush()?.unwrap_or_else(|| RecordBatch::new_empty(schema)))
}

fn encode<Row: DeserializeOwned>(batches: &[RecordBatch]) -> Result<Vec<Row>, ArrowError> {
    let mut writer = ArrayWriter::new(Vec::new());
    for batch in batches {
        writer.write(&as_written(batch)?)?;
    }
    writer.finish()?;
    let json = writer.into_inner();
    if json.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_slice(&json).map_err(|error| ArrowError::JsonError(error.to_string()))
}

/// The batch in the types that rows are written in: what Arrow would spell in a form of its own,
/// or round, becomes a number or a text first.
fn as_written(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let written = |column: &ArrayRef| cast(column, &written_type(column.data_type()));
    let columns = batch.columns().iter().map(written).collect::<Result<Vec<ArrayRef>, _>>()?;
    let schema = batch.schema();
    let fields = schema.fields().iter().map(|field| written_field(field));
    RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns)
}

fn written_type(kind: &DataType) -> DataType {
    match kind {
        DataType::Timestamp(_, _) => DataType::Int64,
        DataType::Decimal128(_, _) => DataType::Utf8,
        DataType::List(element) => DataType::List(written_field(element)),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| written_field(field)).collect())
        }
        other => other.clone(),
    }
}

fn written_field(field: &Field) -> FieldRef {
    Arc::new(Field::new(field.name(), written_type(field.data_type()), field.is_nullable()))
}
