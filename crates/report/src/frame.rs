//! The answers of a query in the formats that people and programs read.

use crate::Error;
use arrow::{
    csv,
    datatypes::SchemaRef,
    json::{ArrayWriter, LineDelimitedWriter},
    record_batch::RecordBatch,
    util::pretty::pretty_format_batches_with_schema,
};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines and columns for a terminal.
    Table,
    /// Comma-separated, with a header.
    Csv,
    /// One array of objects.
    Json,
    /// An object a line.
    Ndjson,
    /// A Parquet file.
    Parquet,
}

/// The answer in one of the formats. NULL is an absent member in JSON and an empty field in CSV.
///
/// # Errors
/// [`Error::Query`] where the format cannot hold a type of the answer.
pub fn render_rows(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    format: Format,
) -> Result<Vec<u8>, Error> {
    match format {
        Format::Table => {
            let table = pretty_format_batches_with_schema(SchemaRef::clone(schema), batches)?;
            Ok(format!("{table}\n").into_bytes())
        }
        Format::Csv => csv_bytes(schema, batches),
        Format::Json => {
            let mut writer = ArrayWriter::new(Vec::new());
            writer.write_batches(&batches.iter().collect::<Vec<_>>())?;
            writer.finish()?;
            let mut bytes = writer.into_inner();
            bytes.push(b'\n');
            Ok(bytes)
        }
        Format::Ndjson => {
            let mut writer = LineDelimitedWriter::new(Vec::new());
            writer.write_batches(&batches.iter().collect::<Vec<_>>())?;
            writer.finish()?;
            Ok(writer.into_inner())
        }
        Format::Parquet => parquet_bytes(schema, batches),
    }
}

/// The header is there even where no row is.
fn csv_bytes(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, Error> {
    let mut writer = csv::WriterBuilder::new().with_header(true).build(Vec::new());
    writer.write(&RecordBatch::new_empty(SchemaRef::clone(schema)))?;
    for batch in batches {
        writer.write(batch)?;
    }
    Ok(writer.into_inner())
}

fn parquet_bytes(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, Error> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, SchemaRef::clone(schema), Some(properties))?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.close()?;
    Ok(bytes)
}
