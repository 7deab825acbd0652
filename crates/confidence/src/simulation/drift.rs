//! The detector that demotes: how soon it sees a fall, and how seldom it sees none.

use super::{
    Bound::{AtLeast, AtMost},
    Chance, Dice, Estimate, Finding,
};
use crate::{DriftDetector, Error, Tolerance, Unit};
use std::collections::VecDeque;

/// Units in control before quality falls.
const STEADY: u64 = 500;
/// Units after which a run is given up; no figure depends on it.
const UNITS_MAX: u64 = 1_000_000;

/// Delays from 0.95 to 0.80, false alarms, and the mean time between them on the class's edge.
pub(super) fn detector(dice: &mut Dice<'_>) -> Result<Vec<Finding>, Error> {
    let mut found = Vec::new();
    for (class, expected, limit) in [(0.90, 136.0, 150.0), (0.93, 74.0, 80.0), (0.95, 47.0, 52.0)] {
        let delays: Vec<f64> = dice
            .round(0, |chance| delay(detector_of(class)?, chance))?
            .into_iter()
            .flatten()
            .collect();
        let what = format!("mean units from 0.95 → 0.80 to the alarm, class ≥ {class}");
        found.push(Finding::ours(what, expected, AtMost(limit), Estimate::mean(&delays)));
    }
    let early = dice.share(0, |chance| {
        let mut detector = detector_of(0.95)?;
        Ok(steady(&mut detector, 0.05, STEADY, chance)?.is_some())
    })?;
    found.push(Finding::ours(
        "false alarm within 500 units, class ≥ 0.95",
        0.0125,
        AtMost(0.05),
        early,
    ));
    for (class, expected) in [(0.90, 12_591.0), (0.95, 14_899.0)] {
        let lengths = dice.round(1, |chance| {
            let mut detector = detector_of(class)?;
            let alarm = steady(&mut detector, 1.0 - class, UNITS_MAX, chance)?;
            Ok(alarm.unwrap_or(UNITS_MAX) as f64)
        })?;
        let what = format!("mean units to a false alarm at {class}, class ≥ {class}");
        found.push(Finding::ours(what, expected, AtLeast(10_000.0), Estimate::mean(&lengths)));
    }
    let rolling = dice.share(0, |chance| Ok(rolling_test_alarms(chance)))?;
    found.push(Finding::control(
        "false alarm within 500 units, rolling test over 200",
        0.216,
        AtLeast(0.1),
        rolling,
    ));
    Ok(found)
}

fn detector_of(class: f64) -> Result<DriftDetector, Error> {
    DriftDetector::new(Tolerance::new(1.0 - class, 0.0, 1.0)?, DriftDetector::DEMOTE)
}

/// The alarm, if it is raised within so many units that fail with probability `failing`.
fn steady(
    detector: &mut DriftDetector,
    failing: f64,
    units: u64,
    chance: &mut Chance,
) -> Result<Option<u64>, Error> {
    for _ in 0..units {
        if detector.update(Unit::whole(chance.loss(failing)))? {
            break;
        }
    }
    Ok(detector.alarm_at())
}

/// `None` where the alarm came before the fall.
fn delay(mut detector: DriftDetector, chance: &mut Chance) -> Result<Option<f64>, Error> {
    if steady(&mut detector, 0.05, STEADY, chance)?.is_some() {
        return Ok(None);
    }
    let alarm = steady(&mut detector, 0.20, UNITS_MAX, chance)?;
    Ok(alarm.map(|at| (at - STEADY) as f64))
}

/// Wrong: a fixed-sample test of the last 200 units, at every unit.
fn rolling_test_alarms(chance: &mut Chance) -> bool {
    const WINDOW: usize = 200;
    let mut window = VecDeque::new();
    for _ in 0..STEADY {
        window.push_back(chance.loss(0.05));
        if window.len() > WINDOW {
            window.pop_front();
        }
        let excess = window.iter().sum::<f64>() / WINDOW as f64 - 0.05;
        if window.len() == WINDOW && excess > 1.645 * (0.05 * 0.95 / WINDOW as f64).sqrt() {
            return true;
        }
    }
    false
}
