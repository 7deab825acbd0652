//! The mean loss that a cell may have, and the range its losses live in, for each mode.

use crate::{
    Error, LossRange,
    mode::{check_probability, check_share, judge_tolerance},
    unit::QUANTUM,
};

/// A tolerated mean loss inside a range of losses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    tau: f64,
    range: LossRange,
}

impl Tolerance {
    /// Any tolerance, from the figures that a cell has recorded.
    pub fn new(tau: f64, lo: f64, hi: f64) -> Result<Self, Error> {
        let range = LossRange::new(lo, hi)?;
        if lo < tau && tau < hi {
            Ok(Self { tau, range })
        } else {
            Err(Error::Tolerance { tau, lo, hi })
        }
    }

    /// Modes R and H: the quality must not be under `bar`.
    pub fn absolute(bar: f64) -> Result<Self, Error> {
        Self::new(1.0 - bar, 0.0, 1.0)
    }

    /// Mode RP: the candidate may be worse than the reference by `margin`.
    pub fn paired(margin: f64) -> Result<Self, Error> {
        check_share("margin", margin)?;
        Self::new(margin, -1.0, 1.0)
    }

    /// Mode JP: as paired, shrunk by `youden_low`, the lower bound of the judge's sensitivity plus
    /// specificity less one, because a judge that errs sees only that part of a difference.
    pub fn judged_paired(margin: f64, youden_low: f64) -> Result<Self, Error> {
        check_probability("youden_low", youden_low)?;
        Self::paired(youden_low * margin)
    }

    /// Mode JA: the judged loss that a true loss of `1 - bar` has at least.
    pub fn judged(bar: f64, false_alarm_low: f64, catch_low: f64) -> Result<Self, Error> {
        check_share("bar", bar)?;
        check_share("false_alarm_low", false_alarm_low)?;
        check_share("catch_low", catch_low)?;
        // A judge that flags good replies oftener than bad ones says the reverse of what is asked.
        if false_alarm_low >= catch_low {
            let range = "(false_alarm_low, 1]";
            return Err(Error::Parameter { name: "catch_low", range, value: catch_low });
        }
        Self::new(judge_tolerance(1.0 - bar, false_alarm_low, catch_low), 0.0, 1.0)
    }

    /// Mode PPI: judged losses counted for `eta`, audited with probability `kappa_min` or more.
    pub fn audited(bar: f64, eta: f64, kappa_min: f64) -> Result<Self, Error> {
        check_share("eta", eta)?;
        check_probability("kappa", kappa_min)?;
        Self::new(1.0 - bar, floor_quantum(eta - eta / kappa_min), ceil_quantum(1.0 / kappa_min))
    }

    /// Mode AA: disagreement over a noise floor guessed as `a_hat`, with the reference asked again
    /// with probability `rho_min` or more.
    pub fn agreement(margin: f64, a_hat: f64, rho_min: f64) -> Result<Self, Error> {
        check_share("margin", margin)?;
        check_share("a_hat", a_hat)?;
        check_probability("rho", rho_min)?;
        let lo = -a_hat - (1.0 - a_hat) / rho_min;
        let hi = 1.0 + a_hat * (1.0 / rho_min - 1.0);
        Self::new(margin, floor_quantum(lo), ceil_quantum(hi))
    }

    /// Tolerated mean loss.
    pub fn tau(self) -> f64 {
        self.tau
    }

    /// The losses that the mode can produce.
    pub fn range(self) -> LossRange {
        self.range
    }

    /// Least loss.
    pub fn lo(self) -> f64 {
        self.range.lo()
    }

    /// Greatest loss.
    pub fn hi(self) -> f64 {
        self.range.hi()
    }

    /// A loss as a value in [0, 1], more being better. With [`Tolerance::bar`] it gives the same
    /// evidence as the loss, up to the quantum.
    pub fn value(self, loss: f64) -> f64 {
        (self.hi() - loss) / (self.hi() - self.lo())
    }

    /// The tolerance as a bar in [0, 1].
    pub fn bar(self) -> f64 {
        self.value(self.tau)
    }
}

/// Widens a range downwards to whole quanta, so that rounding a loss cannot leave it.
fn floor_quantum(lo: f64) -> f64 {
    (lo * f64::from(QUANTUM)).floor() / f64::from(QUANTUM)
}

/// Widens a range upwards to whole quanta.
fn ceil_quantum(hi: f64) -> f64 {
    (hi * f64::from(QUANTUM)).ceil() / f64::from(QUANTUM)
}
