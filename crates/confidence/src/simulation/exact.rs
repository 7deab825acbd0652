//! Pass/fail units looked at one by one: the whole law of the first promotion, without chance.

use super::{
    Bound::{AtLeast, AtMost},
    Dice, Estimate, Finding,
};
use crate::{Error, Histogram, Level, LossRange, Tolerance, Unit, process};

/// Fourteen days at 200 conversations a day.
const UNITS: u64 = 2800;
/// The tolerated share of failures.
const TAU: f64 = 0.1;
/// Units before a fixed-sample test is looked at first.
const WALD_UNITS_MIN: u64 = 30;
/// The 95th percentile of a normal variable.
const WALD_Z: f64 = 1.645;

/// False promotions, power and speed at bar 0.90.
pub(super) fn promotion(_: &mut Dice<'_>) -> Result<Vec<Finding>, Error> {
    let least = least_units(UNITS / 8)?;
    let ours = |units, truth| promoted_by(units, truth, |unit, fails| clears(&least, unit, fails));
    let share = |units, truth| last(&ours(units, truth));
    let long = least_units(20_000 / 8)?;
    let long = promoted_by(20_000, 1.0 - TAU, |unit, fails| clears(&long, unit, fails));
    let every = |unit, fails| unit >= WALD_UNITS_MIN && wald(unit, fails);
    let daily = |unit: u64, fails| unit.is_multiple_of(UNITS / 14) && wald(unit, fails);
    let mut found = vec![
        Finding::ours(
            "false at 0.90, a look after each of 2,800 units",
            0.0416,
            AtMost(0.05),
            share(UNITS, 0.90),
        ),
        Finding::ours("false at 0.90, 20,000 units", 0.0457, AtMost(0.05), last(&long)),
        Finding::ours("false at 0.90, 700 units", 0.036, AtMost(0.05), share(700, 0.90)),
        Finding::ours("false at 0.88", 0.007, AtMost(0.01), share(UNITS, 0.88)),
        Finding::ours("promoted at 0.92", 0.82, AtLeast(0.8), share(UNITS, 0.92)),
        Finding::ours("promoted at 0.93", 1.0, AtLeast(0.99), share(UNITS, 0.93)),
        Finding::control(
            "false at 0.90, Wald test at every look",
            0.504,
            AtLeast(0.4),
            last(&promoted_by(UNITS, 0.90, every)),
        ),
        Finding::control(
            "false at 0.90, Wald test once a day",
            0.242,
            AtLeast(0.2),
            last(&promoted_by(UNITS, 0.90, daily)),
        ),
    ];
    for (truth, expected, limit, oracle) in [
        (0.93, 557.0, 575.0, 424.0),
        (0.95, 168.0, 183.0, 139.0),
        (0.97, 85.0, 85.0, 58.0),
        (0.99, 43.0, 43.0, 32.0),
    ] {
        let median = median(&ours(UNITS, truth));
        let best = promoted_by(UNITS, truth, |unit, fails| knows_the_truth(truth, unit, fails));
        let ratio = Estimate::exact(median.value / self::median(&best).value);
        found.push(Finding::ours(
            format!("median units at {truth}"),
            expected,
            AtMost(limit),
            median,
        ));
        found.push(Finding::ours(
            format!("of the units of a test that knows it is {truth}"),
            expected / oracle,
            AtMost(1.5),
            ratio,
        ));
    }
    Ok(found)
}

/// A judge that flags good replies with one probability and bad ones with another, believed.
pub(super) fn judge(_: &mut Dice<'_>) -> Result<Vec<Finding>, Error> {
    const UNITS: u64 = 4000;
    let least = least_units(UNITS / 8)?;
    let promoted = |truth: f64, on_good: f64, on_bad: f64| {
        let unflagged = 1.0 - (truth * on_good + (1.0 - truth) * on_bad);
        last(&promoted_by(UNITS, unflagged, |unit, fails| clears(&least, unit, fails)))
    };
    Ok(vec![
        Finding::control(
            "a judge that over-flags, truth 0.95: promoted",
            0.005,
            AtMost(0.05),
            promoted(0.95, 0.1, 0.8),
        ),
        Finding::control(
            "a lenient judge, truth 0.90: falsely promoted",
            0.998,
            AtLeast(0.9),
            promoted(0.90, 0.02, 0.5),
        ),
        Finding::control(
            "a lenient judge, truth 0.88: falsely promoted",
            0.92,
            AtLeast(0.8),
            promoted(0.88, 0.02, 0.5),
        ),
    ])
}

/// For each number of failures, the least number of units with evidence enough.
fn least_units(fails_max: u64) -> Result<Vec<u64>, Error> {
    let tolerance = Tolerance::new(TAU, 0.0, 1.0)?;
    let need = Level::FIVE_PERCENT.log_e_needed();
    let (mut units, mut table) = (1, Vec::new());
    for fails in 0..=fails_max {
        units = units.max(fails);
        while process::log_e(&pass_fail(units - fails, fails)?, tolerance) < need {
            units += 1;
        }
        table.push(units);
    }
    Ok(table)
}

fn pass_fail(passes: u64, fails: u64) -> Result<Histogram, Error> {
    let mut histogram = Histogram::new();
    histogram.add_many(Unit::whole(0.0), passes, LossRange::ABSOLUTE)?;
    histogram.add_many(Unit::whole(1.0), fails, LossRange::ABSOLUTE)?;
    Ok(histogram)
}

fn clears(least: &[u64], unit: u64, fails: usize) -> bool {
    least.get(fails).is_some_and(|&least| least <= unit)
}

/// A fixed-sample test, which holds for one look.
fn wald(units: u64, fails: usize) -> bool {
    let share = fails as f64 / units as f64;
    (TAU - share) >= WALD_Z * (share * (1.0 - share) / units as f64).sqrt() && share < TAU
}

/// The likelihood ratio of the truth to the bar: nothing is faster on average.
fn knows_the_truth(truth: f64, units: u64, fails: usize) -> bool {
    let passes = units as f64 - fails as f64;
    let log_ratio =
        passes * libm::log(truth / (1.0 - TAU)) + fails as f64 * libm::log((1.0 - truth) / TAU);
    log_ratio >= Level::FIVE_PERCENT.log_e_needed()
}

/// The share of cells of true quality `truth` that have been promoted by each number of units. A
/// rule that stops at some number of failures stops at fewer, too.
fn promoted_by(units: u64, truth: f64, stops: impl Fn(u64, usize) -> bool) -> Vec<f64> {
    let fails_max = units as usize / 8;
    let mut alive = vec![0.0; fails_max + 1];
    alive[0] = 1.0;
    let (mut promoted, mut so_far) = (vec![0.0], 0.0);
    for unit in 1..=units {
        for fails in (0..alive.len()).rev() {
            let failed = if fails > 0 { alive[fails - 1] * (1.0 - truth) } else { 0.0 };
            alive[fails] = alive[fails] * truth + failed;
        }
        let cleared = (0..alive.len()).take_while(|&fails| stops(unit, fails));
        so_far += cleared.map(|fails| std::mem::take(&mut alive[fails])).sum::<f64>();
        promoted.push(so_far);
    }
    promoted
}

fn last(promoted: &[f64]) -> Estimate {
    Estimate::exact(promoted.last().copied().unwrap_or(f64::NAN))
}

fn median(promoted: &[f64]) -> Estimate {
    let first = promoted.iter().position(|&share| share >= 0.5);
    Estimate::exact(first.map_or(f64::INFINITY, |units| units as f64))
}
