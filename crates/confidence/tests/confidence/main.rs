//! What the statistics promise, tested through the public API.

#![cfg(test)]

mod bad_input;
mod boundary;
mod documents;
mod evidence;
mod family;
mod gate;
mod judge;
mod laws;
mod modes;
mod moved;
mod promotion;
mod simulation;
mod thresholds;
mod trust;
mod units;
mod vectors;
mod vectors_kinds;
mod watermark;
mod wide;

use confidence::{Histogram, LossRange, Tolerance, Unit};

/// The usual cell: losses in [0, 1], bar 0.90.
fn bar_090() -> Tolerance {
    Tolerance::new(0.1, 0.0, 1.0).unwrap()
}

/// `passes` good and `fails` bad conversations.
fn pass_fail(passes: u64, fails: u64) -> Histogram {
    let mut histogram = Histogram::new();
    histogram.add_many(Unit::whole(0.0), passes, LossRange::ABSOLUTE).unwrap();
    histogram.add_many(Unit::whole(1.0), fails, LossRange::ABSOLUTE).unwrap();
    histogram
}
