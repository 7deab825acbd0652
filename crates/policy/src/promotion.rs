//! From one version of the policy to the next. Pure: the caller writes the file, exclusively.
//!
//! A promotion needs the gate's [`Approval`] and a person; automation can only lower. Demotion and
//! rollback never send a candidate more than it gets now: the way back is always safe, and a
//! candidate that a rollback would bring back has to be promoted again, on fresh evidence.

use crate::{
    Error,
    chance::Share,
    decision::{Action, Actor, Code, DecisionRecord, Reason, Weighed, evidence_digest},
    gate::Approval,
    policy::{FORMAT, Policy, RouteRule, Stage, Step},
};
use exchange::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Hexadecimal digits of a salt.
const SALT_DIGITS: usize = 16;

/// What a person asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Promotion {
    /// Who asks.
    pub actor: Actor,
    /// The stage to promote to.
    pub stage: Stage,
    /// The share of conversations that the candidate is to serve, from the decision on.
    pub share: Share,
    /// The version of each table that the evidence was read from.
    pub lake_version: BTreeMap<String, u64>,
}

/// A move towards the reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowering {
    /// Who moves.
    pub actor: Actor,
    /// When.
    pub decided_at: Timestamp,
    /// What the gate found, where it was the gate.
    pub reasons: Vec<Reason>,
    /// What the person wrote.
    pub note: Option<String>,
}

/// The policy in which the approved candidate serves its category.
///
/// # Errors
/// [`Error::AutomationMayNotRaise`] unless a person asks.
pub fn promote(
    policy: &Policy,
    approval: &Approval,
    promotion: Promotion,
) -> Result<Policy, Error> {
    if let Actor::Automation(_) = promotion.actor {
        return Err(Error::AutomationMayNotRaise);
    }
    let weighed = approval.weighed(&promotion.lake_version);
    let at = weighed.decided_at;
    let mut record =
        DecisionRecord::empty(Action::Promote, promotion.actor, at, policy.version + 1);
    record.weigh(&weighed);
    record.approve(approval);
    record.stage = Some(promotion.stage);
    let rule = RouteRule {
        candidate: approval.evidence().candidate.clone(),
        stage: promotion.stage,
        schedule: vec![Step { from: at, share: promotion.share }],
    };
    let mut routes = policy.routes.clone();
    routes.insert(approval.evidence().category.clone(), rule);
    Ok(next(policy, routes, record))
}

/// The policy in which the reference serves the category again.
///
/// # Errors
/// [`Error::NotServed`] if it does already.
pub fn demote(policy: &Policy, category: &str, lowering: Lowering) -> Result<Policy, Error> {
    let mut routes = policy.routes.clone();
    let Some(rule) = routes.remove(category) else {
        return Err(Error::NotServed(category.to_owned()));
    };
    let mut record = lowered(Action::Demote, policy, lowering);
    record.category = Some(category.to_owned());
    record.candidate = Some(rule.candidate);
    Ok(next(policy, routes, record))
}

/// The policy in which the reference serves a category again because the evidence turned: the gate
/// found `reason`, and no person is asked.
///
/// # Errors
/// [`Error::NotServed`] if the weighed candidate does not serve its category.
pub fn turn_back(
    policy: &Policy,
    weighed: &Weighed<'_>,
    reason: Reason,
    automation: &str,
) -> Result<Policy, Error> {
    let (category, candidate) = (&weighed.evidence.category, &weighed.evidence.candidate);
    let mut routes = policy.routes.clone();
    match routes.remove(category) {
        Some(rule) if rule.candidate == *candidate => {}
        Some(_) | None => return Err(Error::NotServed(category.clone())),
    }
    let actor = Actor::Automation(automation.to_owned());
    let at = weighed.decided_at;
    let mut record = DecisionRecord::empty(Action::Demote, actor, at, policy.version + 1);
    record.weigh(weighed);
    record.reasons = vec![reason];
    Ok(next(policy, routes, record))
}

/// A candidate that serves a category, and what was known when it was promoted.
#[derive(Clone, Debug, PartialEq)]
pub struct Promoted {
    /// The candidate.
    pub candidate: String,
    /// Its stage.
    pub stage: Stage,
    /// When it was promoted, in this or an earlier version.
    pub since: Timestamp,
    /// The upper bound on its mean loss then; `None` where no evidence was on record.
    pub loss_upper: Option<f64>,
    /// Whether the evidence let it.
    pub leave: Leave,
}

/// Whether evidence let a promotion pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Nothing that was known spoke against the candidate.
    Given,
    /// It was refuted, and a person promoted it all the same.
    Overruled,
}

/// Who serves each category under the newest of all versions, oldest first.
#[must_use]
pub fn served(history: &[Policy]) -> BTreeMap<String, Promoted> {
    let Some(newest) = history.last() else { return BTreeMap::new() };
    let promoted = |(category, rule): (&String, &RouteRule)| {
        let decisions = history.iter().rev().filter_map(|policy| policy.decision.as_ref());
        let mut own = decisions.filter(|decision| {
            decision.action == Action::Promote
                && decision.category.as_ref() == Some(category)
                && decision.candidate.as_ref() == Some(&rule.candidate)
        });
        let decision = own.next();
        let known = decision.and_then(|decision| decision.evidence.as_ref());
        let overruled = decision.is_some_and(|decision| {
            decision.reasons.iter().any(|reason| reason.code == Code::Refuted)
        });
        let promoted = Promoted {
            candidate: rule.candidate.clone(),
            stage: rule.stage,
            since: decision.map_or(newest.created_at, |decision| decision.decided_at),
            loss_upper: known.and_then(|evidence| evidence.quality_lower).map(|lower| 1.0 - lower),
            leave: if overruled { Leave::Overruled } else { Leave::Given },
        };
        (category.clone(), promoted)
    };
    newest.routes.iter().map(promoted).collect()
}

/// The policy with the routes of an `earlier` version, as far as that sends no candidate more than
/// it gets now. Where it would, the category keeps what it has, or goes to its reference if the
/// earlier version had another candidate there.
///
/// # Errors
/// [`Error::NotEarlier`] if `earlier` is not an earlier version.
pub fn rollback(policy: &Policy, earlier: &Policy, lowering: Lowering) -> Result<Policy, Error> {
    if earlier.version >= policy.version {
        return Err(Error::NotEarlier { from: policy.version, to: earlier.version });
    }
    let lower = |(category, now): (&String, &RouteRule)| {
        let then = earlier.routes.get(category)?;
        let same = then.candidate == now.candidate;
        same.then(|| (category.clone(), lesser(now, then, lowering.decided_at)))
    };
    let routes = policy.routes.iter().filter_map(lower).collect();
    let record = lowered(Action::Rollback, policy, lowering);
    Ok(next(policy, routes, record))
}

/// Of two rules for one candidate the one that sends it less, now and at the end of its schedule.
fn lesser(now: &RouteRule, then: &RouteRule, at: Timestamp) -> RouteRule {
    let no_more = then.share(at) <= now.share(at) && then.share_max() <= now.share_max();
    let chosen = if no_more { then } else { now };
    let share = chosen.share(at);
    // A schedule of the past is cut to what it says now: its later steps were approved for then.
    let schedule = vec![Step { from: at, share }];
    RouteRule { candidate: chosen.candidate.clone(), stage: chosen.stage, schedule }
}

fn lowered(action: Action, policy: &Policy, lowering: Lowering) -> DecisionRecord {
    let Lowering { actor, decided_at, reasons, note } = lowering;
    let mut record = DecisionRecord::empty(action, actor, decided_at, policy.version + 1);
    record.reasons = reasons;
    record.note = note;
    record
}

fn next(policy: &Policy, routes: BTreeMap<String, RouteRule>, record: DecisionRecord) -> Policy {
    Policy {
        format: FORMAT,
        version: policy.version + 1,
        parent: Some(policy.version),
        created_at: record.decided_at,
        salt: if policy.salt.is_empty() { salt(&record) } else { policy.salt.clone() },
        routes,
        decision: Some(record),
    }
}

/// A deployment's first salt comes from its first decision, so that this stays a pure function.
fn salt(record: &DecisionRecord) -> String {
    let digest = record.evidence.as_ref().and_then(evidence_digest).unwrap_or_default();
    let hash = Sha256::digest(format!("{} {digest}", record.decided_at.0));
    format!("{hash:x}")[..SALT_DIGITS].to_owned()
}
