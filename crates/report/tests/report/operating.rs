//! How often the whole way from rows to confidence errs where the truth lies on the bar: many
//! cells, each looked at again and again, as an operator does who waits for a good moment.

use crate::lakes::warehouse;
use arrow::{
    array::AsArray,
    datatypes::{Float64Type, Int64Type},
};
use report::Warehouse;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const START: i64 = 1_767_225_600_000_000; // 2026-01-01T00:00:00Z
const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;

const CELLS: u64 = 40;
const UNITS: u64 = 160;
/// One unit a cell so often.
const PACE: i64 = 10 * MINUTE;
/// The hours after which somebody looks.
const LOOKS: [i64; 3] = [10, 20, LAST];
const LAST: i64 = 40;
const BAR: f64 = 0.875;

/// At 5 % a cell, more than this many of the cells err in less than 1 % of such lakes.
const ERRING_MAX: usize = 6;

/// A number in [0, 1) of a cell's unit.
fn chance(cell: u64, unit: u64) -> f64 {
    let mut bits = (cell << 32 | unit).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((bits ^ bits >> 31) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Cells whose true quality is the bar. A failure is known `failures_late` after it happened, a
/// success at once.
fn lake(failures_late: i64) -> Value {
    let (mut cells, mut assignments, mut shadows) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..CELLS {
        let cell = format!("c{number:02}/small/1");
        cells.push(json!({
            "cell": cell, "category": format!("c{number:02}"), "candidate": "small", "epoch": 1,
            "opened_at": START, "definition_digest": "d", "mode": "R", "tau": 1.0 - BAR,
            "loss_lo": 0.0, "loss_hi": 1.0, "family_weight": 0.5 / CELLS as f64, "restarts": 0,
            "max_wait_s": 86_400.0,
        }));
        for unit in 0..UNITS {
            let id = format!("{number:02}-{unit:04}");
            let at = START + unit as i64 * PACE;
            let failed = chance(number, unit) >= BAR;
            assignments.push(json!({
                "exchange_id": id, "arm": "candidate", "candidate": "small", "cell": cell,
                "conversation": id, "tenant": format!("tenant-{}", unit % 9), "observed_at": at,
                "pi": 1.0, "pi_floor": 1.0, "sampled": true,
            }));
            shadows.push(json!({
                "exchange_id": id, "arm": "candidate", "candidate": "small", "cell": cell,
                "answered_at": at + MINUTE,
                "decided_at": at + MINUTE + if failed { failures_late } else { 0 },
                "mode": "R", "tau": 1.0 - BAR, "loss": if failed { 1.0 } else { 0.0 },
            }));
        }
    }
    json!({ "cells": cells, "assignments": assignments, "shadows": shadows })
}

fn moment(hours: i64) -> String {
    exchange::Timestamp(START + hours * HOUR).to_string()
}

/// The cells for which any look finds a row of `query` (with `{at}` for the moment).
async fn ever(warehouse: &Warehouse, query: &str) -> usize {
    let mut found = BTreeSet::new();
    for hours in LOOKS {
        let (_, batches) = warehouse.ask(&query.replace("{at}", &moment(hours))).await.unwrap();
        for batch in batches {
            found.extend(batch.column(0).as_string::<i32>().iter().flatten().map(str::to_owned));
        }
    }
    found.len()
}

/// The mean of all that was scored in the end is near the bar: the lakes are what they say.
async fn check_truth(warehouse: &Warehouse) {
    let text = "SELECT count(*), 1.0 - avg(loss) FROM shadows";
    let (_, found) = warehouse.ask(text).await.unwrap();
    assert_eq!(found[0].column(0).as_primitive::<Int64Type>().value(0), (CELLS * UNITS) as i64);
    let quality = found[0].column(1).as_primitive::<Float64Type>().value(0);
    assert!((quality - BAR).abs() < 0.0125, "{quality}");
}

const CLEARS: &str = "SELECT cell FROM evidence_at('{at}') WHERE confidence >= 0.95";

#[tokio::test]
async fn cells_on_the_bar_clear_no_oftener_than_the_number_says_however_often_one_looks() {
    let warehouse = warehouse(&lake(0), START + LAST * HOUR, 2).await;
    check_truth(&warehouse).await;
    let clears = ever(&warehouse, CLEARS).await;
    assert!(clears <= ERRING_MAX, "{clears} of {CELLS}");
    // The same looks by point estimate, which is what makes the lake a test.
    let naive = "SELECT cell FROM shadows WHERE decided_at <= '{at}' \
                 GROUP BY cell HAVING count(*) >= 50 AND avg(loss) < 0.125";
    let naive = ever(&warehouse, naive).await;
    assert!(naive > CELLS as usize / 2, "{naive} of {CELLS}");
}

#[tokio::test]
async fn failures_that_are_known_late_raise_nothing() {
    let warehouse = warehouse(&lake(12 * HOUR), START + LAST * HOUR, 2).await;
    check_truth(&warehouse).await;
    let clears = ever(&warehouse, CLEARS).await;
    assert!(clears <= ERRING_MAX, "{clears} of {CELLS}");
    // The same mathematics over whatever is scored already.
    let scored = "SELECT cell FROM shadows WHERE decided_at <= '{at}' \
                  GROUP BY cell HAVING confidence(1.0 - loss, 0.875) >= 0.95";
    let scored = ever(&warehouse, scored).await;
    assert!(scored > CELLS as usize / 2, "{scored} of {CELLS}");
}
