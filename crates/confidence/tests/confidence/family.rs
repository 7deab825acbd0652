//! Many cells, one error budget.

use confidence::{
    Error, Level,
    family::{
        adjusted_log_e, declared_weight, e_bh, e_bh_frozen, e_bonferroni, e_bonferroni_equal,
        e_holm, later_order, later_weight,
    },
};
use proptest::{collection::vec, prelude::*};
use std::num::NonZeroU32;

#[test]
fn declared_and_later_cells_never_spend_more_than_there_is() {
    for declared in [1, 12, 1000] {
        let count = NonZeroU32::new(declared).unwrap();
        let shared = declared_weight(count) * f64::from(declared);
        assert!((shared - 0.5).abs() < 1e-12);
    }
    let later: f64 = (1..=100_000).map(|order| later_weight(NonZeroU32::new(order).unwrap())).sum();
    assert!(later < 0.5 && later > 0.49999, "{later}");
}

#[test]
fn a_later_weight_tells_its_order_and_a_declared_one_has_none() {
    for order in [1, 2, 3, 17, 1000, 100_000].map(|order| NonZeroU32::new(order).unwrap()) {
        assert_eq!(later_order(later_weight(order)), Some(order));
        assert_eq!(later_order(declared_weight(order)), None);
    }
    assert_eq!([0.0, -1.0, f64::NAN, f64::INFINITY].map(later_order), [None; 4]);
}

#[test]
fn family_and_restarts_are_paid_for() {
    let adjusted = adjusted_log_e(240f64.ln(), 1.0 / 12.0, 0);
    assert!((adjusted - 20f64.ln()).abs() < 1e-12);
    let restarted = adjusted_log_e(240f64.ln(), 1.0 / 12.0, 2);
    assert!((restarted - 5f64.ln()).abs() < 1e-12);
}

#[test]
fn weights_that_overspend_are_refused() {
    assert!(e_bonferroni(&[1.0, 2.0], &[0.5, 0.5]).is_ok());
    assert_eq!(e_bonferroni(&[1.0, 2.0], &[0.5, 0.75]), Err(Error::FamilyWeights(1.25)));
    assert!(e_bonferroni(&[1.0, 2.0], &[1.0, 0.0]).is_err());
    assert!(e_bonferroni(&[1.0], &[f64::NAN]).is_err());
    assert!(e_bonferroni(&[1.0, 2.0], &[1.0]).is_err());
    assert!(e_bonferroni(&[f64::NAN], &[1.0]).is_err());
}

#[test]
fn an_empty_family_has_nothing_to_say() {
    assert_eq!(e_bonferroni_equal(&[]), Ok(vec![]));
    assert_eq!(e_holm(&[]), Ok(vec![]));
    assert_eq!(e_bh(&[], Level::FIVE_PERCENT), Ok(vec![]));
    assert_eq!(e_bh_frozen(&[], Level::FIVE_PERCENT), Ok(vec![]));
}

#[test]
fn looks_of_different_families_are_refused() {
    let looks = [vec![1.0, 2.0], vec![1.0]];
    let error = e_bh_frozen(&looks, Level::FIVE_PERCENT);
    assert_eq!(error, Err(Error::Lengths { left: 2, right: 1 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn holm_lies_between_bonferroni_and_no_adjustment(log_es in vec(-20.0..20.0f64, 1..12)) {
        let holm = e_holm(&log_es).unwrap();
        let bonferroni = e_bonferroni_equal(&log_es).unwrap();
        for ((holm, bonferroni), log_e) in holm.iter().zip(&bonferroni).zip(&log_es) {
            prop_assert!(bonferroni <= &(holm + 1e-9), "{bonferroni} {holm}");
            prop_assert!(holm <= &(log_e + 1e-9), "{holm} {log_e}");
        }
    }

    #[test]
    fn a_cell_that_cleared_stays_cleared(
        looks in (1..8usize).prop_flat_map(|cells| vec(vec(-3.0..9.0f64, cells), 1..6)),
    ) {
        let mut before = vec![None; looks[0].len()];
        for end in 1..=looks.len() {
            let now = e_bh_frozen(&looks[..end], Level::FIVE_PERCENT).unwrap();
            for (before, now) in before.iter().zip(&now) {
                prop_assert!(before.is_none() || before == now);
            }
            before = now;
        }
    }

    #[test]
    fn what_bonferroni_clears_e_bh_clears(log_es in vec(-5.0..12.0f64, 1..12)) {
        let cleared = e_bh(&log_es, Level::FIVE_PERCENT).unwrap();
        for (index, adjusted) in e_bonferroni_equal(&log_es).unwrap().iter().enumerate() {
            if *adjusted > Level::FIVE_PERCENT.log_e_needed() + 1e-9 {
                prop_assert!(cleared.contains(&index));
            }
        }
    }
}
