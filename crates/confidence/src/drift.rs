//! The detector that demotes: has the mean loss risen over tau since some unknown moment?
//!
//! A mixture e-SR detector. While the mean is at or under tau it alarms within the first `t` units
//! with probability `t / threshold` at most, and after `threshold` units on average at the
//! earliest. Unlike the evidence it depends on the order of units: they come as they closed.

use crate::{Error, Tolerance, Unit, logspace};
use std::num::NonZeroU32;

/// Number of bets.
const BETS: usize = 12;

/// Shares bet against "still good": 64ths, from slow decay to a sudden break.
const DRIFT_BETS: [f64; BETS] =
    [0.015625, 0.03125, 0.046875, 0.0625, 0.09375, 0.125, 0.1875, 0.25, 0.375, 0.5, 0.625, 0.75];

/// What is known of a live cell by its two detectors; a later one includes the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// Nothing points to a loss of quality.
    Quiet,
    /// Quality fell under what was shown at promotion: look closer, by sampling more.
    Warn,
    /// Quality fell under the bar: the reference takes over.
    Demote,
}

/// Both detectors of one live cell, over the same units in the order of closing.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveWatch {
    warn: DriftDetector,
    demote: DriftDetector,
}

impl LiveWatch {
    /// Watches a cell that was promoted under `tolerance` with the upper bound `loss_upper` on its
    /// mean loss, one of `live` cells that are watched at once.
    ///
    /// All live cells share one rate of false demotions, so each one's threshold grows with their
    /// number. A false warning costs a few more samples and is not shared.
    ///
    /// # Errors
    /// [`Error::Tolerance`] where the bound leaves no class to watch.
    pub fn new(tolerance: Tolerance, loss_upper: f64, live: NonZeroU32) -> Result<Self, Error> {
        let shown = Tolerance::new(loss_upper, tolerance.lo(), tolerance.hi())?;
        let threshold = DriftDetector::DEMOTE * f64::from(live.get());
        Ok(Self {
            warn: DriftDetector::new(shown, DriftDetector::WARN)?,
            demote: DriftDetector::new(tolerance, threshold)?,
        })
    }

    /// Takes the next unit in the order of closing.
    ///
    /// # Errors
    /// As [`DriftDetector::update`]; a unit that is refused changes nothing.
    pub fn update(&mut self, unit: Unit) -> Result<Signal, Error> {
        self.warn.update(unit)?;
        self.demote.update(unit)?;
        Ok(self.signal())
    }

    /// What all units so far say.
    pub fn signal(&self) -> Signal {
        match (self.demote.alarm_at(), self.warn.alarm_at()) {
            (Some(_), Some(_) | None) => Signal::Demote,
            (None, Some(_)) => Signal::Warn,
            (None, None) => Signal::Quiet,
        }
    }
}

/// Watches one cell.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftDetector {
    tolerance: Tolerance,
    log_threshold: f64,
    log_wealth: [f64; BETS],
    units: u64,
    alarm_at: Option<u64>,
}

impl DriftDetector {
    /// The threshold at which a promoted cell is demoted; times the number of live cells.
    pub const DEMOTE: f64 = 10_000.0;

    /// The threshold of the gate's veto, and of a warning that raises sampling.
    pub const WARN: f64 = 1_000.0;

    /// A detector that has seen nothing.
    pub fn new(tolerance: Tolerance, threshold: f64) -> Result<Self, Error> {
        if !(threshold.is_finite() && threshold > 1.0) {
            let range = "(1, inf)";
            return Err(Error::Parameter { name: "drift threshold", range, value: threshold });
        }
        Ok(Self {
            tolerance,
            log_threshold: libm::log(threshold),
            log_wealth: [f64::NEG_INFINITY; BETS],
            units: 0,
            alarm_at: None,
        })
    }

    /// Takes the next unit in the order of closing, and says whether the alarm is or was raised.
    ///
    /// # Errors
    /// As [`Unit::check`]; a unit that is refused changes nothing.
    pub fn update(&mut self, unit: Unit) -> Result<bool, Error> {
        unit.check(self.tolerance.range())?;
        self.units += 1;
        let tau = self.tolerance.tau();
        let excess = (unit.weighted_loss - tau * unit.weight) / (tau - self.tolerance.lo());
        for (log, bet) in self.log_wealth.iter_mut().zip(DRIFT_BETS) {
            *log = logspace::add(0.0, *log) + logspace::log1p(bet * excess);
        }
        if self.alarm_at.is_none() && self.is_over() {
            self.alarm_at = Some(self.units);
        }
        Ok(self.alarm_at.is_some())
    }

    /// Log of the statistic; minus infinity before the first unit.
    pub fn log_stat(&self) -> f64 {
        logspace::mean_exp(&self.log_wealth)
    }

    /// Units seen.
    pub fn units(&self) -> u64 {
        self.units
    }

    /// The unit at which the alarm was raised, the first being 1. It is never taken back.
    pub fn alarm_at(&self) -> Option<u64> {
        self.alarm_at
    }

    /// A mean is never over its greatest part, which spares most units the mean.
    fn is_over(&self) -> bool {
        self.log_wealth.iter().any(|&log| log >= self.log_threshold)
            && self.log_stat() >= self.log_threshold
    }
}
