//! Many cells at once, as an operator has them.

use super::{
    Bound::{AtLeast, AtMost},
    Chance, Dice, Estimate, Finding,
    gauges::{Current, Gauge},
};
use crate::{Error, Level, Tolerance, family, unit::cluster_unit};
use std::num::NonZeroU32;

const TAU: f64 = 0.1;
/// The true qualities of the fleet, two cells each.
const TRUTHS: [f64; 12] = [0.85, 0.85, 0.90, 0.90, 0.93, 0.93, 0.95, 0.95, 0.97, 0.97, 0.99, 0.99];
const DAYS: u64 = 14;
/// The first day at whose end somebody looks.
const FIRST_LOOK: u64 = 3;
const CONVERSATIONS_A_DAY: u64 = 60;
const CORRELATION: f64 = 0.3;

/// Twelve cells, two calls a conversation, a look at the end of each day, e-Bonferroni.
pub(super) fn fleet(dice: &mut Dice<'_>) -> Result<Vec<Finding>, Error> {
    let mut found = fleet_of("each a twelfth of the error", dice, 1.0 / 12.0)?;
    let declared = NonZeroU32::new(TRUTHS.len() as u32).map_or(1.0, family::declared_weight);
    found.extend(fleet_of("half kept for later cells", dice, declared)?);
    Ok(found)
}

fn fleet_of(how: &str, dice: &mut Dice<'_>, weight: f64) -> Result<Vec<Finding>, Error> {
    let fleets = dice.round(0, |chance| {
        TRUTHS
            .iter()
            .map(|&truth| promoted_on(chance, truth, weight))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let at = |truth: f64| -> Vec<Option<u64>> {
        let of = |fleet: &Vec<Option<u64>>| {
            let cells = TRUTHS.iter().zip(fleet).filter(|(it, _)| **it == truth);
            cells.map(|(_, day)| *day).collect::<Vec<_>>()
        };
        fleets.iter().flat_map(of).collect()
    };
    let promoted = |days: &[Option<u64>]| {
        Estimate::share(&days.iter().map(Option::is_some).collect::<Vec<_>>())
    };
    let bad = |fleet: &Vec<Option<u64>>| {
        TRUTHS.iter().zip(fleet).any(|(truth, day)| *truth <= 1.0 - TAU && day.is_some())
    };
    let false_any = Estimate::share(&fleets.iter().map(bad).collect::<Vec<_>>());
    Ok(vec![
        Finding::ours(
            format!("{how}: 0.95 promoted by day 14"),
            1.0,
            AtLeast(0.98),
            promoted(&at(0.95)),
        ),
        Finding::ours(
            format!("{how}: its median day"),
            5.0,
            AtMost(5.0),
            Estimate::median(&at(0.95)),
        ),
        Finding::ours(format!("{how}: any cell ≤ 0.90 promoted"), 0.0, AtMost(0.02), false_any),
    ])
}

/// The day at whose end the cell first clears.
fn promoted_on(chance: &mut Chance, truth: f64, weight: f64) -> Result<Option<u64>, Error> {
    let mut gauge = Current::new(Tolerance::new(TAU, 0.0, 1.0)?);
    for day in 1..=DAYS {
        for _ in 0..CONVERSATIONS_A_DAY {
            let quality = chance.quality(truth, CORRELATION);
            let losses = [chance.loss(1.0 - quality), chance.loss(1.0 - quality)];
            gauge.count(cluster_unit(&[1.0; 2], &losses, 1.0)?)?;
        }
        let adjusted = family::adjusted_log_e(gauge.log_e(), weight, 0);
        if day >= FIRST_LOOK && adjusted >= Level::FIVE_PERCENT.log_e_needed() {
            return Ok(Some(day));
        }
    }
    Ok(None)
}

const TWENTY: usize = 20;
/// The first ten are on the bar.
const NULLS: usize = 10;
const LOOKS: usize = 140;
const UNITS_A_LOOK: usize = 20;

/// Which of twenty cells each rule ever cleared.
struct Cleared {
    each: Vec<bool>,
    bonferroni: Vec<bool>,
    holm: Vec<bool>,
    frozen: Vec<bool>,
}

/// Ten cells on the bar and ten at 0.95, a look every 20 units, by every rule on the same cells.
pub(super) fn twenty(dice: &mut Dice<'_>) -> Result<Vec<Finding>, Error> {
    let runs = dice.round(0, |chance| cleared_by_every_rule(&histories(chance)?))?;
    let any_false = |cleared: fn(&Cleared) -> &Vec<bool>| {
        let is_false = |run: &Cleared| cleared(run)[..NULLS].iter().any(|it| *it);
        Estimate::share(&runs.iter().map(is_false).collect::<Vec<_>>())
    };
    let false_share = |cleared: fn(&Cleared) -> &Vec<bool>| {
        let share = |run: &Cleared| {
            let all = cleared(run).iter().filter(|it| **it).count().max(1);
            cleared(run)[..NULLS].iter().filter(|it| **it).count() as f64 / all as f64
        };
        Estimate::mean(&runs.iter().map(share).collect::<Vec<_>>())
    };
    Ok(vec![
        Finding::ours(
            "any of ten on the bar cleared, e-Bonferroni",
            0.005,
            AtMost(0.05),
            any_false(|run| &run.bonferroni),
        ),
        Finding::ours("the same, e-Holm", 0.015, AtMost(0.05), any_false(|run| &run.holm)),
        Finding::ours(
            "false share of what clears, frozen e-BH",
            0.0065,
            AtMost(0.05),
            false_share(|run| &run.frozen),
        ),
        Finding::control(
            "any of ten on the bar cleared, each for itself",
            0.187,
            AtLeast(0.06),
            any_false(|run| &run.each),
        ),
    ])
}

/// The logs of all cells at each look.
fn histories(chance: &mut Chance) -> Result<Vec<Vec<f64>>, Error> {
    let tolerance = Tolerance::new(TAU, 0.0, 1.0)?;
    let mut cells: Vec<Current> = (0..TWENTY).map(|_| Current::new(tolerance)).collect();
    let mut looks = Vec::new();
    for _ in 0..LOOKS {
        for (number, cell) in cells.iter_mut().enumerate() {
            let failing = if number < NULLS { TAU } else { 0.05 };
            for _ in 0..UNITS_A_LOOK {
                cell.count(crate::Unit::whole(chance.loss(failing)))?;
            }
        }
        looks.push(cells.iter().map(Gauge::log_e).collect());
    }
    Ok(looks)
}

/// From the logs of all cells to the adjusted ones.
type Rule = fn(&[f64]) -> Result<Vec<f64>, Error>;

fn cleared_by_every_rule(looks: &[Vec<f64>]) -> Result<Cleared, Error> {
    let need = Level::FIVE_PERCENT.log_e_needed();
    let ever = |rule: Rule| -> Result<Vec<bool>, Error> {
        let mut cleared = vec![false; TWENTY];
        for look in looks {
            for (cell, adjusted) in rule(look)?.into_iter().enumerate() {
                cleared[cell] |= adjusted >= need;
            }
        }
        Ok(cleared)
    };
    let frozen = family::e_bh_frozen(looks, Level::FIVE_PERCENT)?;
    Ok(Cleared {
        each: ever(|look| Ok(look.to_vec()))?,
        bonferroni: ever(family::e_bonferroni_equal)?,
        holm: ever(family::e_holm)?,
        frozen: frozen.iter().map(Option::is_some).collect(),
    })
}
