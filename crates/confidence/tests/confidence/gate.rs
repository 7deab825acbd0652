//! What blocks a promotion, and what a person is told about it.

use confidence::{CellFacts, GateRule, gate::blockers};

#[test]
fn a_cell_that_keeps_every_limit_is_not_blocked() {
    check(|_| (), &[]);
}

#[test]
fn each_blocker_tells_the_figure_and_the_limit() {
    check(|facts| facts.log_e_adj = 10f64.ln(), &["confidence 0.9000 < 0.9500"]);
    check(|facts| facts.drift_alarm = true, &["drift: quality was under the bar for a while"]);
    check(|facts| facts.lost_share = Some(0.031), &["lost 3.1 % > 2.0 %"]);
    check(|facts| facts.days = 2, &["days with units 2 < 3"]);
    check(|facts| facts.units = 49, &["units 49 < 50"]);
    check(|facts| facts.sampled = 241.0, &["sampler off by 4.1 sd > 4.0"]);
    check(|facts| facts.sampled = 159.0, &["sampler off by 4.1 sd > 4.0"]);
    check(|facts| facts.recent_mean_loss = Some(0.12), &["recent mean loss 0.1200 > 0.1000"]);
    check(|facts| facts.request_mean_loss = Some(0.2), &["mean loss by calls 0.2000 > 0.1000"]);
    check(|facts| facts.top_user_share = Some(0.4), &["top user 40.0 % > 25.0 %"]);
}

#[test]
fn limits_themselves_are_allowed() {
    check(|facts| facts.units = 50, &[]);
    check(|facts| facts.days = 3, &[]);
    check(|facts| facts.lost_share = Some(0.02), &[]);
    check(|facts| facts.top_user_share = Some(0.25), &[]);
    check(|facts| facts.recent_mean_loss = Some(0.1), &[]);
    check(|facts| facts.log_e_adj = 20f64.ln(), &[]);
    check(|facts| facts.sampled = 240.0, &[]);
}

#[test]
fn what_is_not_known_blocks() {
    check(|facts| facts.recent_mean_loss = None, &["recent: no data"]);
    check(|facts| facts.request_mean_loss = None, &["request_weighted: no data"]);
    check(|facts| facts.lost_share = None, &["lost: no data"]);
}

#[test]
fn what_is_no_number_blocks() {
    check_names(|facts| facts.log_e_adj = f64::NAN, &["confidence"]);
    check_names(|facts| facts.alpha_c = f64::NAN, &["confidence"]);
    check_names(|facts| facts.lost_share = Some(f64::NAN), &["lost"]);
    check_names(|facts| facts.var_sampled = f64::NAN, &["propensity"]);
    check_names(|facts| facts.expected_sampled = f64::NAN, &["propensity"]);
    check_names(|facts| facts.recent_mean_loss = Some(f64::NAN), &["recent"]);
    check_names(|facts| facts.top_user_share = Some(f64::NAN), &["top_user"]);
    check_names(|facts| facts.tau = f64::NAN, &["recent", "request_weighted"]);
}

#[test]
fn unknown_users_do_not_block() {
    check(|facts| facts.top_user_share = None, &[]);
}

#[test]
fn a_sampler_without_chance_cannot_be_off() {
    check(|facts| (facts.var_sampled, facts.sampled) = (0.0, 150.0), &[]);
}

#[test]
fn a_restart_costs_a_factor_of_two_and_a_calibration_its_level() {
    check_names(|facts| (facts.log_e_adj, facts.restarts) = (39f64.ln(), 1), &["confidence"]);
    check_names(|facts| (facts.log_e_adj, facts.restarts) = (41f64.ln(), 1), &[]);
    check_names(|facts| (facts.log_e_adj, facts.alpha_c) = (24f64.ln(), 0.01), &["confidence"]);
    check_names(|facts| (facts.log_e_adj, facts.alpha_c) = (26f64.ln(), 0.01), &[]);
}

#[test]
fn blockers_are_sorted_by_name() {
    let worst = |facts: &mut CellFacts| {
        facts.log_e_adj = f64::NEG_INFINITY;
        facts.drift_alarm = true;
        facts.lost_share = None;
        (facts.days, facts.units, facts.sampled) = (0, 0, 0.0);
        facts.recent_mean_loss = None;
        facts.request_mean_loss = None;
        facts.top_user_share = Some(1.0);
    };
    let mut wanted = [
        "confidence",
        "min_units",
        "min_days",
        "recent",
        "request_weighted",
        "drift",
        "lost",
        "top_user",
        "propensity",
    ];
    wanted.sort_unstable();
    check_names(worst, &wanted);
}

#[test]
fn blockers_read_back_from_a_decision() {
    let mut facts = fine();
    (facts.lost_share, facts.drift_alarm, facts.units) = (Some(0.031), true, 7);
    let found = blockers(&facts, &GateRule::default());
    let text = serde_json::to_string(&found).unwrap();
    assert!(text.contains(r#"{"name":"lost","figure":0.031,"limit":0.02}"#), "{text}");
    let back: Vec<confidence::Blocker> = serde_json::from_str(&text).unwrap();
    assert_eq!(back, found);
}

fn fine() -> CellFacts {
    CellFacts {
        log_e_adj: 21f64.ln(),
        restarts: 0,
        alpha_c: 0.0,
        units: 200,
        days: 4,
        tau: 0.1,
        recent_mean_loss: Some(0.05),
        request_mean_loss: Some(0.06),
        drift_alarm: false,
        lost_share: Some(0.01),
        top_user_share: Some(0.1),
        sampled: 205.0,
        expected_sampled: 200.0,
        var_sampled: 100.0,
    }
}

fn check(change: impl Fn(&mut CellFacts), wanted: &[&str]) {
    assert_eq!(found(change, ToString::to_string), wanted);
}

fn check_names(change: impl Fn(&mut CellFacts), wanted: &[&str]) {
    assert_eq!(found(change, |blocker| blocker.name.to_string()), wanted);
}

fn found(
    change: impl Fn(&mut CellFacts),
    tell: impl Fn(&confidence::Blocker) -> String,
) -> Vec<String> {
    let mut facts = fine();
    change(&mut facts);
    blockers(&facts, &GateRule::default()).iter().map(tell).collect()
}
