//! One conversation of one cell, as weight and weighted loss.
//!
//! Calls inside a conversation depend on each other; counted one by one they would promote falsely
//! in two cells of five. So a conversation counts once, with a weight that is capped.

use crate::{Error, sum};

/// Weights and losses are counted in 1/4096.
pub const QUANTUM: u16 = 4096;

/// Float noise that does not move a value to the next quantum, in quanta.
pub const QUANTUM_SLACK: f64 = 1e-6;

/// How far a loss may be outside its range by rounding alone.
const RANGE_SLACK: f64 = 1e-9;

/// What the statistics count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// Weight, in [0, 1].
    pub weight: f64,
    /// The weight times the conversation's mean loss.
    pub weighted_loss: f64,
}

impl Unit {
    /// A conversation of full weight.
    pub fn whole(loss: f64) -> Self {
        Self { weight: 1.0, weighted_loss: loss }
    }

    /// Refuses what is no number or lies outside the range.
    pub fn check(self, range: LossRange) -> Result<(), Error> {
        let Self { weight, weighted_loss: loss } = self;
        if !(0.0..=1.0).contains(&weight) {
            return Err(Error::Weight(weight));
        }
        if !loss.is_finite() {
            return Err(Error::Loss(loss));
        }
        let LossRange { lo, hi } = range;
        if loss < lo * weight - RANGE_SLACK || loss > hi * weight + RANGE_SLACK {
            return Err(Error::OutsideRange { loss, lo, hi });
        }
        Ok(())
    }

    /// The unit in quanta: loss rounded up and weight rounded down, so that rounding can only
    /// lessen the evidence for a candidate.
    pub fn quantise(self) -> Result<(i32, u16), Error> {
        let scale = f64::from(QUANTUM);
        let loss_q = (self.weighted_loss * scale - QUANTUM_SLACK).ceil();
        if !(f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&loss_q) {
            return Err(Error::TooLarge(self.weighted_loss));
        }
        let weight_q = (self.weight * scale + QUANTUM_SLACK).floor();
        Ok((loss_q as i32, weight_q as u16))
    }
}

/// The losses that a mode can produce.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossRange {
    lo: f64,
    hi: f64,
}

impl LossRange {
    /// One minus an acceptability.
    pub const ABSOLUTE: Self = Self { lo: 0.0, hi: 1.0 };

    /// The difference of two losses.
    pub const PAIRED: Self = Self { lo: -1.0, hi: 1.0 };

    /// Any other range.
    pub fn new(lo: f64, hi: f64) -> Result<Self, Error> {
        if lo.is_finite() && hi.is_finite() && lo < hi {
            Ok(Self { lo, hi })
        } else {
            Err(Error::Range { lo, hi })
        }
    }

    /// Least loss.
    pub fn lo(self) -> f64 {
        self.lo
    }

    /// Greatest loss: what a reply counts that never came.
    pub fn hi(self) -> f64 {
        self.hi
    }
}

/// Self-normalised weight of a sampled call, in (0, 1]. A call that was not sampled contributes
/// nothing at all, so an idle sampler cannot raise the evidence.
pub fn sampling_weight(pi: f64, pi_floor: f64) -> Result<f64, Error> {
    if 0.0 < pi_floor && pi_floor <= pi && pi <= 1.0 {
        Ok(pi_floor / pi)
    } else {
        Err(Error::Propensity { pi, pi_floor })
    }
}

/// Collapses the sampled calls of one conversation. With `cap` 1 every conversation counts about
/// once; a larger cap comes closer to counting calls.
pub fn cluster_unit(weights: &[f64], losses: &[f64], cap: f64) -> Result<Unit, Error> {
    check_cluster(weights, losses, cap)?;
    let total = sum::exact(weights.iter().copied());
    if total <= 0.0 {
        return Ok(Unit { weight: 0.0, weighted_loss: 0.0 });
    }
    let loss = sum::exact(weights.iter().zip(losses).map(|(weight, loss)| weight * loss));
    let weight = total.min(cap) / cap;
    Ok(Unit { weight, weighted_loss: loss * (weight / total) })
}

fn check_cluster(weights: &[f64], losses: &[f64], cap: f64) -> Result<(), Error> {
    if weights.len() != losses.len() {
        return Err(Error::Lengths { left: weights.len(), right: losses.len() });
    }
    if !(cap.is_finite() && cap > 0.0) {
        return Err(Error::Cap(cap));
    }
    if let Some(&weight) = weights.iter().find(|weight| !(0.0..=1.0).contains(*weight)) {
        return Err(Error::Weight(weight));
    }
    match losses.iter().find(|loss| !loss.is_finite()) {
        Some(&loss) => Err(Error::Loss(loss)),
        None => Ok(()),
    }
}
