//! The views as a script for DuckDB, over the lake's live Parquet files: every figure of the report
//! that is plain SQL can be recomputed without this program.

use crate::sql;
use exchange::Timestamp;
use std::collections::BTreeMap;

/// The columns that the views read, for a table that has no file yet: name and DuckDB's type.
const COLUMNS: [(&str, &str); 8] = [
    (
        "cells",
        "cell VARCHAR, category VARCHAR, candidate VARCHAR, epoch BIGINT, opened_at TIMESTAMPTZ, \
         definition_digest VARCHAR, mode VARCHAR, tau DOUBLE, loss_lo DOUBLE, loss_hi DOUBLE, family_weight DOUBLE, \
         restarts BIGINT, max_wait_s DOUBLE",
    ),
    (
        "assignments",
        "exchange_id VARCHAR, arm VARCHAR, candidate VARCHAR, cell VARCHAR, conversation VARCHAR, \
         tenant VARCHAR, observed_at TIMESTAMPTZ, pi DOUBLE, pi_floor DOUBLE, sampled BOOLEAN, \
         audit_prob DOUBLE, audited BOOLEAN, ineligible_reason VARCHAR, withheld_reason VARCHAR, \
         origin VARCHAR, decided_at TIMESTAMPTZ",
    ),
    (
        "shadows",
        "exchange_id VARCHAR, arm VARCHAR, candidate VARCHAR, cell VARCHAR, \
         answered_at TIMESTAMPTZ, decided_at TIMESTAMPTZ, fault VARCHAR, mode VARCHAR, tau DOUBLE, \
         acceptable BOOLEAN, verdict_reason VARCHAR, loss DOUBLE, reference_loss DOUBLE, \
         control_loss DOUBLE, cost_usd DECIMAL(18, 9), scores STRUCT(arm VARCHAR, \
         candidate VARCHAR, scorer VARCHAR, scorer_digest VARCHAR, trial VARCHAR, kind VARCHAR, \
         \"value\" DOUBLE, abstained BOOLEAN, reason VARCHAR, cost_usd DECIMAL(18, 9))[], \
         origin VARCHAR, model VARCHAR, error VARCHAR, latency_ms DOUBLE, input_tokens BIGINT, \
         cached_tokens BIGINT, translation VARCHAR, blocked VARCHAR",
    ),
    (
        "labels",
        "exchange_id VARCHAR, arm VARCHAR, candidate VARCHAR, labelled_at TIMESTAMPTZ, \
         acceptable BOOLEAN",
    ),
    ("blocks", "cell VARCHAR, day DATE, eta DOUBLE, a_hat DOUBLE, rho DOUBLE, kappa DOUBLE"),
    (
        "exchanges",
        "exchange_id VARCHAR, observed_at TIMESTAMPTZ, proxy_instance VARCHAR, offer_seq BIGINT, \
         conversation VARCHAR, \
         category VARCHAR, category_source VARCHAR, call_site VARCHAR, dialect VARCHAR, \
         endpoint VARCHAR, model VARCHAR, served_by VARCHAR, route VARCHAR, input_tokens BIGINT, \
         cached_tokens BIGINT, cost_usd DECIMAL(18, 9), finish_reason VARCHAR, \
         unused_candidate VARCHAR, unused_why VARCHAR, unused_cost_usd DECIMAL(18, 9)",
    ),
    ("calls", "purpose VARCHAR, model VARCHAR, started_at TIMESTAMPTZ, cost_usd DECIMAL(18, 9)"),
    ("meters", "\"at\" TIMESTAMPTZ, offered BIGINT, accepted BIGINT, shed BIGINT, lost BIGINT"),
];

/// Columns that came later and that the views read: a lake of an earlier release has no file with
/// them.
const LATER: [(&str, &str); 8] = [
    ("assignments", "CAST(NULL AS VARCHAR) AS origin"),
    ("assignments", "CAST(NULL AS TIMESTAMPTZ) AS decided_at"),
    ("shadows", "CAST(NULL AS VARCHAR) AS origin"),
    ("shadows", "CAST(NULL AS VARCHAR) AS translation"),
    ("shadows", "CAST(NULL AS VARCHAR) AS blocked"),
    ("exchanges", "CAST(NULL AS VARCHAR) AS unused_candidate"),
    ("exchanges", "CAST(NULL AS VARCHAR) AS unused_why"),
    ("exchanges", "CAST(NULL AS DECIMAL(18, 9)) AS unused_cost_usd"),
];

/// Statements that make the tables and the views known to DuckDB, as of a moment. `files` are the
/// live Parquet files of each table; one without files becomes an empty table.
///
/// What SQL alone cannot say (`evidence`, the aggregates, the `..._at` functions) is not among them.
#[must_use]
pub fn views_sql(as_of: Timestamp, files: &BTreeMap<String, Vec<String>>) -> String {
    let mut script = format!("-- The lake as of {as_of}.\nSET TimeZone = 'UTC';\n");
    for (table, columns) in COLUMNS {
        let live = files.get(table).filter(|live| !live.is_empty());
        script.push_str(&live.map_or_else(
            || format!("CREATE OR REPLACE TABLE {table} ({columns});\n"),
            |live| over_files(table, live),
        ));
    }
    let others = files.iter().filter(|(table, live)| {
        !live.is_empty() && !COLUMNS.iter().any(|(known, _)| known == table)
    });
    others.for_each(|(table, live)| script.push_str(&over_files(table, live)));
    for (name, text) in sql::views(as_of) {
        let text = text.replace("TIMESTAMP '", "TIMESTAMPTZ '");
        script.push_str(&format!("\nCREATE OR REPLACE VIEW {name} AS\n{};\n", text.trim_end()));
    }
    script
}

/// The partition's column is in the path alone, and a column may be younger than a file.
fn over_files(table: &str, files: &[String]) -> String {
    let list = files.iter().map(|file| format!("'{}'", file.replace('\'', "''")));
    let list = list.collect::<Vec<_>>().join(",\n  ");
    let later = LATER.iter().filter(|(of, _)| *of == table);
    let later: String = later
        .map(|(_, column)| format!("\nUNION ALL BY NAME SELECT {column} WHERE FALSE"))
        .collect();
    format!(
        "CREATE OR REPLACE VIEW {table} AS SELECT * FROM read_parquet([\n  {list}\n], \
         hive_partitioning = true, union_by_name = true){later};\n"
    )
}
