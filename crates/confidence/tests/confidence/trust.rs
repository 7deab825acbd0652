//! How far a judge's word counts beside labels.

use confidence::{
    Labelled,
    trust::{LABELS_MIN, RHO_SQUARED_MIN},
};
use proptest::prelude::*;

/// Replies by what judge and person said: flagged and bad, flagged and good, passed and bad, passed
/// and good.
fn labelled(counts: [u64; 4]) -> Labelled {
    let mut labelled = Labelled::default();
    let said = [(1.0, false), (1.0, true), (0.0, false), (0.0, true)];
    for ((judge, acceptable), count) in said.into_iter().zip(counts) {
        (0..count).for_each(|_| labelled.add(judge, acceptable, 1.0).unwrap());
    }
    labelled
}

#[track_caller]
fn check(counts: [u64; 4], rho_squared: Option<f64>, eta: f64) {
    let trust = labelled(counts).trust();
    assert_eq!(trust.labels, counts.iter().sum::<u64>());
    match (trust.rho_squared, rho_squared) {
        (Some(found), Some(wanted)) => assert!((found - wanted).abs() < 1e-12, "{found}"),
        (found, wanted) => assert_eq!(found, wanted),
    }
    assert!((trust.eta - eta).abs() < 1e-12, "{}", trust.eta);
}

#[test]
fn a_judge_that_follows_people_counts_by_how_often_its_flags_are_right() {
    check([20, 0, 0, 80], Some(1.0), 1.0);
    // cov = 0.18 − 0.2·0.2, both variances 0.16.
    check([18, 2, 2, 78], Some(0.14_f64.powi(2) / 0.16_f64.powi(2)), 14.0 / 16.0);
}

#[test]
fn a_judge_that_hardly_follows_people_or_says_the_reverse_counts_nothing() {
    // cov = 0.05 − 0.3·0.1, variances 0.21 and 0.09.
    check([5, 25, 5, 65], Some(0.02_f64.powi(2) / (0.21 * 0.09)), 0.0);
    check([0, 50, 50, 0], Some(0.0), 0.0);
}

#[test]
fn what_is_not_known_counts_nothing() {
    check([0; 4], None, 0.0);
    check([5, 0, 0, LABELS_MIN - 6], None, 0.0);
    check([5, 0, 0, LABELS_MIN - 5], Some(1.0), 1.0);
    // Nobody found anything bad, or the judge passed everything: nothing follows anything.
    check([0, 10, 0, 90], None, 0.0);
    check([0, 0, 10, 90], None, 0.0);
}

#[test]
fn figures_that_are_none_are_refused_or_count_nothing() {
    let mut labelled = labelled([20, 0, 0, 80]);
    for wrong in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
        assert!(labelled.add(wrong, true, 1.0).is_err());
        assert!(labelled.add(0.5, true, wrong).is_err());
    }
    assert_eq!(labelled.labels, 100, "what is refused is not counted");
    for broken in [f64::NAN, f64::INFINITY, 0.0] {
        let trust = Labelled { weight: broken, ..labelled }.trust();
        assert_eq!((trust.rho_squared, trust.eta), (None, 0.0), "{broken}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..Default::default() })]

    /// Whatever was said, the word counts from 0 to 1, and something only where the correlation is known
    /// and enough; scaling all weights changes nothing.
    #[test]
    fn the_word_counts_only_where_it_is_known_to_follow(
        said in prop::collection::vec((0.0..=1.0_f64, any::<bool>(), 0.01..=1.0_f64), 0..80),
    ) {
        let (mut whole, mut scaled) = (Labelled::default(), Labelled::default());
        for (judge, acceptable, weight) in said {
            whole.add(judge, acceptable, weight).unwrap();
            scaled.add(judge, acceptable, weight * 0.5).unwrap();
        }
        let trust = whole.trust();
        prop_assert!((0.0..=1.0).contains(&trust.eta));
        prop_assert!(trust.eta == 0.0 || trust.rho_squared >= Some(RHO_SQUARED_MIN));
        // A ratio between two steps may fall to either.
        prop_assert!((trust.eta - scaled.trust().eta).abs() <= 1.0 / 16.0);
    }

    /// No other `eta` leaves labels less to correct, but for the step that it is rounded to.
    #[test]
    fn the_share_that_counts_is_the_one_that_scatters_least(
        (hits, false_flags, misses, passes) in (20..60_u64, 0..15_u64, 0..10_u64, 60..200_u64),
        other in 0.0..=1.0_f64,
    ) {
        let counts = [hits, false_flags, misses, passes];
        let trust = labelled(counts).trust();
        prop_assume!(trust.eta > 0.0);
        let [hit, false_flag, miss, _] = counts.map(|count| count as f64);
        let left = |eta: f64| hit * (1.0 - eta).powi(2) + false_flag * eta * eta + miss;
        let step = (hit + false_flag) / 32_f64.powi(2);
        prop_assert!(left(trust.eta) <= left(other) + step + 1e-9);
    }
}
