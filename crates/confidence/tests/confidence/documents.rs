//! The tables of `docs/confidence.md` that anybody can check by hand are what the crate computes.

use crate::pass_fail;
use confidence::{Level, Tolerance, family::declared_weight, process};
use std::num::NonZeroU32;

#[test]
fn the_example_to_check_by_hand_is_right() {
    let rows = rows("| good | bad | E | confidence |");
    assert_eq!(rows.len(), 4);
    for row in rows {
        let (good, bad): (u64, u64) = (row[0].parse().unwrap(), row[1].parse().unwrap());
        let log_e = process::log_e(&pass_fail(good, bad), crate::bar_090());
        let confidence = process::confidence(log_e, 0.0);
        assert_eq!([format!("{:.2}", log_e.exp()), format!("{confidence:.3}")], row[2..]);
    }
}

#[test]
fn the_least_numbers_of_units_are_right() {
    let rows =
        rows("| bar | clean, alone | clean, of twelve | one bad, alone | one bad, of twelve |");
    assert_eq!(rows.len(), 7);
    let twelfth = declared_weight(NonZeroU32::new(12).unwrap());
    for row in rows {
        let tolerance = Tolerance::absolute(row[0].parse().unwrap()).unwrap();
        let figures = [(0, 1.0), (0, twelfth), (1, 1.0), (1, twelfth)]
            .map(|(bad, weight)| least_units(tolerance, bad, weight).to_string());
        assert_eq!(figures, row[1..], "bar {}", row[0]);
    }
}

/// The least number of units, `bad` of them bad, that clears 0.95 at this weight in the family.
fn least_units(tolerance: Tolerance, bad: u64, weight: f64) -> u64 {
    let need = Level::FIVE_PERCENT.log_e_needed() - weight.ln();
    let (mut short, mut enough) = (bad, 1 << 20);
    while enough - short > 1 {
        let middle = short.midpoint(enough);
        if process::log_e(&pass_fail(middle - bad, bad), tolerance) >= need {
            enough = middle;
        } else {
            short = middle;
        }
    }
    enough
}

/// The cells of the table with this head.
fn rows(head: &str) -> Vec<Vec<String>> {
    let path = format!("{}/../../docs/confidence.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let table = text.lines().skip_while(|line| *line != head).skip(2);
    table
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}
