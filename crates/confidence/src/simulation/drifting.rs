//! Quality that changes while the evidence grows.

use super::{
    Bound::{AtLeast, AtMost},
    Chance, Dice, Estimate, Finding,
    gauges::{Chasing, Current, Gauge, Restarted, RunningMaximum},
    samplers::promoted,
};
use crate::{Error, Level, Tolerance, Unit};
use std::f64::consts::PI;

const UNITS_A_DAY: u64 = 200;
const DAYS: u64 = 14;

/// Weeks whose mean is on the bar, an outage that is not made up for, and quality that falls.
pub(super) fn changing(dice: &mut Dice<'_>) -> Result<Vec<Finding>, Error> {
    let tolerance = Tolerance::new(0.1, 0.0, 1.0)?;
    let restarted = || Restarted::new(tolerance, UNITS_A_DAY, DAYS as f64);
    let mut found = vec![
        Finding::ours(
            "weekly wave, mean never over 0.90: false",
            0.003,
            AtMost(0.05),
            dice.share(0, |chance| promoted(Current::new(tolerance), week(chance)))?,
        ),
        Finding::control(
            "the same, started anew every day",
            0.32,
            AtLeast(0.1),
            dice.share(0, |chance| promoted(restarted(), week(chance)))?,
        ),
        Finding::control(
            "the same, bets that follow the last units",
            1.0,
            AtLeast(0.5),
            dice.share(0, |chance| promoted(Chasing::new(tolerance), week(chance)))?,
        ),
        Finding::ours(
            "outage first, mean never over 0.90: false",
            0.001,
            AtMost(0.05),
            dice.share(1, |chance| promoted(Current::new(tolerance), outage(chance)))?,
        ),
        Finding::control(
            "the same, started anew every day",
            0.39,
            AtLeast(0.1),
            dice.share(1, |chance| promoted(restarted(), outage(chance)))?,
        ),
    ];
    let ours = dice.round(2, |chance| falls_after(Current::new(tolerance), chance))?;
    let best = dice.round(2, |chance| falls_after(RunningMaximum::new(tolerance), chance))?;
    let stuck = |found: &[Option<u64>]| {
        Estimate::share(&found.iter().map(Option::is_none).collect::<Vec<_>>())
    };
    found.push(Finding::ours(
        "0.97, then 0.85: median units until it no longer clears",
        166.0,
        AtMost(190.0),
        Estimate::median(&ours),
    ));
    found.push(Finding::ours("still clears after 1,000 of them", 0.0, AtMost(0.02), stuck(&ours)));
    found.push(Finding::control(
        "the same by the best evidence so far",
        1.0,
        AtLeast(0.95),
        stuck(&best),
    ));
    Ok(found)
}

/// Two weeks that begin with their bad half.
fn week(chance: &mut Chance) -> impl Iterator<Item = Unit> {
    (0..UNITS_A_DAY * DAYS).map(|unit| {
        let days = unit as f64 / UNITS_A_DAY as f64;
        Unit::whole(chance.loss(0.1 + 0.05 * libm::sin(2.0 * PI * days / 7.0)))
    })
}

/// A day on which half fails; then failures are rare enough to have made up for it after the last.
fn outage(chance: &mut Chance) -> impl Iterator<Item = Unit> {
    (0..11 * UNITS_A_DAY)
        .map(|unit| Unit::whole(chance.loss(if unit < UNITS_A_DAY { 0.5 } else { 0.06 })))
}

const GOOD_UNITS: u64 = 400;
const BAD_UNITS: u64 = 1000;

/// After how many bad units a look no longer finds evidence enough.
fn falls_after(mut gauge: impl Gauge, chance: &mut Chance) -> Result<Option<u64>, Error> {
    let need = Level::FIVE_PERCENT.log_e_needed();
    for _ in 0..GOOD_UNITS {
        gauge.count(Unit::whole(chance.loss(0.03)))?;
    }
    for unit in 0..BAD_UNITS {
        if gauge.log_e() < need {
            return Ok(Some(unit));
        }
        gauge.count(Unit::whole(chance.loss(0.15)))?;
    }
    Ok(None)
}
