//! What is looked at after every unit: ours, and what looks as sensible.

use crate::{Error, Histogram, Tolerance, Unit, process};

/// Takes units in order, and tells the logarithm of what it takes for evidence.
pub(super) trait Gauge {
    fn count(&mut self, unit: Unit) -> Result<(), Error>;
    fn log_e(&self) -> f64;
}

/// Ours: the evidence now, of all units.
pub(super) struct Current {
    histogram: Histogram,
    tolerance: Tolerance,
}

impl Current {
    pub(super) fn new(tolerance: Tolerance) -> Self {
        Self { histogram: Histogram::new(), tolerance }
    }
}

impl Gauge for Current {
    fn count(&mut self, unit: Unit) -> Result<(), Error> {
        self.histogram.add(unit, self.tolerance.range())
    }

    fn log_e(&self) -> f64 {
        process::log_e(&self.histogram, self.tolerance)
    }
}

/// Wrong: the best evidence so far, which never falls.
pub(super) struct RunningMaximum {
    current: Current,
    best: f64,
}

impl RunningMaximum {
    pub(super) fn new(tolerance: Tolerance) -> Self {
        Self { current: Current::new(tolerance), best: 0.0 }
    }
}

impl Gauge for RunningMaximum {
    fn count(&mut self, unit: Unit) -> Result<(), Error> {
        self.current.count(unit)?;
        self.best = self.best.max(self.current.log_e());
        Ok(())
    }

    fn log_e(&self) -> f64 {
        self.best
    }
}

/// Wrong: starts anew every day and pays for the number of days, and for nothing else.
pub(super) struct Restarted {
    current: Current,
    units: u64,
    units_a_day: u64,
    log_days: f64,
}

impl Restarted {
    pub(super) fn new(tolerance: Tolerance, units_a_day: u64, days: f64) -> Self {
        let current = Current::new(tolerance);
        Self { current, units: 0, units_a_day, log_days: libm::log(days) }
    }
}

impl Gauge for Restarted {
    fn count(&mut self, unit: Unit) -> Result<(), Error> {
        if self.units.is_multiple_of(self.units_a_day) {
            self.current = Current::new(self.current.tolerance);
        }
        self.units += 1;
        self.current.count(unit)
    }

    fn log_e(&self) -> f64 {
        self.current.log_e() - self.log_days
    }
}

/// Wrong: bets what the last units suggest. It tests whether the mean was *ever* under the
/// tolerance, and clears a cell that has good days.
pub(super) struct Chasing {
    tolerance: Tolerance,
    recent_gain: f64,
    log_wealth: f64,
}

/// How much of what was recent the next unit leaves.
const MEMORY: f64 = 0.98;

impl Chasing {
    pub(super) fn new(tolerance: Tolerance) -> Self {
        Self { tolerance, recent_gain: 0.0, log_wealth: 0.0 }
    }
}

impl Gauge for Chasing {
    fn count(&mut self, unit: Unit) -> Result<(), Error> {
        let (tau, hi) = (self.tolerance.tau(), self.tolerance.hi());
        let gain = (tau * unit.weight - unit.weighted_loss) / (hi - tau);
        // The best bet on pass/fail units whose mean gain is as of late.
        let bet = (self.recent_gain * (hi - tau) / tau).clamp(0.0, 0.9);
        self.log_wealth += libm::log1p(bet * gain);
        self.recent_gain = MEMORY * self.recent_gain + (1.0 - MEMORY) * gain;
        Ok(())
    }

    fn log_e(&self) -> f64 {
        self.log_wealth
    }
}
