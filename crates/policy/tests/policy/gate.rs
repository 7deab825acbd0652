use crate::given::{START, day, evidence, facts};
use confidence::{Evidence, Mode, Signal, family};
use exchange::{DAY_US, HOUR_US};
use policy::{
    Decision, Epoch, GateRule, Judge, LossyTranslation, ProductFacts, Reason, Saving, Serving,
    Stage, Translations, UnmeasuredJudge, Watch, gate,
};

fn held(evidence: &Evidence, facts: &ProductFacts) -> Vec<Reason> {
    match gate::decide(evidence, facts, &GateRule::default()) {
        Decision::Hold(reasons) => reasons,
        other @ (Decision::Promote(_) | Decision::Demote(_)) => panic!("not held: {other:?}"),
    }
}

fn codes(reasons: &[Reason]) -> Vec<&'static str> {
    reasons.iter().map(|reason| reason.code.name()).collect()
}

fn check_evidence(change: impl FnOnce(&mut Evidence), expected: &[&str]) {
    let mut evidence = evidence();
    change(&mut evidence);
    assert_eq!(codes(&held(&evidence, &facts())), expected);
}

fn check_facts(change: impl FnOnce(&mut ProductFacts), expected: &[&str]) {
    let mut facts = facts();
    change(&mut facts);
    assert_eq!(codes(&held(&evidence(), &facts)), expected);
}

#[test]
fn evidence_that_clears_everything_promotes() {
    let decision = gate::decide(&evidence(), &facts(), &GateRule::default());
    let Decision::Promote(approval) = decision else { panic!("{decision:?}") };
    assert_eq!(approval.evidence(), &evidence());
    assert_eq!((approval.overridden(), approval.forced()), (&[][..], None));
    assert!(approval.assumptions().is_empty());
}

#[test]
fn each_statistical_blocker_holds() {
    check_evidence(|e| e.log_e = 2.0, &["confidence"]);
    check_evidence(|e| e.drift_alarm = true, &["drift"]);
    check_evidence(|e| e.lost_share = Some(0.03), &["lost"]);
    check_evidence(|e| e.lost_share = None, &["lost"]);
    check_evidence(|e| e.days = 2, &["min_days", "observation_floor", "observation"]);
    check_evidence(|e| e.units = 49, &["min_units"]);
    check_evidence(|e| (e.sampled, e.var_sampled) = (100.0, 100.0), &["propensity"]);
    check_evidence(|e| e.recent_mean_loss = Some(0.11), &["recent"]);
    check_evidence(|e| e.recent_mean_loss = None, &["recent"]);
    check_evidence(|e| e.request_mean_loss = Some(0.11), &["request_weighted"]);
    check_evidence(|e| e.top_user_share = Some(0.26), &["top_user"]);
}

#[test]
fn an_unknown_top_user_does_not_hold() {
    let evidence = Evidence { top_user_share: None, ..evidence() };
    let decision = gate::decide(&evidence, &facts(), &GateRule::default());
    assert!(matches!(decision, Decision::Promote(_)));
}

#[test]
fn each_product_reason_holds() {
    check_evidence(|e| e.days = 11, &["observation"]);
    check_evidence(|e| e.coverage.blind_spot = Some(0.26), &["blind_spot"]);
    check_evidence(|e| e.coverage.blind_spot = None, &["blind_spot"]);
    check_evidence(|e| e.last_at = Some(day(14).0 - 3 * DAY_US - 1), &["stale"]);
    check_evidence(|e| e.last_at = None, &["stale"]);
    check_evidence(|e| e.refuted = true, &["refuted"]);
    check_facts(|f| f.saving = None, &["no_price"]);
    check_facts(|f| f.provider.allowed = vec!["azure".to_owned()], &["provider_not_allowed"]);
    check_facts(|f| f.first_assignment_at = None, &["observation_floor", "observation"]);
}

#[test]
fn a_saving_that_may_be_none_holds() {
    let saving = |lower| Some(Saving { share: 0.3, lower, upper: 0.6 });
    check_facts(|f| f.saving = saving(0.0), &["not_cheaper"]);
    check_facts(|f| f.saving = saving(-0.01), &["not_cheaper"]);
    check_facts(|f| f.saving = saving(f64::NAN), &["not_cheaper"]);
}

#[test]
fn the_observation_may_end_an_hour_early_and_no_more() {
    let first = |us: i64| Some(START.plus(us));
    let passes = ProductFacts { first_assignment_at: first(HOUR_US), ..facts() };
    assert!(matches!(
        gate::decide(&evidence(), &passes, &GateRule::default()),
        Decision::Promote(_)
    ));
    check_facts(|f| f.first_assignment_at = first(HOUR_US + 1), &["observation"]);
}

#[test]
fn six_of_seven_dates_are_demanded() {
    let dates = |observation_days| GateRule { observation_days, ..GateRule::default() }.dates_min();
    assert_eq!([3, 7, 14, 28].map(dates), [3, 6, 12, 24]);
}

#[test]
fn a_judge_that_nobody_measured_holds_the_modes_that_rest_on_it() {
    for mode in Mode::ALL {
        let evidence = Evidence { mode, ..evidence() };
        let is_held = matches!(
            gate::decide(&evidence, &facts(), &GateRule::default()),
            Decision::Hold(reasons) if codes(&reasons) == ["judge_unmeasured"]
        );
        assert_eq!(is_held, matches!(mode, Mode::JP | Mode::JA), "mode {mode}");
        let measured = ProductFacts { judge: Judge::Measured, ..facts() };
        let decision = gate::decide(&evidence, &measured, &GateRule::default());
        assert!(matches!(decision, Decision::Promote(_)), "mode {mode}");
    }
}

#[test]
fn an_assumed_judge_passes_and_is_written_down() {
    let rule = GateRule { unmeasured_judge: UnmeasuredJudge::IsAssumed, ..GateRule::default() };
    let judged = Evidence { mode: Mode::JP, ..evidence() };
    let Decision::Promote(approval) = gate::decide(&judged, &facts(), &rule) else { panic!() };
    assert_eq!(approval.assumptions().len(), 1);
    assert!(approval.assumptions()[0].starts_with("judge_unmeasured"));
    let Decision::Promote(approval) = gate::decide(&evidence(), &facts(), &rule) else { panic!() };
    assert!(approval.assumptions().is_empty(), "mode R assumes nothing");
}

#[test]
fn evidence_on_another_definition_promotes_nothing() {
    let facts = ProductFacts { epoch: Epoch::Superseded, ..facts() };
    let Decision::Hold(reasons) = gate::decide(&evidence(), &facts, &GateRule::default()) else {
        panic!("what was measured is not what would be promoted")
    };
    assert_eq!(reasons.len(), 1);
    assert_eq!(reasons[0].code.name(), "stale");
}

/// The rule's own threshold counts, and what restarts cost.
#[test]
fn the_forecast_of_a_held_cell_is_no_promise_that_it_cleared() {
    let clear = Evidence { log_e: 60_f64.ln(), family_weight: 0.5, ..evidence() };
    let strict = GateRule { threshold: 0.99, ..GateRule::default() };
    let restarted = Evidence { restarts: 3, ..clear.clone() };
    for (evidence, rule) in [(clear, strict), (restarted, GateRule::default())] {
        let adjusted = family::adjusted_log_e(evidence.log_e, 0.5, evidence.restarts);
        let confidence_adj = confidence::confidence(adjusted, 0.0);
        let held = Evidence { confidence_adj, ..evidence };
        let Decision::Hold(reasons) = gate::decide(&held, &facts(), &rule) else { panic!() };
        assert_eq!(reasons[0].code.name(), "confidence");
        assert!(!reasons[0].remedy.contains("about 0 more"), "{}", reasons[0].remedy);
    }
}

#[test]
fn a_candidate_on_the_live_path_is_demoted_by_evidence_against_it_and_by_nothing_else() {
    let watched = |watch| ProductFacts { serving: Some(live(watch)), ..facts() };
    let decide = |evidence: &Evidence, signal| {
        gate::decide(evidence, &watched(Watch::Says(signal)), &GateRule::default())
    };
    let drifted = Evidence { drift_alarm: true, ..evidence() };
    let refuted = Evidence { refuted: true, ..evidence() };
    let stale = Evidence { last_at: None, ..evidence() };
    let code = |decision| match decision {
        Decision::Demote(reason) => Some(reason.code.name()),
        Decision::Promote(_) | Decision::Hold(_) => None,
    };
    for evidence in [evidence(), refuted.clone(), stale.clone(), drifted.clone()] {
        assert_eq!(code(decide(&evidence, Signal::Demote)), Some("drift"));
    }
    for signal in [Signal::Quiet, Signal::Warn] {
        assert_eq!(code(decide(&refuted, signal)), Some("refuted"));
        for evidence in [evidence(), stale.clone(), drifted.clone()] {
            assert_eq!(code(decide(&evidence, signal)), None, "{signal:?}");
        }
    }
    let overruled = watched(Watch::Overruled);
    assert_eq!(code(gate::decide(&refuted, &overruled, &GateRule::default())), None);
    let Decision::Hold(reasons) = decide(&drifted, Signal::Quiet) else { panic!("a veto holds") };
    assert_eq!(codes(&reasons), ["drift"]);
}

fn live(watch: Watch) -> Serving {
    Serving { stage: Stage::Live, since: day(14), units: 40, watch }
}

#[test]
fn force_skips_every_reason_but_the_floor_and_keeps_them_all_on_record() {
    let bad = Evidence { log_e: -4.0, confidence_adj: 0.0, refuted: true, ..evidence() };
    let facts = ProductFacts { as_of: day(3), decided_at: day(3), saving: None, ..facts() };
    let bad = Evidence { days: 3, last_at: Some(day(2).0), ..bad };
    let approval = gate::force(&bad, &facts, &GateRule::default(), "an outage").unwrap();
    assert_eq!(approval.forced(), Some("an outage"));
    assert_eq!(codes(approval.overridden()), ["confidence", "observation", "no_price", "refuted"]);
    assert_eq!(approval.evidence(), &bad, "force adds no evidence and changes none");
}

#[test]
fn not_even_force_goes_below_three_days() {
    let rule = GateRule::default();
    let at = |us: i64| ProductFacts { as_of: START.plus(us), ..facts() };
    let floor = 3 * DAY_US - HOUR_US;
    assert!(gate::force(&evidence(), &at(floor), &rule, "why").is_ok());
    let refused = gate::force(&evidence(), &at(floor - 1), &rule, "why").unwrap_err();
    assert_eq!(refused.code.name(), "observation_floor");
    let two_dates = Evidence { days: 2, ..evidence() };
    assert!(gate::force(&two_dates, &at(floor), &rule, "why").is_err());
}

#[test]
fn a_short_observation_set_in_the_pipeline_does_not_undercut_the_floor() {
    let rule = GateRule { observation_days: 1, ..GateRule::default() };
    let early = ProductFacts { as_of: day(2), decided_at: day(2), ..facts() };
    let evidence = Evidence { days: 2, last_at: Some(day(2).0), ..evidence() };
    let Decision::Hold(reasons) = gate::decide(&evidence, &early, &rule) else { panic!() };
    assert!(codes(&reasons).contains(&"observation_floor"));
}

#[test]
fn every_reason_says_figure_limit_and_remedy() {
    let nothing = Evidence {
        mode: Mode::JP,
        log_e: 0.0,
        units: 0,
        days: 0,
        drift_alarm: true,
        refuted: true,
        recent_mean_loss: None,
        request_mean_loss: None,
        lost_share: None,
        top_user_share: Some(0.9),
        var_sampled: 1.0,
        expected_sampled: 0.0,
        last_at: None,
        forecast_units: None,
        ..evidence()
    };
    let mut nothing = nothing;
    nothing.coverage.blind_spot = None;
    let nobody = ProductFacts {
        first_assignment_at: None,
        saving: None,
        provider: gate::ProviderFacts { name: "a".to_owned(), allowed: vec!["b".to_owned()] },
        ..facts()
    };
    let reasons = held(&nothing, &nobody);
    assert_eq!(
        codes(&reasons),
        [
            "confidence",
            "drift",
            "lost",
            "min_days",
            "min_units",
            "propensity",
            "recent",
            "request_weighted",
            "top_user",
            "observation_floor",
            "observation",
            "blind_spot",
            "no_price",
            "judge_unmeasured",
            "provider_not_allowed",
            "stale",
            "refuted",
        ]
    );
    for reason in &reasons {
        assert!(!reason.figure.is_empty() && !reason.limit.is_empty(), "{reason}");
        assert!(reason.remedy.len() > 10, "{reason}");
        let line = reason.to_string();
        assert!(!line.contains('\n') && !line.contains("NaN") && !line.contains("None"), "{line}");
    }
}

/// Of 200 calls, 12 lost a seed and 3 of these the end user's name as well.
fn lossy() -> Translations {
    let lost = |what: &str, calls| gate::Lost { what: what.to_owned(), calls };
    let lost = vec![lost("dropped seed", 12), lost("dropped user", 3)];
    Translations { asked: 200, lossy: 12, lost }
}

#[test]
fn a_lossy_translation_blocks_only_where_the_pipeline_refuses_it() {
    let refused = GateRule { lossy_translation: LossyTranslation::Refused, ..GateRule::default() };
    let facts_of = |translations| ProductFacts { translations, ..facts() };
    let cases = [
        (GateRule::default(), Translations::default(), &[][..]),
        (GateRule::default(), lossy(), &[]),
        (refused.clone(), Translations { asked: 200, ..Translations::default() }, &[]),
        (refused.clone(), lossy(), &["lossy_translation"]),
    ];
    for (rule, translations, expected) in cases {
        let facts = facts_of(translations);
        let found = match gate::decide(&evidence(), &facts, &rule) {
            Decision::Hold(reasons) => codes(&reasons),
            Decision::Promote(_) => Vec::new(),
            demoted @ Decision::Demote(_) => panic!("{demoted:?}"),
        };
        assert_eq!(found, expected, "{rule:?} {facts:?}");
    }
    let forced = gate::force(&evidence(), &facts_of(lossy()), &refused, "a drill").unwrap();
    assert_eq!(
        forced.overridden()[0].to_string(),
        "lossy_translation: 12 of 200 calls (6.0 %) lost something: dropped seed (12), dropped user \
         (3), needs no call that loses anything; have callers leave these out, choose a candidate \
         that speaks their dialect, or write `lossy_translation = \"allow\"`"
    );
}

#[test]
fn a_reason_reads_as_one_line() {
    let thin = Evidence { log_e: 2.0, ..evidence() };
    let lines: Vec<_> = held(&thin, &facts()).iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        ["confidence: 0.0000, needs at least 0.9500; about 1292 more conversations at this \
          quality would clear it"]
    );
}

/// The words of the one reason of such a kind.
#[track_caller]
fn said(evidence: &Evidence, code: &str) -> String {
    let reasons = held(evidence, &facts());
    reasons.iter().find(|reason| reason.code.name() == code).unwrap().to_string()
}

/// What a part of the cell says is told by what the whole says: a bar of 0.9 that is met, missed, or
/// missed beyond doubt.
#[test]
fn a_veto_by_a_part_says_nothing_that_the_whole_belies() {
    let of = |quality, refuted| Evidence {
        quality: Some(quality),
        refuted,
        drift_alarm: true,
        recent_mean_loss: Some(0.4),
        request_mean_loss: Some(0.4),
        ..evidence()
    };
    let cases = [
        (of(0.95, false), "for a part of the epoch", "look again tomorrow", "long conversations"),
        (of(0.9, false), "for a part of the epoch", "look again tomorrow", "long conversations"),
        (of(0.6, false), "day by day", "waiting alone", "counted by conversations"),
        (of(0.6, true), "`refuted`", "`refuted`", "`refuted`"),
    ];
    let all =
        ["part of the epoch", "start a new epoch", "look again tomorrow", "long conversations"];
    for (evidence, drift, recent, request_weighted) in cases {
        let found = ["drift", "recent", "request_weighted"].map(|code| said(&evidence, code));
        for (found, expected) in found.iter().zip([drift, recent, request_weighted]) {
            assert!(found.contains(expected), "{expected} is not in {found}");
            let belied = evidence.refuted && all.iter().any(|words| found.contains(words));
            assert!(!belied, "{found}");
        }
    }
    let unseen = Evidence { recent_mean_loss: None, ..evidence() };
    assert!(said(&unseen, "recent").contains("no conversation of the last three days"));
}

/// What is lost need not be our fault: a judge may be silent, and people may not have labelled.
#[test]
fn what_is_lost_is_sought_where_the_mode_can_lose_it() {
    for mode in Mode::ALL {
        let found = said(&Evidence { mode, lost_share: Some(0.1), ..evidence() }, "lost");
        assert_eq!(found.contains("judge"), mode.asks_judge(), "{mode}: {found}");
        assert_eq!(found.contains("label"), mode.asks_people(), "{mode}: {found}");
    }
}
