//! Evidence, facts and policies to start from.

use confidence::{Coverage, Evidence, Mode};
use exchange::{DAY_US, HOUR_US, Timestamp};
use policy::{
    Actor, Approval, Decision, Epoch, GateRule, Judge, Lowering, Policy, ProductFacts, Promotion,
    Saving, Share, Stage, Translations, gate,
};
use std::collections::BTreeMap;

pub(crate) const CATEGORY: &str = "summarize";
pub(crate) const CANDIDATE: &str = "small";

/// 2026-11-01, midnight.
pub(crate) const START: Timestamp = Timestamp(1_793_491_200_000_000);

pub(crate) fn day(days: i64) -> Timestamp {
    START.plus(days * DAY_US)
}

/// Evidence that clears everything.
pub(crate) fn evidence() -> Evidence {
    Evidence {
        cell: format!("{CATEGORY}/{CANDIDATE}/1"),
        category: CATEGORY.to_owned(),
        candidate: CANDIDATE.to_owned(),
        epoch: 1,
        mode: Mode::R,
        tau: 0.1,
        loss_lo: 0.0,
        loss_hi: 1.0,
        units: 840,
        pending: 3,
        lost: 1,
        first_at: Some(START.0 + HOUR_US),
        last_at: Some(day(14).0 - HOUR_US),
        days: 14,
        quality: Some(0.965),
        quality_lower: Some(0.944),
        quality_upper: Some(0.981),
        noise_floor: None,
        log_e: 12.3,
        confidence: 0.999_995,
        confidence_adj: 0.999_89,
        alpha_c: 0.0,
        family_weight: 0.125,
        restarts: 0,
        recent_mean_loss: Some(0.03),
        request_mean_loss: Some(0.04),
        drift_alarm: false,
        lost_share: Some(0.001),
        top_user_share: Some(0.1),
        sampled: 843.0,
        expected_sampled: 843.0,
        var_sampled: 0.0,
        coverage: Coverage {
            exchanges: 1_000,
            shadowed: 843,
            not_sampled: 0,
            pending: 0,
            ineligible: BTreeMap::from([("aborted".to_owned(), 120)]),
            withheld: BTreeMap::from([("budget".to_owned(), 37)]),
            failed: BTreeMap::new(),
            blind_spot: Some(0.157),
        },
        refuted: false,
        forecast_units: Some(0),
    }
}

/// Facts that let everything pass, at the end of 14 days.
pub(crate) fn facts() -> ProductFacts {
    ProductFacts {
        as_of: day(14),
        decided_at: day(14),
        epoch: Epoch::Current,
        first_assignment_at: Some(START),
        saving: Some(Saving { share: 0.92, lower: 0.91, upper: 0.93 }),
        judge: Judge::Unmeasured,
        provider: gate::ProviderFacts { name: "openai".to_owned(), allowed: Vec::new() },
        translations: Translations { asked: 200, ..Translations::default() },
        serving: None,
    }
}

/// The gate's leave for `candidate`.
pub(crate) fn approval(candidate: &str) -> Approval {
    let evidence = Evidence { candidate: candidate.to_owned(), ..evidence() };
    match gate::decide(&evidence, &facts(), &GateRule::default()) {
        Decision::Promote(approval) => *approval,
        held @ (Decision::Hold(_) | Decision::Demote(_)) => panic!("not approved: {held:?}"),
    }
}

pub(crate) fn person() -> Actor {
    Actor::Person("ada".to_owned())
}

pub(crate) fn automation() -> Actor {
    Actor::Automation("guard".to_owned())
}

pub(crate) fn promotion(actor: Actor, stage: Stage, share: f64) -> Promotion {
    let lake_version = BTreeMap::from([("shadows".to_owned(), 41)]);
    Promotion { actor, stage, share: Share::new(share).unwrap(), lake_version }
}

pub(crate) fn lowering(actor: Actor) -> Lowering {
    Lowering { actor, decided_at: day(15), reasons: Vec::new(), note: Some("a drill".to_owned()) }
}

/// A policy in which the candidate serves a share of the category.
pub(crate) fn serving(stage: Stage, share: f64) -> Policy {
    let promotion = promotion(person(), stage, share);
    policy::promote(&Policy::observation(), &approval(CANDIDATE), promotion).unwrap()
}
