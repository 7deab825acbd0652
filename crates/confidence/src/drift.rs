//! The detector that demotes: has the mean loss risen over tau since some unknown moment?
//!
//! A mixture e-SR detector. While the mean is at or under tau it alarms within the first `t` units
//! with probability `t / threshold` at most, and after `threshold` units on average at the
//! earliest. Unlike the evidence it depends on the order of units: they come as they closed.

use crate::{Error, Tolerance, Unit, logspace};

/// Number of bets.
const BETS: usize = 12;

/// Shares bet against "still good": 64ths, from slow decay to a sudden break.
const DRIFT_BETS: [f64; BETS] =
    [0.015625, 0.03125, 0.046875, 0.0625, 0.09375, 0.125, 0.1875, 0.25, 0.375, 0.5, 0.625, 0.75];

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
