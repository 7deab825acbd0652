//! What the statistics cost: units into the histogram, a whole report's figures, the detector.
//!
//! `cargo bench -p confidence` prints one line each; `benches/README.md` keeps the figures. Time is
//! that of the thread on its core, which a busy machine does not stretch as much as a clock's. Linux
//! only: it is read from `/proc`.

#![cfg(test)]

use confidence::{
    DriftDetector, Error, Histogram, Level, LossRange, Tolerance, Unit,
    process::{log_e, summarize},
};
use std::{
    fs,
    hint::black_box,
    io::{self, Write},
};

/// Times that each is measured; the least is told, because what is slower was disturbed.
const TIMES: usize = 9;
const UNITS: usize = 4_000_000;
const CELLS: usize = 200;
const DAYS: usize = 14;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = io::stdout();
    for keys in [2, 50, 600] {
        let units = units(keys);
        let rate = UNITS as f64 / least_seconds(|| histogram_of(&units))? / 1e6;
        writeln!(out, "histogram, {keys} keys: {rate:.1} M units/s (target 20)")?;
    }
    for keys in [2, 10, 50] {
        let days = days(keys)?;
        let ms = least_seconds(|| report_of(&days))? * 1e3;
        writeln!(out, "200 cells x 14 days, {keys} keys: {ms:.1} ms (target 250)")?;
    }
    let units = units(2);
    let rate = UNITS as f64 / least_seconds(|| detector_over(&units))? / 1e6;
    writeln!(out, "detector: {rate:.2} M updates/s (target 2)")?;
    Ok(())
}

/// Conversations with so many different losses, in no order.
fn units(keys: usize) -> Vec<Unit> {
    let loss = |unit: usize| (unit.wrapping_mul(7919) % keys) as f64 / (keys - 1) as f64 * 0.1;
    (0..UNITS).map(|unit| Unit::whole(loss(unit))).collect()
}

fn histogram_of(units: &[Unit]) -> Result<Histogram, Error> {
    let mut histogram = Histogram::new();
    for &unit in units {
        histogram.add(unit, LossRange::ABSOLUTE)?;
    }
    Ok(histogram)
}

/// One cell's days, each with so many keys.
fn days(keys: usize) -> Result<Vec<Histogram>, Error> {
    units(keys)[..DAYS * 1000].chunks(1000).map(histogram_of).collect()
}

/// The evidence after each day of each cell, and everything at the last.
fn report_of(days: &[Histogram]) -> Result<f64, Error> {
    let tolerance = Tolerance::new(0.1, 0.0, 1.0)?;
    let mut sum = 0.0;
    for _ in 0..CELLS {
        let mut so_far = Histogram::new();
        for day in days {
            so_far.merge(day);
            sum += log_e(&so_far, tolerance);
        }
        sum += summarize(&so_far, tolerance, Level::FIVE_PERCENT, 0.0).accept_lower;
    }
    Ok(sum)
}

fn detector_over(units: &[Unit]) -> Result<f64, Error> {
    let tolerance = Tolerance::new(0.1, 0.0, 1.0)?;
    let mut detector = DriftDetector::new(tolerance, DriftDetector::DEMOTE)?;
    for &unit in units {
        detector.update(unit)?;
    }
    Ok(detector.log_stat())
}

fn least_seconds<T>(
    work: impl Fn() -> Result<T, Error>,
) -> Result<f64, Box<dyn std::error::Error>> {
    let mut least = f64::INFINITY;
    for _ in 0..TIMES {
        let start = seconds_on_core()?;
        black_box(work()?);
        least = least.min(seconds_on_core()? - start);
    }
    Ok(least)
}

/// How long this thread has run so far.
fn seconds_on_core() -> Result<f64, Box<dyn std::error::Error>> {
    let schedstat = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = schedstat.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds / 1e9)
}
