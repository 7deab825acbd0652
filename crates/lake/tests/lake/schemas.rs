//! The published schemas are those of the code, and every table keeps what it is given.

use crate::support::{bare_row, full_row, new_lake};
use lake::{Column, Error, Kind, Table, batch_to_rows, rows_to_batch};
use serde_json::{Value, json};
use std::path::PathBuf;

#[test]
fn published_schemas_agree_with_the_code() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schemas/lake");
    for table in Table::ALL {
        let path = folder.join(format!("{}.json", table.name()));
        let expected = published(table);
        // `UPDATE_SCHEMAS=1 cargo test --workspace --test lake published` writes them anew.
        if option_env!("UPDATE_SCHEMAS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &expected).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, expected, "{} is out of date", path.display());
    }
}

fn published(table: Table) -> String {
    let schema = json!({
        "table": table.name(),
        "doc": table.doc(),
        "partitioned_by": ["date"],
        "columns": table.columns().iter().map(column).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

fn column(column: &Column) -> Value {
    let mut described = json!({
        "name": column.name,
        "type": column.kind.sql(),
        "nullable": column.nullable,
        "doc": column.doc,
    });
    if let Kind::List(columns) = column.kind {
        described["columns"] = columns.iter().map(self::column).collect();
    }
    described
}

#[test]
fn every_table_has_the_partition_column_and_a_doc_for_each_column() {
    for table in Table::ALL {
        assert_eq!(table.columns()[0].name, "date");
        assert_eq!(Table::from_name(table.name()), Some(table));
        for column in table.columns() {
            assert!(column.doc.ends_with('.'), "{}.{}", table.name(), column.name);
        }
    }
}

#[tokio::test]
async fn every_table_gives_back_what_it_was_given() {
    let (_folder, lake) = new_lake();
    for table in Table::ALL {
        let rows = [full_row(table.columns()), bare_row(table.columns())];
        let batch = rows_to_batch(table, &rows).unwrap();
        lake.append(table, batch.clone(), None).await.unwrap();
        let names: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
        let read = lake.scan(table, &names, &[]).await.unwrap();
        assert_eq!(read, [batch], "{}", table.name());
        assert_eq!(batch_to_rows::<Value>(table, &read).unwrap(), rows, "{}", table.name());
    }
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    check_refused(|row| row["no_such_column"] = json!(1));
    check_refused(|row| row["offered"] = json!("many"));
    check_refused(|row| row["offered"] = Value::Null);
    check_refused(|row| row["date"] = json!("yesterday"));
    check_refused(|row| {
        row.as_object_mut().unwrap().remove("proxy_instance");
    });
}

#[track_caller]
fn check_refused(spoil: impl Fn(&mut Value)) {
    let mut row = full_row(Table::Meters.columns());
    assert!(rows_to_batch(Table::Meters, &[&row]).is_ok());
    spoil(&mut row);
    let refused = rows_to_batch(Table::Meters, &[&row]);
    assert!(matches!(refused, Err(Error::Rows { table: "meters", .. })), "{refused:?}");
}

#[test]
fn money_is_exact_or_refused() {
    let row = |cost: &str| {
        let mut row = full_row(Table::Calls.columns());
        row["cost_usd"] = json!(cost);
        row
    };
    let batch = rows_to_batch(Table::Calls, &[row("0.000000001"), row("-1")]).unwrap();
    let read: Vec<Value> = batch_to_rows(Table::Calls, &[batch]).unwrap();
    assert_eq!(read[0]["cost_usd"], "0.000000001");
    assert_eq!(read[1]["cost_usd"], "-1.000000000");
    assert!(rows_to_batch(Table::Calls, &[row("1e10")]).is_err());
}

/// `schemas/fixtures/lake.v1` is a lake as the first release wrote it: a full and a bare row in
/// every table, before any column was added.
#[tokio::test]
async fn a_lake_of_an_earlier_release_is_read_and_written() {
    let fixture = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schemas/fixtures/lake.v1");
    let (folder, lake) = new_lake();
    copy(&fixture, folder.path());
    for table in Table::ALL {
        let names: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
        let read = lake.scan(table, &names, &[]).await.unwrap();
        let old: Vec<Value> = batch_to_rows(table, &read).unwrap();
        assert_eq!(old.len(), 2, "{}", table.name());
        let provider = lake.provider(table, Some(1)).await.unwrap();
        for column in table.columns() {
            assert!(provider.schema().column_with_name(column.name).is_some(), "{}", column.name);
        }
        let row = full_row(table.columns());
        lake.append(table, rows_to_batch(table, &[&row]).unwrap(), None).await.unwrap();
        let read = lake.scan(table, &names, &[]).await.unwrap();
        let mut rows: Vec<Value> = batch_to_rows(table, &read).unwrap();
        assert_eq!(rows.len(), 3, "{}", table.name());
        rows.retain(|row| !old.contains(row));
        assert!(rows.iter().all(|found| *found == row), "{}", table.name());
        // It is kept as tables are kept now.
        let log = folder.path().join(table.name()).join("_delta_log");
        let logs = std::fs::read_dir(log).unwrap().map(|entry| entry.unwrap().path());
        let said: String = logs.filter_map(|path| std::fs::read_to_string(path).ok()).collect();
        assert!(said.contains("\"delta.logRetentionDuration\":\"interval 1 hours\""), "{said}");
        // Old and new files are merged into one, whatever columns they have.
        lake.compact(table, "2027-01-01").await.unwrap();
        let read = lake.scan(table, &names, &[]).await.unwrap();
        assert_eq!(batch_to_rows::<Value>(table, &read).unwrap().len(), 3, "{}", table.name());
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copied = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir_all(&copied).unwrap();
            copy(&path, &copied);
        } else {
            std::fs::copy(&path, &copied).unwrap();
        }
    }
}
