//! Evidence as it is published, and what is forecast from it.

use crate::{bar_090, pass_fail};
use confidence::{
    CellFacts, Coverage, Evidence, Level, Mode, Summary,
    forecast::{is_refuted, units_left},
    process::{log_e, summarize},
};

#[test]
fn evidence_reads_back_as_it_was_published() {
    for log_e in [3.0364, -0.7, 0.0, f64::NEG_INFINITY] {
        let evidence = Evidence { log_e, ..evidence() };
        let text = serde_json::to_string(&evidence).unwrap();
        let back: Evidence = serde_json::from_str(&text).unwrap();
        assert_eq!(back, evidence, "{text}");
    }
}

#[test]
fn no_data_is_published_as_null() {
    let published = serde_json::to_value(evidence()).unwrap();
    for name in ["noise_floor", "top_user_share", "forecast_units"] {
        assert!(published[name].is_null(), "{name}");
    }
    assert_eq!(published["mode"], "RP");
}

#[test]
fn evidence_without_a_figure_is_refused() {
    let mut published = serde_json::to_value(evidence()).unwrap();
    published.as_object_mut().unwrap().remove("log_e");
    assert!(serde_json::from_value::<Evidence>(published).is_err());
}

#[test]
fn the_gate_reads_evidence_paid_for_the_family() {
    let facts = CellFacts::from(&evidence());
    assert!((facts.log_e_adj - (3.0 + 0.125f64.ln())).abs() < 1e-12);
    assert_eq!((facts.restarts, facts.units, facts.tau), (2, 60, 0.05));
}

#[test]
fn a_clean_cell_is_forecast_to_clear_at_the_boundary() {
    let log_e = log_e(&pass_fail(20, 0), bar_090());
    let left = units_left(log_e, 20, 1.0, Level::FIVE_PERCENT).unwrap();
    assert!((20..=40).contains(&left), "{left}");
    let in_family = units_left(log_e, 20, 0.1, Level::FIVE_PERCENT).unwrap();
    assert!(in_family > left, "{in_family}");
}

#[test]
fn a_cell_that_clears_needs_no_more() {
    let log_e = log_e(&pass_fail(43, 0), bar_090());
    assert_eq!(units_left(log_e, 43, 1.0, Level::FIVE_PERCENT), Some(0));
}

#[test]
fn a_cell_without_gain_is_never_forecast_to_clear() {
    let forecast = |log_e, units, weight| units_left(log_e, units, weight, Level::FIVE_PERCENT);
    assert_eq!(forecast(0.0, 0, 1.0), None);
    assert_eq!(forecast(-0.1, 10, 1.0), None);
    assert_eq!(forecast(f64::NEG_INFINITY, 10, 1.0), None);
    assert_eq!(forecast(1.0, 10, 0.0), None);
    assert_eq!(forecast(f64::NAN, 10, 1.0), None);
}

#[test]
fn only_a_cell_surely_under_the_bar_is_refuted() {
    let refuted = |passes, fails| is_refuted(&summary(passes, fails), bar_090());
    assert!(refuted(60, 30));
    assert!(!refuted(90, 10));
    assert!(!refuted(3, 1));
    assert!(!refuted(0, 0));
}

#[test]
fn a_refuted_cell_has_its_upper_bound_under_the_bar() {
    let got = summary(60, 30);
    assert!(got.accept_upper < 0.9 && got.accept_lower < got.accept_upper, "{got:?}");
    assert!(got.log_e_refute > Level::FIVE_PERCENT.log_e_needed());
}

#[test]
fn a_level_outside_probability_is_refused() {
    for alpha in [0.0, 1.0, -0.1, f64::NAN] {
        assert!(Level::new(alpha).is_err(), "{alpha}");
    }
}

fn summary(passes: u64, fails: u64) -> Summary {
    summarize(&pass_fail(passes, fails), bar_090(), Level::FIVE_PERCENT, 0.0)
}

fn evidence() -> Evidence {
    Evidence {
        cell: "triage/small/3".into(),
        category: "triage".into(),
        candidate: "small".into(),
        epoch: 3,
        mode: Mode::RP,
        tau: 0.05,
        loss_lo: -1.0,
        loss_hi: 1.0,
        units: 60,
        pending: 2,
        lost: 1,
        first_at: Some(1_000_000),
        last_at: Some(9_000_000),
        days: 4,
        quality: Some(0.99),
        quality_lower: Some(0.96),
        quality_upper: Some(1.01),
        noise_floor: None,
        log_e: 3.0,
        confidence: 0.95,
        confidence_adj: 0.0,
        alpha_c: 0.0,
        family_weight: 0.125,
        restarts: 2,
        recent_mean_loss: Some(0.01),
        request_mean_loss: Some(0.02),
        drift_alarm: false,
        lost_share: Some(0.0),
        top_user_share: None,
        sampled: 63.0,
        expected_sampled: 60.0,
        var_sampled: 12.0,
        coverage: Coverage { exchanges: 100, shadowed: 63, ..Coverage::default() },
        refuted: false,
        forecast_units: None,
    }
}
