//! From which grade on may single requests of a category be routed?
//!
//! A router grades each request before any reply is seen, and a threshold keeps those that are
//! graded as high. Every threshold is a cell of its own over the units that it keeps. They are
//! tried from the strictest to the loosest and the walk ends at the first without evidence enough:
//! a fixed sequence, so that trying many of them costs nothing.

use crate::{Error, Histogram, Level, Tolerance, Unit, process};

/// The most thresholds of a walk.
pub const THRESHOLDS_MAX: usize = 1000;

/// A unit and the grade that its request had.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Graded {
    /// The grade; more is easier. It must not depend on any reply.
    pub grade: f64,
    /// The unit.
    pub unit: Unit,
}

/// A threshold that cleared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cleared {
    /// Requests graded at least so are kept.
    pub threshold: f64,
    /// Units kept.
    pub units: u64,
    /// Log of the evidence of the kept units.
    pub log_e: f64,
}

/// The loosest of `thresholds` that clears before any that does not; `None` if the strictest does
/// not. The thresholds must have been chosen before the units were seen.
///
/// # Errors
/// [`Error::Thresholds`] if they do not fall strictly, [`Error::TooManyThresholds`],
/// [`Error::Parameter`] for a grade that is no number, and what [`Unit::check`] refuses.
pub fn loosest(
    graded: &[Graded],
    thresholds: &[f64],
    tolerance: Tolerance,
    level: Level,
) -> Result<Option<Cleared>, Error> {
    check_thresholds(thresholds)?;
    graded.iter().try_for_each(|it| it.unit.check(tolerance.range()))?;
    let mut left = by_grade(graded)?.into_iter().peekable();
    let mut kept = Histogram::new();
    let mut cleared = None;
    for &threshold in thresholds {
        while let Some(next) = left.next_if(|next| next.grade >= threshold) {
            kept.add(next.unit, tolerance.range())?;
        }
        let log_e = process::log_e(&kept, tolerance);
        if log_e < level.log_e_needed() {
            break;
        }
        cleared = Some(Cleared { threshold, units: kept.totals().units, log_e });
    }
    Ok(cleared)
}

fn check_thresholds(thresholds: &[f64]) -> Result<(), Error> {
    if thresholds.len() > THRESHOLDS_MAX {
        return Err(Error::TooManyThresholds(thresholds.len()));
    }
    if let Some(&first) = thresholds.first().filter(|first| first.is_nan()) {
        return Err(Error::Thresholds { before: first, after: first });
    }
    let falls = |pair: &&[f64]| pair[0] > pair[1];
    match thresholds.windows(2).find(|pair| !falls(pair)) {
        Some(pair) => Err(Error::Thresholds { before: pair[0], after: pair[1] }),
        None => Ok(()),
    }
}

/// The best graded first.
fn by_grade(graded: &[Graded]) -> Result<Vec<Graded>, Error> {
    if let Some(bad) = graded.iter().find(|it| it.grade.is_nan()) {
        return Err(Error::Parameter { name: "grade", range: "[-inf, inf]", value: bad.grade });
    }
    let mut sorted = graded.to_vec();
    sorted.sort_by(|a, b| b.grade.total_cmp(&a.grade));
    Ok(sorted)
}
