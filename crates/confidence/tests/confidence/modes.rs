//! Losses and tolerances of the modes.

use confidence::{
    Error, Mode, Tolerance,
    mode::{aa_excess_loss, aipw_loss},
};

#[test]
fn names_are_the_contract_s_and_read_back() {
    let names: Vec<&str> = Mode::ALL.iter().map(|mode| mode.name()).collect();
    assert_eq!(names, ["R", "RP", "H", "PPI", "JP", "JA", "AA"]);
    for mode in Mode::ALL {
        assert_eq!(mode.to_string().parse(), Ok(mode));
        assert_eq!(serde_json::to_string(&mode).unwrap(), format!("\"{mode}\""));
    }
    assert_eq!("judge".parse::<Mode>(), Err(Error::Mode("judge".into())));
}

#[test]
fn paired_and_judged_modes_know_it() {
    let names = |holds: fn(Mode) -> bool| -> Vec<&str> {
        Mode::ALL.into_iter().filter(|&mode| holds(mode)).map(Mode::name).collect()
    };
    assert_eq!(names(Mode::is_paired), ["RP", "JP", "AA"]);
    assert_eq!(names(Mode::is_judged), ["JP", "JA"]);
    assert_eq!(names(Mode::asks_judge), ["PPI", "JP", "JA"]);
    assert_eq!(names(Mode::asks_people), ["H", "PPI"]);
}

#[test]
fn tolerances_are_those_of_the_modes() {
    check(Tolerance::absolute(0.75), 0.25, 0.0, 1.0);
    check(Tolerance::paired(0.05), 0.05, -1.0, 1.0);
    check(Tolerance::paired(0.0), 0.0, -1.0, 1.0);
    check(Tolerance::judged_paired(0.05, 0.6), 0.03, -1.0, 1.0);
    check(Tolerance::judged(0.9, 0.1, 0.8), 0.17, 0.0, 1.0);
    check(Tolerance::audited(0.9, 0.5, 0.25), 0.1, -1.5, 4.0);
    check(Tolerance::agreement(0.03, 0.0625, 1.0), 0.03, -1.0, 1.0);
    check(Tolerance::agreement(0.03, 0.25, 0.25), 0.03, -3.25, 1.75);
}

#[test]
fn ranges_widen_to_whole_quanta_so_that_rounding_stays_inside() {
    let tolerance = Tolerance::agreement(0.03, 0.07, 0.3).unwrap();
    assert_eq!((tolerance.hi() * 4096.0).fract(), 0.0);
    assert_eq!((tolerance.lo() * 4096.0).fract(), 0.0);
    assert!(tolerance.hi() >= 1.0 + 0.07 * (1.0 / 0.3 - 1.0));
    assert!(tolerance.lo() <= -0.07 - 0.93 / 0.3);
}

#[test]
fn a_tolerance_that_decides_nothing_is_refused() {
    for bar in [0.0, 1.0, 1.2, -0.1, f64::NAN] {
        assert!(matches!(Tolerance::absolute(bar), Err(Error::Tolerance { .. })), "bar {bar}");
    }
    assert!(Tolerance::paired(1.0).is_err());
    assert!(Tolerance::paired(-0.1).is_err());
    assert!(Tolerance::judged_paired(0.05, 0.0).is_err());
    assert!(Tolerance::judged(0.9, 0.8, 0.8).is_err());
    assert!(Tolerance::audited(0.9, 0.5, 0.0).is_err());
    assert!(Tolerance::new(0.1, 1.0, 0.0).is_err());
}

#[test]
fn values_run_from_worst_to_best() {
    let paired = Tolerance::paired(0.5).unwrap();
    assert_eq!((paired.value(1.0), paired.value(-1.0), paired.bar()), (0.0, 1.0, 0.25));
}

#[test]
fn an_audit_corrects_the_judge_without_bias() {
    for (judge, human, kappa, eta) in [(1.0, 0.0, 0.25, 0.5), (0.0, 1.0, 0.1, 1.0)] {
        let audited = aipw_loss(judge, Some(human), kappa, eta).unwrap();
        let spared = aipw_loss(judge, None, kappa, eta).unwrap();
        let mean = kappa * audited + (1.0 - kappa) * spared;
        assert!((mean - human).abs() < 1e-12, "{mean}");
    }
}

#[test]
fn the_noise_floor_is_taken_off_without_bias() {
    for (cand, control, rho, a_hat) in [(1.0, 1.0, 0.2, 0.07), (1.0, 0.0, 0.5, 0.0)] {
        let asked = aa_excess_loss(cand, Some(control), rho, a_hat).unwrap();
        let spared = aa_excess_loss(cand, None, rho, a_hat).unwrap();
        let mean = rho * asked + (1.0 - rho) * spared;
        assert!((mean - (cand - control)).abs() < 1e-12, "{mean}");
    }
}

#[test]
fn losses_without_a_number_or_a_chance_are_refused() {
    assert!(aipw_loss(f64::NAN, None, 0.5, 0.5).is_err());
    assert!(aipw_loss(0.0, Some(f64::NAN), 0.5, 0.5).is_err());
    assert!(aipw_loss(0.0, Some(0.0), 0.0, 0.5).is_err());
    assert!(aa_excess_loss(0.0, Some(0.0), 1.5, 0.1).is_err());
    assert!(aa_excess_loss(0.0, Some(0.0), 0.5, f64::NAN).is_err());
}

fn check(got: Result<Tolerance, Error>, tau: f64, lo: f64, hi: f64) {
    let got = got.unwrap();
    assert!((got.tau() - tau).abs() < 1e-15, "{got:?}");
    assert_eq!((got.lo(), got.hi()), (lo, hi));
}
