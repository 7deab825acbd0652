//! What the crate is given that is no evidence: one test for each row of the table in the crate's
//! documentation.

use crate::{bar_090, pass_fail};
use confidence::{
    CellFacts, DriftDetector, Error, Evidence, GateRule, Histogram, Level, LossRange, Mode, Row,
    Tolerance, Unit,
    gate::blockers,
    mode::{aa_excess_loss, absolute_loss, aipw_loss, judged_loss, paired_loss},
    process::{confidence, log_e, summarize},
    unit::{cluster_unit, sampling_weight},
    watermark::{Closing, Watermark, prefix},
};

const NO_SHARES: [f64; 5] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.01, 1.01];

#[test]
fn scores_outside_0_and_1_are_refused_in_every_mode() {
    for bad in NO_SHARES {
        refused_share(absolute_loss(bad), bad);
        refused_share(paired_loss(bad, 0.0), bad);
        refused_share(paired_loss(0.0, bad), bad);
        refused_share(judged_loss(bad, [0.0, 0.0]), bad);
        refused_share(judged_loss(0.0, [0.0, bad]), bad);
        refused_share(aipw_loss(bad, None, 0.5, 0.5), bad);
        refused_share(aipw_loss(0.0, Some(bad), 0.5, 0.5), bad);
        refused_share(aa_excess_loss(bad, None, 0.5, 0.5), bad);
        refused_share(aa_excess_loss(0.0, Some(bad), 0.5, 0.5), bad);
    }
}

#[test]
fn weighted_losses_outside_their_range_are_refused_and_leave_no_trace() {
    let mut histogram = pass_fail(3, 1);
    let before = histogram.clone();
    for (loss, wanted) in [
        (f64::NAN, "loss must be a finite number"),
        (f64::INFINITY, "loss must be a finite number"),
        (1.01, "outside its declared range"),
        (-0.01, "outside its declared range"),
    ] {
        let error = histogram.add(Unit::whole(loss), LossRange::ABSOLUTE).unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
    }
    assert_eq!(histogram, before);
}

#[test]
fn a_unit_without_weight_is_checked_and_not_counted() {
    let mut histogram = Histogram::new();
    let unit = |weighted_loss| Unit { weight: 0.0, weighted_loss };
    assert_eq!(histogram.add(unit(0.0), LossRange::ABSOLUTE), Ok(()));
    assert!(histogram.add(unit(0.5), LossRange::ABSOLUTE).is_err());
    assert_eq!((histogram.totals().units, histogram.mean_loss()), (0, None));
    assert_eq!(cluster_unit(&[0.0, 0.0], &[1.0, 1.0], 1.0), Ok(unit(0.0)));
}

#[test]
fn a_weight_too_small_for_the_state_is_counted_against_the_candidate_alone() {
    let mut histogram = Histogram::new();
    let unit = |weighted_loss| Unit { weight: 1e-5, weighted_loss };
    histogram.add(unit(0.0), LossRange::ABSOLUTE).unwrap();
    assert_eq!(log_e(&histogram, bar_090()), 0.0);
    histogram.add(unit(1e-5), LossRange::ABSOLUTE).unwrap();
    assert!(log_e(&histogram, bar_090()) < 0.0);
    assert_eq!(histogram.totals().units, 2);
}

#[test]
fn propensities_of_zero_above_one_or_under_their_floor_are_refused() {
    for (pi, floor) in [(0.0, 0.0), (0.5, 0.0), (1.01, 0.5), (0.4, 0.5), (f64::NAN, 0.5)] {
        let error = sampling_weight(pi, floor).unwrap_err();
        assert!(matches!(error, Error::Propensity { .. }), "{error}");
    }
}

#[test]
fn units_out_of_order_or_twice_are_refused() {
    let mark = Watermark { now: 100, wait_max: 50, lost_loss: 1.0 };
    let at = |seqs: [u64; 3]| {
        prefix(&seqs.map(|seq| Closing { seq, closed_at: 10, loss: Some(0.0) }), mark)
    };
    assert!(at([1, 2, 9]).is_ok());
    assert_eq!(at([1, 1, 2]), Err(Error::Order { before: 1, after: 1 }));
    assert_eq!(at([1, 3, 2]), Err(Error::Order { before: 3, after: 2 }));
    let nan = [Closing { seq: 1, closed_at: 1000, loss: Some(f64::NAN) }];
    assert!(matches!(prefix(&nan, mark), Err(Error::Loss(_))));
}

#[test]
fn a_clock_that_went_backwards_moves_no_unit_past_another() {
    let closed = [30, 10, 20].iter().zip(1..);
    let units: Vec<Closing> = closed
        .map(|(&closed_at, seq)| Closing { seq, closed_at, loss: (seq != 2).then_some(0.0) })
        .collect();
    let look = |now| {
        let counted = prefix(&units, Watermark { now, wait_max: 50, lost_loss: 1.0 }).unwrap();
        counted.iter().map(|unit| unit.seq).collect::<Vec<_>>()
    };
    // The second is pending, and holds back the third whatever its clock said.
    assert_eq!(look(25), [0; 0]);
    assert_eq!(look(40), [1]);
    assert_eq!(look(60), [1, 2, 3]);
    // A look from before is a look at less, and times at the ends of the scale overflow nothing.
    assert_eq!(look(30), [1]);
    assert_eq!(look(i64::MIN), [0; 0]);
    assert_eq!(look(i64::MAX), [1, 2, 3]);
}

#[test]
fn an_empty_epoch_says_nothing_and_blocks() {
    let got = summarize(&Histogram::new(), bar_090(), Level::FIVE_PERCENT, 0.0);
    assert_eq!((got.units, got.log_e, got.confidence), (0, 0.0, 0.0));
    assert_eq!((got.accept_lower, got.accept_upper), (0.0, 1.0));
    let unseen = Evidence::unseen(Mode::R, bar_090());
    let found = blockers(&CellFacts::from(&unseen), &GateRule::default());
    let names: Vec<&str> = found.iter().map(|blocker| blocker.name.as_str()).collect();
    let wanted = ["confidence", "lost", "min_days", "min_units", "recent", "request_weighted"];
    assert_eq!(names, wanted);
}

#[test]
fn counts_near_overflow_saturate_and_stay_mergeable_in_any_order() {
    let range = LossRange::ABSOLUTE;
    let of = |count| {
        let mut histogram = Histogram::new();
        histogram.add_many(Unit::whole(0.0), count, range).unwrap();
        histogram.add_many(Unit::whole(1.0), count, range).unwrap();
        histogram
    };
    let parts = [of(u64::MAX - 1), of(3), of(u64::MAX / 2)];
    let merged = |order: [usize; 3]| {
        let mut whole = Histogram::new();
        order.iter().for_each(|&part| whole.merge(&parts[part]));
        whole
    };
    let whole = merged([0, 1, 2]);
    assert_eq!(whole, merged([2, 1, 0]));
    assert_eq!(whole, merged([1, 2, 0]));
    assert_eq!(whole.rows().iter().map(|row| row.count).collect::<Vec<_>>(), [u64::MAX; 2]);
    assert_eq!(whole.totals().units, u64::MAX);
    assert_eq!(whole.mean_loss(), Some(0.5));
    let got = summarize(&whole, bar_090(), Level::FIVE_PERCENT, 0.0);
    assert!(got.log_e.is_finite() && got.log_e < -1e17, "{}", got.log_e);
    assert_eq!(got.confidence, 0.0);
    assert!(got.loss_lower > 0.4 && got.loss_upper <= 1.0, "{got:?}");
}

#[test]
fn the_greatest_losses_of_a_full_histogram_still_sum() {
    let worst = Row { loss_q: i32::MAX, weight_q: 4096, count: u64::MAX };
    let best = Row { loss_q: i32::MIN, ..worst };
    let histogram = Histogram::from_rows([worst, best]).unwrap();
    let totals = histogram.totals();
    assert_eq!(totals.weight_q, 2 * 4096 * u128::from(u64::MAX));
    assert_eq!(totals.loss_q, -i128::from(u64::MAX));
    let too_great = Unit::whole(f64::from(i32::MAX));
    let range = LossRange::new(0.0, 1e12).unwrap();
    assert!(matches!(Histogram::new().add(too_great, range), Err(Error::TooLarge(_))));
}

#[test]
fn a_cost_of_calibration_that_is_no_probability_leaves_no_confidence() {
    assert!(confidence(10.0, 0.0) > 0.99);
    for bad in NO_SHARES {
        assert_eq!(confidence(10.0, bad), 0.0, "{bad}");
    }
    assert_eq!(confidence(f64::NAN, 0.0), 0.0);
}

#[test]
fn tolerances_and_ranges_that_decide_nothing_are_refused() {
    for (tau, lo, hi) in [(0.0, 0.0, 1.0), (1.0, 0.0, 1.0), (f64::NAN, 0.0, 1.0)] {
        assert!(matches!(Tolerance::new(tau, lo, hi), Err(Error::Tolerance { .. })), "{tau}");
    }
    for (lo, hi) in [(1.0, 0.0), (0.0, 0.0), (f64::NEG_INFINITY, 1.0), (0.0, f64::NAN)] {
        assert!(matches!(LossRange::new(lo, hi), Err(Error::Range { .. })), "{lo} {hi}");
    }
}

#[test]
fn a_detector_refuses_what_the_histogram_refuses_and_forgets_it() {
    let mut detector = DriftDetector::new(bar_090(), DriftDetector::DEMOTE).unwrap();
    detector.update(Unit::whole(1.0)).unwrap();
    let before = detector.clone();
    for loss in [f64::NAN, f64::INFINITY, 1.5, -0.5] {
        assert!(detector.update(Unit::whole(loss)).is_err(), "{loss}");
    }
    assert_eq!(detector, before);
}

fn refused_share(got: Result<f64, Error>, bad: f64) {
    match got {
        Err(Error::Parameter { range: "[0, 1]", value, .. }) => {
            assert!(value == bad || (value.is_nan() && bad.is_nan()), "{value} {bad}");
        }
        other => panic!("{bad} gave {other:?}"),
    }
}
