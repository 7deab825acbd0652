//! How calls become a unit.

use confidence::{
    Error, Histogram, LossRange, Row, Unit,
    unit::{cluster_unit, sampling_weight},
};

#[test]
fn the_rarer_a_call_was_asked_the_more_it_counts() {
    assert_eq!(sampling_weight(0.1, 0.1), Ok(1.0));
    assert_eq!(sampling_weight(0.5, 0.1), Ok(0.2));
}

#[test]
fn a_probability_that_breaks_the_promise_is_refused() {
    for (pi, floor) in [(0.05, 0.1), (1.1, 0.1), (0.5, 0.0), (f64::NAN, 0.1), (0.5, f64::NAN)] {
        assert!(
            matches!(sampling_weight(pi, floor), Err(Error::Propensity { .. })),
            "{pi} {floor}"
        );
    }
}

#[test]
fn a_conversation_counts_once_however_long_it_is() {
    let unit = cluster_unit(&[1.0; 10], &[0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1.0);
    assert_eq!(unit, Ok(Unit { weight: 1.0, weighted_loss: 0.2 }));
}

#[test]
fn with_a_larger_cap_a_long_conversation_counts_more() {
    let weight = |calls| cluster_unit(&vec![1.0; calls], &vec![0.0; calls], 10.0).unwrap().weight;
    assert_eq!((weight(1), weight(5), weight(30)), (0.1, 0.5, 1.0));
}

#[test]
fn the_order_of_calls_does_not_matter_to_the_last_bit() {
    let weights = [0.1, 0.2, 0.3, 0.7, 0.9, 1e-12, 0.4];
    let losses = [0.3, 0.1, 1e-9, 0.7, 0.9, 1.0, 1.0 / 3.0];
    let forward = cluster_unit(&weights, &losses, 1.0).unwrap();
    for turn in 0..weights.len() {
        let (mut weights, mut losses) = (weights, losses);
        weights.rotate_left(turn);
        losses.rotate_left(turn);
        assert_eq!(cluster_unit(&weights, &losses, 1.0), Ok(forward));
    }
}

#[test]
fn sums_are_rounded_once() {
    let losses = [1.0, 1e-16, 1e-16, 1e-16, 1e-16, -1.0];
    let unit = cluster_unit(&[1.0; 6], &losses, 6.0).unwrap();
    assert!((unit.weighted_loss * 6.0 - 4e-16).abs() < 1e-30, "{}", unit.weighted_loss);
}

#[test]
fn a_conversation_without_sampled_calls_has_no_weight() {
    let unit = cluster_unit(&[], &[], 1.0).unwrap();
    assert_eq!(unit, Unit { weight: 0.0, weighted_loss: 0.0 });
}

#[test]
fn broken_conversations_are_refused() {
    let refused =
        |weights: &[f64], losses: &[f64], cap| cluster_unit(weights, losses, cap).is_err();
    assert!(refused(&[1.0], &[], 1.0));
    assert!(refused(&[1.0], &[f64::NAN], 1.0));
    assert!(refused(&[f64::NAN], &[0.0], 1.0));
    assert!(refused(&[-0.1], &[0.0], 1.0));
    assert!(refused(&[1.0], &[0.0], 0.0));
    assert!(refused(&[1.0], &[0.0], f64::NAN));
}

#[test]
fn rounding_noise_on_a_quantum_does_not_move_a_unit() {
    let third = 1.0 / 3.0;
    assert_eq!(
        Unit { weight: third * 3.0, weighted_loss: 0.1 + 0.2 - 0.3 }.quantise(),
        Ok((0, 4096))
    );
    assert_eq!(Unit { weight: third, weighted_loss: third }.quantise(), Ok((1366, 1365)));
    assert_eq!(Unit { weight: 1.0, weighted_loss: -third }.quantise(), Ok((-1365, 4096)));
}

#[test]
fn a_loss_that_does_not_fit_the_state_is_refused() {
    let range = LossRange::new(0.0, 1e9).unwrap();
    let error = Histogram::new().add(Unit::whole(1e9), range);
    assert_eq!(error, Err(Error::TooLarge(1e9)));
}

#[test]
fn the_range_of_losses_is_held_at_both_ends() {
    let add = |weight, weighted_loss, range| {
        Histogram::new().add(Unit { weight, weighted_loss }, range).is_ok()
    };
    assert!(add(0.5, 0.5, LossRange::ABSOLUTE));
    assert!(!add(0.5, 0.51, LossRange::ABSOLUTE));
    assert!(!add(0.5, -0.01, LossRange::ABSOLUTE));
    assert!(add(0.5, -0.5, LossRange::PAIRED));
    assert!(!add(1.01, 0.0, LossRange::ABSOLUTE));
}

#[test]
fn negative_losses_keep_their_place_in_the_rows() {
    let mut histogram = Histogram::new();
    for loss in [0.5, -1.0, 0.0, -1.0] {
        histogram.add(Unit::whole(loss), LossRange::PAIRED).unwrap();
    }
    let row = |loss_q, count| Row { loss_q, weight_q: 4096, count };
    assert_eq!(histogram.rows(), [row(-4096, 2), row(0, 1), row(2048, 1)]);
    assert_eq!(histogram.mean_loss(), Some(-0.375));
}

#[test]
fn rows_that_no_unit_could_have_made_are_refused() {
    let row = Row { loss_q: 0, weight_q: 4097, count: 1 };
    assert_eq!(Histogram::from_rows([row]), Err(Error::Row(4097)));
}
