//! The e-process: what a histogram says against "the mean loss is at least tau".
//!
//! Sixteen gamblers bet fixed shares of their wealth that the loss is below tau; the evidence is
//! their mean wealth. Fixed bets make it a function of the histogram alone, and valid for the
//! running mean under drift, for whoever looks as often as they like. It never takes a running
//! maximum: the statement is about the mean now, and has to fall when quality falls.

use crate::{Error, Histogram, LossRange, Row, Tolerance, logspace};

/// The most halvings of a search for a bound; floats run out before.
const BISECTIONS_MAX: usize = 100;

/// Number of bets on either side.
const BETS: usize = 16;

/// Shares bet against "too bad": odd thirty-seconds, equally weighted.
const PROMOTION_BETS: [f64; BETS] = [
    0.03125, 0.09375, 0.15625, 0.21875, 0.28125, 0.34375, 0.40625, 0.46875, 0.53125, 0.59375,
    0.65625, 0.71875, 0.78125, 0.84375, 0.90625, 0.96875,
];

/// Shares bet against "good enough": 2^-1 to 2^-10 and 3·2^-3 to 3·2^-8.
const REFUTATION_BETS: [f64; BETS] = [
    0.0009765625,
    0.001953125,
    0.00390625,
    0.0078125,
    0.01171875,
    0.015625,
    0.0234375,
    0.03125,
    0.046875,
    0.0625,
    0.09375,
    0.125,
    0.1875,
    0.25,
    0.375,
    0.5,
];

/// The probability of error that a statement may have, strictly between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Level(f64);

impl Level {
    /// One statement in twenty.
    pub const FIVE_PERCENT: Self = Self(0.05);

    /// A level; a threshold of 0.95 is the level `1 - 0.95`.
    pub fn new(alpha: f64) -> Result<Self, Error> {
        if alpha > 0.0 && alpha < 1.0 {
            Ok(Self(alpha))
        } else {
            Err(Error::Parameter { name: "alpha", range: "(0, 1)", value: alpha })
        }
    }

    /// The probability.
    pub fn alpha(self) -> f64 {
        self.0
    }

    /// The logarithm of the evidence that this level demands.
    pub fn log_e_needed(self) -> f64 {
        libm::log(1.0 / self.0)
    }
}

/// Everything that one histogram says about one tolerance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Units counted.
    pub units: u64,
    /// Sum of the weights, in quanta.
    pub weight_q: u128,
    /// Sum of the weighted losses, in quanta.
    pub loss_q: i128,
    /// Log of the evidence that the mean loss is below the tolerance.
    pub log_e: f64,
    /// One minus the anytime-valid p-value, unadjusted for the family.
    pub confidence: f64,
    /// Upper bound on the mean loss.
    pub loss_upper: f64,
    /// Lower bound on the mean loss.
    pub loss_lower: f64,
    /// Lower bound on acceptability.
    pub accept_lower: f64,
    /// Upper bound on acceptability.
    pub accept_upper: f64,
    /// Log of the evidence that the mean loss is above the tolerance.
    pub log_e_refute: f64,
}

/// All of it in one call. `alpha_c` pays for a calibration set, and is 0 where none was used.
pub fn summarize(
    histogram: &Histogram,
    tolerance: Tolerance,
    level: Level,
    alpha_c: f64,
) -> Summary {
    let totals = histogram.totals();
    let log_e = log_e(histogram, tolerance);
    let loss_upper = loss_upper_bound(histogram, tolerance.range(), level);
    let loss_lower = loss_lower_bound(histogram, tolerance.range(), level);
    Summary {
        units: totals.units,
        weight_q: totals.weight_q,
        loss_q: totals.loss_q,
        log_e,
        confidence: confidence(log_e, alpha_c),
        loss_upper,
        loss_lower,
        accept_lower: 1.0 - loss_upper,
        accept_upper: 1.0 - loss_lower,
        log_e_refute: log_e_refute(histogram, tolerance),
    }
}

/// Log of the evidence that the mean loss is below the tolerance; 0 where nothing was counted.
pub fn log_e(histogram: &Histogram, tolerance: Tolerance) -> f64 {
    log_wealth_below(&histogram.rows(), tolerance.tau(), tolerance.hi())
}

/// Log of the evidence that the mean loss is above the tolerance: for triage and vetoes only.
pub fn log_e_refute(histogram: &Histogram, tolerance: Tolerance) -> f64 {
    log_wealth_above(&histogram.rows(), tolerance.tau(), tolerance.lo())
}

/// The least tolerance that the evidence clears: an upper bound on the mean loss.
///
/// Evidence grows with the tolerance, except where a whole loss of fractional weight was rounded
/// to more than its weight. There the bound may be wider than needed; it is never too narrow,
/// because rounding only lessens the evidence.
pub fn loss_upper_bound(histogram: &Histogram, range: LossRange, level: Level) -> f64 {
    let rows = histogram.rows();
    let need = level.log_e_needed();
    bisect(range, |tau| log_wealth_below(&rows, tau, range.hi()) >= need).1
}

/// The greatest tolerance that the evidence refutes: a lower bound on the mean loss.
pub fn loss_lower_bound(histogram: &Histogram, range: LossRange, level: Level) -> f64 {
    let rows = histogram.rows();
    let need = level.log_e_needed();
    bisect(range, |tau| log_wealth_above(&rows, tau, range.lo()) < need).0
}

/// One minus the anytime-valid p-value, less what a calibration set cost; in [0, 1]. Evidence that
/// is no number, and a cost that is no probability, leave no confidence at all.
pub fn confidence(log_e: f64, alpha_c: f64) -> f64 {
    let is_paid = (0.0..=1.0).contains(&alpha_c);
    if is_paid && log_e > 0.0 { (-libm::expm1(-log_e) - alpha_c).max(0.0) } else { 0.0 }
}

fn log_wealth_below(rows: &[Row], tau: f64, hi: f64) -> f64 {
    let scale = f64::from(crate::unit::QUANTUM) * (hi - tau);
    log_wealth(rows, &PROMOTION_BETS, |row| {
        (tau * f64::from(row.weight_q) - f64::from(row.loss_q)) / scale
    })
}

fn log_wealth_above(rows: &[Row], tau: f64, lo: f64) -> f64 {
    let scale = f64::from(crate::unit::QUANTUM) * (tau - lo);
    log_wealth(rows, &REFUTATION_BETS, |row| {
        (f64::from(row.loss_q) - tau * f64::from(row.weight_q)) / scale
    })
}

/// Each bet adds up in the order of the rows; that order and no other is what makes the result
/// the same bits wherever the rows came from.
fn log_wealth(rows: &[Row], bets: &[f64; BETS], gain: impl Fn(&Row) -> f64) -> f64 {
    let mut logs = [0.0; BETS];
    for row in rows {
        let gain = gain(row);
        let count = row.count as f64;
        for (log, bet) in logs.iter_mut().zip(bets) {
            *log += count * logspace::log1p(bet * gain);
        }
    }
    logspace::mean_exp(&logs)
}

/// Narrows the range around the point where `is_above` turns true.
fn bisect(range: LossRange, is_above: impl Fn(f64) -> bool) -> (f64, f64) {
    let (mut below, mut above) = (range.lo(), range.hi());
    for _ in 0..BISECTIONS_MAX {
        let middle = 0.5 * (below + above);
        if !(below < middle && middle < above) {
            break;
        }
        if is_above(middle) {
            above = middle;
        } else {
            below = middle;
        }
    }
    (below, above)
}
