//! The forms of a query's answer.

use crate::{lakes::warehouse, world};
use report::{Format, render_rows};

async fn check(query: &str, format: Format, expected: &str) {
    let warehouse = warehouse(&world::lake(), world::AS_OF, 1).await;
    let (schema, batches) = warehouse.ask(query).await.unwrap();
    let bytes = render_rows(&schema, &batches, format).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

const ROWS: &str = "SELECT 'a,b' AS name, CAST('0.1' AS DECIMAL(18, 9)) AS usd, \
                    CAST(NULL AS DOUBLE) AS loss";
const NONE: &str = "SELECT cell FROM cells WHERE cell = ''";

#[tokio::test]
async fn csv_quotes_and_keeps_its_header() {
    check(ROWS, Format::Csv, "name,usd,loss\n\"a,b\",0.100000000,\n").await;
    check(NONE, Format::Csv, "cell\n").await;
}

#[tokio::test]
async fn json_is_an_array_and_ndjson_is_lines() {
    check(NONE, Format::Json, "[]\n").await;
    check(NONE, Format::Ndjson, "").await;
    let line = "{\"name\":\"a,b\",\"usd\":0.100000000}";
    check(ROWS, Format::Json, &format!("[{line}]\n")).await;
    check(ROWS, Format::Ndjson, &format!("{line}\n")).await;
}

#[tokio::test]
async fn tables_are_drawn_even_without_rows() {
    check(NONE, Format::Table, "+------+\n| cell |\n+------+\n+------+\n").await;
}

#[tokio::test]
async fn parquet_is_a_file() {
    let warehouse = warehouse(&world::lake(), world::AS_OF, 1).await;
    let (schema, batches) = warehouse.ask("SELECT * FROM evidence").await.unwrap();
    let bytes = render_rows(&schema, &batches, Format::Parquet).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
}
