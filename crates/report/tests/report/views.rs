//! What a person can ask, and what nobody can do.

use crate::{lakes::warehouse, world};
use arrow::{array::AsArray, datatypes::Int64Type};
use report::{Warehouse, views_sql};
use std::collections::BTreeMap;

async fn count(warehouse: &Warehouse, query: &str) -> i64 {
    let (_, batches) =
        warehouse.ask(query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

#[tokio::test]
async fn views_agree_with_one_another() {
    let warehouse = warehouse(&world::lake(), world::AS_OF, 3).await;
    let pairs = [
        ("SELECT count(*) FROM verdicts", 643),
        ("SELECT count(*) FROM scores WHERE scorer = 'expected'", 643),
        ("SELECT count(*) FROM units", 643),
        ("SELECT CAST(sum(units) AS BIGINT) FROM evidence", 643),
        ("SELECT CAST(sum(units) AS BIGINT) FROM quality_by_day", 643),
        ("SELECT CAST(sum(exchanges) AS BIGINT) FROM coverage WHERE outcome = 'shadowed'", 643),
        ("SELECT CAST(sum(pairs) AS BIGINT) FROM savings", 643),
        ("SELECT CAST(sum(calls) AS BIGINT) FROM spend WHERE purpose = 'reference'", 643),
        (
            "SELECT count(*) FROM savings WHERE saving_share_lower > 0.8 AND saving_share_upper < 1",
            3,
        ),
    ];
    for (query, expected) in pairs {
        assert_eq!(count(&warehouse, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn evidence_and_units_can_be_asked_as_of_a_moment() {
    let warehouse = warehouse(&world::lake(), world::AS_OF, 3).await;
    let now = "SELECT CAST(sum(units) AS BIGINT) FROM evidence_at('2026-01-16T00:00:00Z')";
    assert_eq!(count(&warehouse, now).await, 643);
    let third = "SELECT count(*) FROM units_at('2026-01-03T00:00:00Z') WHERE category = 'support'";
    let told = "SELECT CAST(sum(units) AS BIGINT) FROM evidence_at('2026-01-03') \
                WHERE category = 'support'";
    let units = count(&warehouse, third).await;
    assert!((40..=48).contains(&units), "{units}");
    assert_eq!(count(&warehouse, told).await, units);
    let error = warehouse.ask("SELECT * FROM units_at('yesterday')").await.unwrap_err();
    assert!(error.to_string().contains("RFC 3339"), "{error}");
}

#[tokio::test]
async fn nothing_can_be_written() {
    let warehouse = warehouse(&world::lake(), world::AS_OF, 1).await;
    for statement in [
        "INSERT INTO calls SELECT * FROM calls",
        "CREATE TABLE mine AS SELECT 1",
        "CREATE VIEW mine AS SELECT 1",
        "CREATE EXTERNAL TABLE mine STORED AS CSV LOCATION '/etc/hostname'",
        "DROP TABLE calls",
        "COPY calls TO '/tmp/calls.csv'",
        "SET datafusion.execution.batch_size = 1",
    ] {
        assert!(warehouse.ask(statement).await.is_err(), "{statement}");
    }
}

#[test]
fn duckdb_gets_every_view_over_the_live_files() {
    let files = BTreeMap::from([
        ("exchanges".to_owned(), vec!["/lake/date=2026-01-01/it's.parquet".to_owned()]),
        ("decisions".to_owned(), vec!["/lake/d.parquet".to_owned()]),
    ]);
    let script = views_sql(exchange::Timestamp(world::AS_OF), &files);
    for view in ["units", "coverage", "verdicts", "scores", "quality_by_day", "savings", "spend"] {
        assert!(script.contains(&format!("CREATE OR REPLACE VIEW {view} AS\n")), "{view}");
    }
    assert!(script.contains("'/lake/date=2026-01-01/it''s.parquet'"));
    assert!(script.contains("CREATE OR REPLACE VIEW decisions AS SELECT * FROM read_parquet"));
    assert!(script.contains("CREATE OR REPLACE TABLE labels (exchange_id VARCHAR"));
    assert!(!script.contains("{as_of}"));
    assert!(script.contains("TIMESTAMPTZ '2026-01-16T00:00:00Z'"));
}

/// A cell without a share of the family's error, full of perfect replies.
#[tokio::test]
async fn what_was_replayed_is_compared_and_never_counted() {
    let before = warehouse(&world::lake(), world::AS_OF, 3).await;
    let mut lake = world::lake();
    let mut cell = lake["cells"][0].clone();
    cell["cell"] = "support/small/replay-1".into();
    (cell["family_weight"], cell["epoch"]) = (0.0.into(), 9.into());
    lake["cells"].as_array_mut().unwrap().push(cell);
    for table in ["assignments", "shadows"] {
        let rows = lake[table].as_array_mut().unwrap();
        let replayed = rows.iter().filter(|row| row["cell"] == "support/small/1").cloned();
        for mut row in replayed.collect::<Vec<_>>() {
            (row["cell"], row["origin"]) = ("support/small/replay-1".into(), "replay".into());
            rows.push(row);
        }
    }
    let after = warehouse(&lake, world::AS_OF, 3).await;
    for view in ["units", "coverage", "savings", "quality_by_day"] {
        let query = format!("SELECT count(*) FROM {view}");
        assert_eq!(count(&after, &query).await, count(&before, &query).await, "{view}");
    }
    let own = "SELECT units FROM evidence WHERE cell = 'support/small/replay-1'";
    assert_eq!(count(&after, own).await, 320, "its own evidence can be looked at");
    let sure = "SELECT count(*) FROM evidence WHERE cell = 'support/small/replay-1' \
                AND confidence > 0.99 AND confidence_adj = 0.0";
    assert_eq!(count(&after, sure).await, 1, "and clears nothing, however good");
    let weighed = report::weigh(&after, &world::rules()).await.unwrap();
    assert!(weighed.iter().all(|it| !it.evidence.cell.contains("replay")));
}
