//! Per-request thresholds: a fixed sequence, walked from the strictest.

use crate::{bar_090, pass_fail};
use confidence::{
    Error, Level, Unit,
    process::log_e,
    threshold::{Graded, THRESHOLDS_MAX, loosest},
};

/// Grades and how many conversations of each passed and failed.
const ROUTER: [(f64, u64, u64); 3] = [(0.9, 60, 0), (0.6, 60, 2), (0.3, 20, 30)];

#[test]
fn the_walk_ends_before_the_first_threshold_without_evidence() {
    check(&[0.9, 0.6, 0.3], Some((0.6, 122)));
    check(&[0.9], Some((0.9, 60)));
    check(&[0.3], None);
    check(&[], None);
}

#[test]
fn what_lies_past_a_failure_does_not_count() {
    // Nothing is graded 0.95, so the strictest threshold has no evidence and the walk ends there.
    check(&[0.95, 0.9], None);
}

#[test]
fn a_threshold_keeps_what_is_graded_as_high_and_no_more() {
    let found = walk(&[0.9]).unwrap().unwrap();
    assert_eq!(found.log_e.to_bits(), log_e(&pass_fail(60, 0), bar_090()).to_bits());
}

#[test]
fn thresholds_that_do_not_fall_are_refused() {
    for thresholds in [&[0.3, 0.6][..], &[0.5, 0.5], &[0.5, f64::NAN], &[f64::NAN]] {
        let error = walk(thresholds).unwrap_err();
        assert!(matches!(error, Error::Thresholds { .. }), "{error}");
    }
    let many: Vec<f64> = (0..=THRESHOLDS_MAX).map(|step| -(step as f64)).collect();
    assert_eq!(walk(&many), Err(Error::TooManyThresholds(THRESHOLDS_MAX + 1)));
}

#[test]
fn a_grade_or_unit_that_is_no_number_is_refused_even_where_no_threshold_reaches_it() {
    let at = |grade, loss| {
        loosest(
            &[Graded { grade, unit: Unit::whole(loss) }],
            &[0.5],
            bar_090(),
            Level::FIVE_PERCENT,
        )
    };
    assert!(matches!(at(f64::NAN, 0.0), Err(Error::Parameter { name: "grade", .. })));
    assert!(matches!(at(0.1, f64::NAN), Err(Error::Loss(_))));
    assert!(matches!(at(0.1, 1.5), Err(Error::OutsideRange { .. })));
}

fn walk(thresholds: &[f64]) -> Result<Option<confidence::threshold::Cleared>, Error> {
    let mut graded = Vec::new();
    for (grade, passes, fails) in ROUTER {
        graded.extend((0..passes).map(|_| Graded { grade, unit: Unit::whole(0.0) }));
        graded.extend((0..fails).map(|_| Graded { grade, unit: Unit::whole(1.0) }));
    }
    graded.reverse();
    loosest(&graded, thresholds, bar_090(), Level::FIVE_PERCENT)
}

fn check(thresholds: &[f64], wanted: Option<(f64, u64)>) {
    let found = walk(thresholds).unwrap();
    assert_eq!(found.map(|it| (it.threshold, it.units)), wanted);
}
