//! The aggregates are the crate's functions, whatever the partitions.

use crate::{lakes::warehouse, world};
use arrow::{array::AsArray, datatypes::Float64Type};
use confidence::{Histogram, Level, Tolerance, Unit, process};
use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

const QUESTION: &str = "SELECT confidence_loss(loss, 0.75, 0.25, 0.0, 1.0), \
    confidence(1.0 - loss, 0.75), quality_lower(loss, 0.75, 0.0, 1.0), \
    quality_upper(loss, 0.75, 0.0, 1.0) FROM shadows WHERE cell = 'faq/small/1'";

fn expected() -> [f64; 4] {
    let tolerance = Tolerance::new(0.25, 0.0, 1.0).unwrap();
    let (mut weighted, mut whole) = (Histogram::new(), Histogram::new());
    for shadow in world::lake()["shadows"].as_array().unwrap() {
        if shadow["cell"] == "faq/small/1" {
            let loss = shadow["loss"].as_f64().unwrap();
            let unit = Unit { weight: 0.75, weighted_loss: loss * 0.75 };
            weighted.add(unit, tolerance.range()).unwrap();
            whole.add(Unit::whole(1.0 - (1.0 - loss)), tolerance.range()).unwrap();
        }
    }
    let level = Level::FIVE_PERCENT;
    [
        process::confidence(process::log_e(&weighted, tolerance), 0.0),
        process::confidence(process::log_e(&whole, tolerance), 0.0),
        1.0 - process::loss_upper_bound(&weighted, tolerance.range(), level),
        1.0 - process::loss_lower_bound(&weighted, tolerance.range(), level),
    ]
}

#[tokio::test]
async fn aggregates_equal_the_crate_bit_for_bit_over_any_partitions() {
    let (lake, expected) = (world::lake(), expected());
    assert!(expected[2] < expected[3], "the interval has a width");
    for partitions in [1, 2, 7] {
        let warehouse = warehouse(&lake, world::AS_OF, partitions).await;
        let (_, found) = warehouse.ask(QUESTION).await.unwrap();
        for (column, expected) in expected.iter().enumerate() {
            let found = found[0].column(column).as_primitive::<Float64Type>().value(0);
            assert_eq!(found.to_bits(), expected.to_bits(), "column {column}, {partitions} parts");
        }
    }
}

/// Cells of the law below; each is a case.
const GROUPS: usize = 1000;
/// Signed losses of weights that depend on them, so that both have many values.
const GROUPED: &str = "SELECT cell, confidence_loss(loss - 0.25, 0.25 + loss / 2.0 , 0.125, -1.0, 1.0), \
    quality_lower(loss - 0.25, 0.25 + loss / 2.0, -1.0, 1.0), \
    quality_upper(loss - 0.25, 0.25 + loss / 2.0, -1.0, 1.0) FROM shadows GROUP BY cell ORDER BY cell";

/// The losses of each cell: none fails, some fail, or anything between.
fn groups() -> Vec<Vec<f64>> {
    let loss = prop_oneof![4 => Just(0.0), 1 => Just(1.0), 2 => 0.0..=1.0f64];
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    vec(vec(loss, 1..24), GROUPS).new_tree(&mut runner).unwrap().current()
}

fn lake_of(groups: &[Vec<f64>]) -> Value {
    let (mut assignments, mut shadows) = (Vec::new(), Vec::new());
    for (cell, losses) in groups.iter().enumerate() {
        for (unit, loss) in losses.iter().enumerate() {
            let (id, cell) = (format!("{cell:04}-{unit:02}"), format!("c{cell:04}/small/1"));
            assignments.push(json!({
                "exchange_id": id, "arm": "candidate", "candidate": "small", "cell": cell,
                "conversation": id, "observed_at": world::AS_OF - 2, "pi": 1.0, "pi_floor": 1.0,
                "sampled": true,
            }));
            shadows.push(json!({
                "exchange_id": id, "arm": "candidate", "candidate": "small", "cell": cell,
                "answered_at": world::AS_OF - 1, "decided_at": world::AS_OF - 1,
                "mode": "RP", "tau": 0.125, "loss": loss,
            }));
        }
    }
    json!({ "cells": [], "assignments": assignments, "shadows": shadows })
}

fn expected_of(losses: &[f64]) -> [f64; 3] {
    let tolerance = Tolerance::new(0.125, -1.0, 1.0).unwrap();
    let mut histogram = Histogram::new();
    for loss in losses.iter().rev() {
        let weight = 0.25 + loss / 2.0;
        let unit = Unit { weight, weighted_loss: (loss - 0.25) * weight };
        histogram.add(unit, tolerance.range()).unwrap();
    }
    let summary = process::summarize(&histogram, tolerance, Level::FIVE_PERCENT, 0.0);
    [summary.confidence, summary.accept_lower, summary.accept_upper]
}

#[tokio::test]
async fn a_thousand_groups_equal_the_crate_bit_for_bit_over_any_partitions() {
    let groups = groups();
    let lake = lake_of(&groups);
    for partitions in [1, 5] {
        let warehouse = warehouse(&lake, world::AS_OF, partitions).await;
        let (_, batches) = warehouse.ask(GROUPED).await.unwrap();
        let mut found = Vec::new();
        for batch in &batches {
            let figure = |column: usize, at: usize| {
                batch.column(column).as_primitive::<Float64Type>().value(at).to_bits()
            };
            found
                .extend((0..batch.num_rows()).map(|at| [1, 2, 3].map(|column| figure(column, at))));
        }
        assert_eq!(found.len(), GROUPS);
        for (cell, (found, losses)) in found.iter().zip(&groups).enumerate() {
            assert_eq!(*found, expected_of(losses).map(f64::to_bits), "cell {cell}: {losses:?}");
        }
    }
}

#[tokio::test]
async fn aggregates_refuse_null_instead_of_skipping_it() {
    let warehouse = warehouse(&world::lake(), world::AS_OF, 2).await;
    for call in [
        "confidence(nullif(loss, 1.0), 0.9)",
        "confidence_loss(nullif(loss, 1.0), 1.0, 0.1, 0.0, 1.0)",
        "quality_lower(nullif(loss, 1.0), 1.0, 0.0, 1.0)",
        "quality_upper(nullif(loss, 1.0), 1.0, 0.0, 1.0)",
    ] {
        let error = warehouse.ask(&format!("SELECT {call} FROM shadows")).await.unwrap_err();
        assert!(error.to_string().contains("a pending reply is not evidence"), "{error}");
    }
}

#[tokio::test]
async fn aggregates_refuse_two_bars_in_one_group() {
    let warehouse = warehouse(&world::lake(), world::AS_OF, 2).await;
    let text =
        "SELECT confidence(1.0 - loss, CASE WHEN loss > 0.0 THEN 0.9 ELSE 0.8 END) FROM shadows";
    let error = warehouse.ask(text).await.unwrap_err();
    assert!(error.to_string().contains("GROUP BY what they depend on"), "{error}");
}

#[tokio::test]
async fn losses_of_another_mode_are_refused_with_what_to_ask_instead() {
    let warehouse = warehouse(&world::lake(), world::AS_OF, 2).await;
    for (call, remedy) in [
        ("confidence(1.0 + loss, 0.9)", "WHERE mode IN ('R', 'H')"),
        ("confidence_loss(loss - 0.5, 1.0, 0.1, 0.0, 1.0)", "loss_lo and loss_hi"),
        ("quality_lower(loss - 0.5, 1.0, 0.0, 1.0)", "loss_lo and loss_hi"),
        ("quality_upper(loss - 0.5, 1.0, 0.0, 1.0)", "loss_lo and loss_hi"),
    ] {
        for group in ["", " GROUP BY cell"] {
            let text = format!("SELECT {call} FROM shadows{group}");
            let error = warehouse.ask(&text).await.unwrap_err().to_string();
            assert!(error.contains("outside its declared range"), "{call}: {error}");
            assert!(error.contains(remedy), "{call}: {error}");
        }
    }
}

/// One column of numbers.
async fn numbers(text: &str) -> Vec<f64> {
    let warehouse = warehouse(&world::lake(), world::AS_OF, 3).await;
    let (_, found) = warehouse.ask(text).await.unwrap();
    let columns = found.iter().map(|batch| batch.column(0).as_primitive::<Float64Type>());
    columns.flat_map(|column| column.values().to_vec()).collect()
}

#[tokio::test]
async fn what_a_filter_keeps_out_may_be_null() {
    const ASKED: &str = "confidence(1.0 - nullif(loss, 1.0), 0.9)";
    let filtered = format!(
        "SELECT {ASKED} FILTER (WHERE loss < 1.0) FROM shadows WHERE cell IS NOT NULL \
         GROUP BY cell ORDER BY cell"
    );
    let without = "SELECT confidence(1.0 - loss, 0.9) FROM shadows \
         WHERE cell IS NOT NULL AND loss < 1.0 GROUP BY cell ORDER BY cell";
    let found = numbers(&filtered).await;
    assert!(found.iter().any(|confidence| *confidence > 0.5), "{found:?}");
    assert_eq!(found, numbers(without).await);
}

/// The engine gives up on adding up beforehand where nearly every row is a group of its own.
#[tokio::test]
async fn groups_of_a_row_each_are_added_up_all_the_same() {
    let text = "SELECT sum(lower) FROM (SELECT quality_lower(CASE WHEN value % 2 = 0 THEN 0.0 \
         ELSE 1.0 END, 1.0, 0.0, 1.0) FILTER (WHERE value % 3 > 0) AS lower \
         FROM generate_series(1, 300000) GROUP BY value)";
    let one = numbers("SELECT quality_lower(0.0, 1.0, 0.0, 1.0)").await[0];
    let zero = numbers("SELECT quality_lower(1.0, 1.0, 0.0, 1.0)").await[0];
    let found = numbers(text).await[0];
    assert!((found - 100_000.0 * (zero + one)).abs() < 1e-6, "{found} of {one} and {zero}");
}
