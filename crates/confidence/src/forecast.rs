//! What more traffic would do: a straight line through the evidence so far, and no promise.

use crate::{Level, Summary, Tolerance, family};

/// Units still needed until the adjusted evidence clears `level`; `None` where, as things go, it
/// never will.
pub fn units_left(log_e: f64, units: u64, weight: f64, level: Level) -> Option<u64> {
    let missing = level.log_e_needed() - family::adjusted_log_e(log_e, weight, 0);
    along_the_line(missing, log_e, units)
}

/// Units still needed until the candidate is refuted at `level` ([`is_refuted`]); `None` where, as
/// things go, it never will be. `log_e_refute` is [`Summary::log_e_refute`].
pub fn units_to_refutation(log_e_refute: f64, units: u64, level: Level) -> Option<u64> {
    along_the_line(level.log_e_needed() - log_e_refute, log_e_refute, units)
}

/// Whether even the upper bound on quality misses the bar, so that asking on is a waste.
pub fn is_refuted(summary: &Summary, tolerance: Tolerance) -> bool {
    summary.units > 0 && summary.loss_lower > tolerance.tau()
}

/// Units until evidence that grew to `log_e` over `units` has grown by `missing` more.
fn along_the_line(missing: f64, log_e: f64, units: u64) -> Option<u64> {
    if missing <= 0.0 {
        return Some(0);
    }
    let per_unit = log_e / units as f64;
    let left = (missing / per_unit).ceil();
    // Minus infinity, no units, and a weight that is none all end here too.
    (per_unit > 0.0 && left.is_finite()).then_some(left as u64)
}
