//! The aggregates are the crate's functions, whatever the partitions.

use crate::{lakes::warehouse, world};
use arrow::{array::AsArray, datatypes::Float64Type};
use confidence::{Histogram, Level, Tolerance, Unit, process};

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
