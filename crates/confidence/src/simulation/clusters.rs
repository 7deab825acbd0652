//! Calls of one conversation depend on each other.

use super::{
    Bound::{AtLeast, AtMost},
    Chance, Dice, Finding,
    gauges::{Current, Gauge},
    samplers::promoted,
};
use crate::{Error, Level, Tolerance, Unit, unit::cluster_unit};

/// Conversations of a cell.
const CONVERSATIONS: usize = 2800;
/// Calls of a conversation.
const CALLS: usize = 10;
/// Correlation of two calls of one conversation.
const CORRELATION: f64 = 0.3;
const TAU: f64 = 0.1;

/// One unit for each conversation, from all, three or one of its calls; and one for each call.
pub(super) fn conversations(dice: &mut Dice<'_>) -> Result<Vec<Finding>, Error> {
    let mut found = Vec::new();
    for (asked, expected) in [(CALLS, 0.016), (3, 0.025), (1, 0.034)] {
        let share = dice.share(asked as u64, |chance| {
            let units: Result<Vec<Unit>, Error> =
                (0..CONVERSATIONS).map(|_| conversation(chance, asked)).collect();
            promoted(Current::new(Tolerance::new(TAU, 0.0, 1.0)?), units?)
        })?;
        let what = format!("false at 0.90, {asked} of a conversation's {CALLS} calls as one unit");
        found.push(Finding::ours(what, expected, AtMost(0.05), share));
    }
    let share = dice.share(CALLS as u64, each_call_a_unit)?;
    found.push(Finding::control("false at 0.90, each call a unit", 0.434, AtLeast(0.2), share));
    Ok(found)
}

fn conversation(chance: &mut Chance, asked: usize) -> Result<Unit, Error> {
    cluster_unit(&[1.0; CALLS][..asked], &losses(chance)[..asked], 1.0)
}

fn losses(chance: &mut Chance) -> [f64; CALLS] {
    let quality = chance.quality(1.0 - TAU, CORRELATION);
    std::array::from_fn(|_| chance.loss(1.0 - quality))
}

/// Wrong: ten calls speak like ten conversations. Looked at once a conversation.
fn each_call_a_unit(chance: &mut Chance) -> Result<bool, Error> {
    let mut gauge = Current::new(Tolerance::new(TAU, 0.0, 1.0)?);
    for _ in 0..CONVERSATIONS {
        for loss in losses(chance) {
            gauge.count(Unit::whole(loss))?;
        }
        if gauge.log_e() >= Level::FIVE_PERCENT.log_e_needed() {
            return Ok(true);
        }
    }
    Ok(false)
}
