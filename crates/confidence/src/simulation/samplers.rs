//! Which units are counted, and how much each: the watermark and the weights.

use super::{
    Bound::{AtLeast, AtMost},
    Chance, Dice, Finding,
    gauges::{Current, Gauge},
};
use crate::{
    Error, Level, Tolerance, Unit,
    unit::sampling_weight,
    watermark::{Closing, Watermark, prefix},
};

/// Fourteen days at 200 conversations a day.
const UNITS: usize = 2800;
/// The tolerated share of failures; the truth is on it.
const TAU: f64 = 0.1;

/// Units that pass or fail, through the histogram, with a look after each.
pub(super) fn plain(dice: &mut Dice<'_>) -> Result<Vec<Finding>, Error> {
    let share = dice.share(0, |chance| {
        promoted(Current::new(absolute()?), (0..UNITS).map(|_| Unit::whole(chance.loss(TAU))))
    })?;
    Ok(vec![Finding::ours(
        "false at 0.90, a look after each of 2,800 units",
        0.0416,
        AtMost(0.05),
        share,
    )])
}

/// Failures that are known 100 units after they happened, passes that are known at once.
pub(super) fn late(dice: &mut Dice<'_>) -> Result<Vec<Finding>, Error> {
    let marked = dice.share(0, |chance| late_cell(chance, counted_behind_the_watermark))?;
    let scored = dice.share(0, |chance| late_cell(chance, counted_when_scored))?;
    Ok(vec![
        Finding::ours("false at 0.90, counted behind the watermark", 0.046, AtMost(0.05), marked),
        Finding::control("false at 0.90, counted when scored", 1.0, AtLeast(0.95), scored),
    ])
}

const LATE: i64 = 100;

/// The losses that may be counted now of units that closed one a tick, `next` of which are counted.
type Counting = fn(units: &[Closing], next: &mut usize, now: i64) -> Result<Vec<f64>, Error>;

fn late_cell(chance: &mut Chance, counting: Counting) -> Result<bool, Error> {
    let losses: Vec<f64> = (0..UNITS).map(|_| chance.loss(TAU)).collect();
    let mut units: Vec<Closing> =
        (0..UNITS as i64).map(|at| Closing { seq: at as u64, closed_at: at, loss: None }).collect();
    let mut gauge = Current::new(absolute()?);
    let mut next = 0;
    for now in 0..UNITS {
        if losses[now] == 0.0 {
            units[now].loss = Some(0.0);
        }
        if let Some(known) = now.checked_sub(LATE as usize) {
            units[known].loss = Some(losses[known]);
        }
        let counted = counting(&units, &mut next, now as i64)?;
        if promoted_at_last(&mut gauge, &counted)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn promoted_at_last(gauge: &mut Current, losses: &[f64]) -> Result<bool, Error> {
    for &loss in losses {
        gauge.count(Unit::whole(loss))?;
    }
    Ok(gauge.log_e() >= Level::FIVE_PERCENT.log_e_needed())
}

fn counted_behind_the_watermark(
    units: &[Closing],
    next: &mut usize,
    now: i64,
) -> Result<Vec<f64>, Error> {
    let open = &units[*next..=now as usize];
    let counted = prefix(open, Watermark { now, wait_max: 10 * LATE, lost_loss: 1.0 })?;
    *next += counted.len();
    Ok(counted.into_iter().map(|unit| unit.loss).collect())
}

/// Wrong: a pass counts when it happens and a failure when it is known.
fn counted_when_scored(units: &[Closing], _: &mut usize, now: i64) -> Result<Vec<f64>, Error> {
    let passed = units[now as usize].loss.filter(|loss| *loss == 0.0);
    let known = usize::try_from(now - LATE).ok().and_then(|at| units[at].loss);
    Ok(passed.into_iter().chain(known.filter(|loss| *loss > 0.0)).collect())
}

/// Half of the calls are easy and half are hard; after a hard one failed, hard ones are asked
/// five times less often for a while.
pub(super) fn reacting(dice: &mut Dice<'_>) -> Result<Vec<Finding>, Error> {
    let weighted =
        dice.share(0, |chance| reacting_cell(chance, |pi| sampling_weight(pi, PI_FLOOR)))?;
    let unweighted = dice.share(0, |chance| reacting_cell(chance, |_| Ok(1.0)))?;
    Ok(vec![
        Finding::ours(
            "false at 0.90, weighted by the logged probability",
            0.023,
            AtMost(0.05),
            weighted,
        ),
        Finding::control("false at 0.90, unweighted", 1.0, AtLeast(0.9), unweighted),
    ])
}

const PI: f64 = 0.5;
const PI_FLOOR: f64 = 0.1;
/// Calls that could be asked.
const CALLS: usize = 8000;
/// Calls for which a failure is remembered.
const SHY: usize = 40;

fn reacting_cell(
    chance: &mut Chance,
    weight: impl Fn(f64) -> Result<f64, Error>,
) -> Result<bool, Error> {
    let mut shy = 0;
    let mut units = Vec::new();
    for _ in 0..CALLS {
        let is_hard = chance.happens(0.5);
        let loss = chance.loss(if is_hard { 0.18 } else { 0.02 });
        let pi = if is_hard && shy > 0 { PI_FLOOR } else { PI };
        shy = usize::saturating_sub(shy, 1);
        if chance.happens(pi) {
            let weight = weight(pi)?;
            units.push(Unit { weight, weighted_loss: weight * loss });
            shy = if is_hard && loss > 0.0 { SHY } else { shy };
        }
    }
    promoted(Current::new(absolute()?), units)
}

/// Whether any look finds evidence enough.
pub(super) fn promoted(
    gauge: impl Gauge,
    units: impl IntoIterator<Item = Unit>,
) -> Result<bool, Error> {
    Ok(promoted_after(gauge, units)?.is_some())
}

/// The unit after which a look first finds evidence enough, the first being 1.
pub(super) fn promoted_after(
    mut gauge: impl Gauge,
    units: impl IntoIterator<Item = Unit>,
) -> Result<Option<u64>, Error> {
    let need = Level::FIVE_PERCENT.log_e_needed();
    for (unit, number) in units.into_iter().zip(1..) {
        gauge.count(unit)?;
        if gauge.log_e() >= need {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

fn absolute() -> Result<Tolerance, Error> {
    Tolerance::new(TAU, 0.0, 1.0)
}
