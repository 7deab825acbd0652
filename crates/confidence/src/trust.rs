//! How far a judge's word counts beside people's labels in mode PPI: the `eta` of a day, by the
//! labelled replies of days before.
//!
//! A reply's loss is `eta·J`, and where chance asked a person about it `(H − eta·J)/kappa` more. Its
//! mean is that of the labels for *every* `eta` that was fixed before the audit was drawn, so nothing
//! here can make the gate err. What it decides is how far the losses scatter: their variance is that
//! of `H` and `(1/kappa − 1)·E[(H − eta·J)²]` besides, least at `E[J·H] / E[J²]`.
//!
//! A judge that hardly follows people adds scatter for nothing, and an estimate from few labels is
//! itself chance. Until labels show a correlation of [`RHO_SQUARED_MIN`], its word counts nothing:
//! `eta` is 0, and labels alone decide, as in mode H.

use crate::{Error, mode::check_share};
use serde::Serialize;

/// The least square of the correlation between judge and people at which the judge's word counts
/// (confidence.md, 2.7): below, it saves hardly a label.
pub const RHO_SQUARED_MIN: f64 = 0.3;

/// Labelled replies before which no correlation is taken for known.
pub const LABELS_MIN: u64 = 30;

/// `eta` comes in sixteenths: near its best nothing hangs on it, and every value of its own makes losses
/// of their own, which a histogram has to count apart.
const STEPS: f64 = 16.0;

/// A variance under this is rounding: all said the same.
const VARIANCE_MIN: f64 = 1e-12;

/// Replies with a judge's loss `J` and a person's label, `H` = 1 where it would not do; added up, each
/// with the weight of the draws that picked it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Labelled {
    /// How many.
    pub labels: u64,
    /// The sum of the weights.
    pub weight: f64,
    /// The weighted sum of `J`.
    pub judge: f64,
    /// Of `J²`.
    pub judge_squared: f64,
    /// Of `H`, which is its own square.
    pub human: f64,
    /// Of `J·H`.
    pub both: f64,
}

/// What labels say of a judge's word.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Trust {
    /// The replies that were labelled and judged.
    pub labels: u64,
    /// The square of the correlation between judge and people; 0 where the judge says the reverse, and
    /// `None` where there are too few labels, or one side said always the same.
    pub rho_squared: Option<f64>,
    /// How far the judge's word counts, from 0 (not at all) to 1, in sixteenths.
    pub eta: f64,
}

impl Labelled {
    /// Counts a reply.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a judge's loss or a weight outside [0, 1], or no number.
    pub fn add(&mut self, judge: f64, acceptable: bool, weight: f64) -> Result<(), Error> {
        check_share("loss", judge)?;
        check_share("weight", weight)?;
        let human = if acceptable { 0.0 } else { weight };
        self.labels += 1;
        self.weight += weight;
        self.judge += weight * judge;
        self.judge_squared += weight * judge * judge;
        self.human += human;
        self.both += human * judge;
        Ok(())
    }

    /// What they say of the judge.
    pub fn trust(&self) -> Trust {
        let rho_squared = self.rho_squared();
        let eta = match rho_squared {
            Some(known) if known >= RHO_SQUARED_MIN => self.both / self.judge_squared,
            Some(_) | None => 0.0,
        };
        let eta = (eta.clamp(0.0, 1.0) * STEPS).round() / STEPS;
        Trust { labels: self.labels, rho_squared, eta }
    }

    /// The square of the correlation, where it is known.
    fn rho_squared(&self) -> Option<f64> {
        let Self { labels, weight, judge, judge_squared, human, both } = *self;
        if labels < LABELS_MIN {
            return None;
        }
        let (judge, human) = (judge / weight, human / weight);
        let covariance = both / weight - judge * human;
        let variances = [judge_squared / weight - judge * judge, human * (1.0 - human)];
        // Asked this way round, so that what is no number is not known.
        let both_vary = variances.iter().all(|variance| *variance > VARIANCE_MIN);
        let rho_squared = covariance.max(0.0) * covariance / (variances[0] * variances[1]);
        (both_vary && rho_squared.is_finite()).then(|| rho_squared.clamp(0.0, 1.0))
    }
}
