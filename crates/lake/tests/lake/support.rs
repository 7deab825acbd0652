//! A lake in a temporary folder, and rows that need no thought.

use arrow::array::RecordBatch;
use lake::{Column, Filter, Kind, Lake, Receipt, Table, batch_to_rows, rows_to_batch};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

pub(crate) const DAY: &str = "2026-01-02";
pub(crate) const SOURCE: &str = "journal/0";

pub(crate) fn new_lake() -> (TempDir, Lake) {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path().to_str().unwrap());
    (folder, lake)
}

/// A row with a value in every column.
pub(crate) fn full_row(columns: &[Column]) -> Value {
    row(columns, |_| true)
}

/// A row with values only where a table demands them.
pub(crate) fn bare_row(columns: &[Column]) -> Value {
    row(columns, |column| !column.nullable)
}

fn row(columns: &[Column], known: impl Fn(&Column) -> bool) -> Value {
    let columns = columns.iter().filter(|column| known(column));
    columns.map(|column| (column.name.to_owned(), value(column))).collect::<Map<_, _>>().into()
}

fn value(column: &Column) -> Value {
    match column.kind {
        Kind::Text => json!(format!("{} – “quoted”\n", column.name)),
        Kind::Long => json!(9_007_199_254_740_993_i64),
        Kind::Double => json!(0.1),
        Kind::Bool => json!(true),
        Kind::Time => json!(1_767_312_000_123_456_i64),
        Kind::Date => json!(DAY),
        Kind::Money => json!("123456789.123456789"),
        Kind::List(columns) => json!([full_row(columns), bare_row(columns)]),
    }
}

/// Rows of a table on one day, with these journal offsets.
pub(crate) fn batch_on(
    table: Table,
    date: &str,
    offsets: impl IntoIterator<Item = u64>,
) -> RecordBatch {
    let row = |offset: u64| {
        let mut row = bare_row(table.columns());
        row["date"] = json!(date);
        row["journal_offset"] = json!(offset);
        row
    };
    rows_to_batch(table, &offsets.into_iter().map(row).collect::<Vec<_>>()).unwrap()
}

pub(crate) fn batch(table: Table, offsets: impl IntoIterator<Item = u64>) -> RecordBatch {
    batch_on(table, DAY, offsets)
}

pub(crate) fn receipt(from: u64, through: u64) -> Receipt {
    Receipt { source: SOURCE.to_owned(), from, through }
}

/// The journal offsets in a table, in order.
pub(crate) async fn offsets(lake: &Lake, table: Table, filters: &[Filter]) -> Vec<u64> {
    let batches = lake.scan(table, &["journal_offset"], filters).await.unwrap();
    let rows: Vec<Value> = batch_to_rows(table, &batches).unwrap();
    let mut offsets: Vec<u64> =
        rows.iter().map(|row| row["journal_offset"].as_u64().unwrap()).collect();
    offsets.sort_unstable();
    offsets
}
