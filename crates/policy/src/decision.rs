//! The record of a decision: the published format `schemas/decision.v1.json`, and a row of the
//! table `decisions`.
//!
//! A record carries what the decision saw, so that it can be replayed: the evidence with its
//! digest, the versions of the tables, the threshold, and each reason with its figure.

use crate::{Stage, gate::Approval};
use confidence::{BlockerName, Evidence};
use exchange::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// What was decided, by whom, on what evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionRecord {
    /// When, in microseconds.
    pub decided_at: Timestamp,
    /// The moment that the evidence speaks of; `None` where none was weighed.
    pub as_of: Option<Timestamp>,
    /// The version of each table that the evidence was read from.
    pub lake_version: BTreeMap<String, u64>,
    /// The category; `None` where the decision concerns all of them.
    pub category: Option<String>,
    /// The candidate; `None` where the decision concerns all of them.
    pub candidate: Option<String>,
    /// What was decided.
    pub action: Action,
    /// The stage that the candidate is now at; `None` where it serves nothing.
    pub stage: Option<Stage>,
    /// Who decided.
    pub actor: Actor,
    /// The confidence that was demanded.
    pub threshold: Option<f64>,
    /// The adjusted confidence that was found.
    pub confidence: Option<f64>,
    /// Why it was held or demoted; on a forced promotion what was overridden.
    pub reasons: Vec<Reason>,
    /// What was taken for granted instead of measured.
    pub assumptions: Vec<String>,
    /// The reason given with `--force`; `None` on every decision that the gate allowed.
    pub forced: Option<String>,
    /// What the person wrote.
    pub note: Option<String>,
    /// The policy's version after the decision.
    pub policy_version: u64,
    /// SHA-256 of the evidence as compact JSON, in hexadecimal.
    pub evidence_digest: Option<String>,
    /// The evidence itself.
    pub evidence: Option<Evidence>,
}

impl DecisionRecord {
    /// The record of a promotion that the gate refused; the policy stays at `policy_version`.
    #[must_use]
    pub fn hold(
        weighed: &Weighed<'_>,
        reasons: Vec<Reason>,
        actor: Actor,
        policy_version: u64,
    ) -> Self {
        let mut record = Self::empty(Action::Hold, actor, weighed.decided_at, policy_version);
        record.weigh(weighed);
        record.reasons = reasons;
        record
    }

    /// A record that says nothing yet beyond who, when and what.
    pub(crate) fn empty(action: Action, actor: Actor, at: Timestamp, policy_version: u64) -> Self {
        Self {
            decided_at: at,
            as_of: None,
            lake_version: BTreeMap::new(),
            category: None,
            candidate: None,
            action,
            stage: None,
            actor,
            threshold: None,
            confidence: None,
            reasons: Vec::new(),
            assumptions: Vec::new(),
            forced: None,
            note: None,
            policy_version,
            evidence_digest: None,
            evidence: None,
        }
    }

    /// Notes what was weighed.
    pub(crate) fn weigh(&mut self, weighed: &Weighed<'_>) {
        self.as_of = Some(weighed.as_of);
        self.lake_version.clone_from(weighed.lake_version);
        self.threshold = Some(weighed.threshold);
        self.category = Some(weighed.evidence.category.clone());
        self.candidate = Some(weighed.evidence.candidate.clone());
        self.confidence = Some(weighed.evidence.confidence_adj);
        self.evidence_digest = evidence_digest(weighed.evidence);
        self.evidence = Some(weighed.evidence.clone());
    }

    /// Notes what the gate allowed, and on which conditions.
    pub(crate) fn approve(&mut self, approval: &Approval) {
        self.reasons = approval.overridden().to_vec();
        self.assumptions = approval.assumptions().to_vec();
        self.forced = approval.forced().map(ToOwned::to_owned);
    }
}

/// The evidence that was weighed, and where it came from.
#[derive(Clone, Copy, Debug)]
pub struct Weighed<'a> {
    /// The evidence.
    pub evidence: &'a Evidence,
    /// The moment that it speaks of.
    pub as_of: Timestamp,
    /// When it was weighed.
    pub decided_at: Timestamp,
    /// The version of each table that it was read from.
    pub lake_version: &'a BTreeMap<String, u64>,
    /// The confidence that was demanded.
    pub threshold: f64,
}

/// SHA-256 of the evidence as compact JSON. `None` where a figure is no number and JSON cannot say
/// it; the statistics never hand out such evidence.
#[must_use]
pub fn evidence_digest(evidence: &Evidence) -> Option<String> {
    let text = serde_json::to_vec(evidence).ok()?;
    Some(format!("{:x}", Sha256::digest(&text)))
}

/// What a decision did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A candidate serves a category.
    Promote,
    /// The gate refused.
    Hold,
    /// A step of an approved ramp was taken or stopped.
    Ramp,
    /// The reference serves the category again.
    Demote,
    /// An earlier version's routes, as far as that sends no candidate more.
    Rollback,
}

impl Action {
    /// The action's name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Hold => "hold",
            Self::Ramp => "ramp",
            Self::Demote => "demote",
            Self::Rollback => "rollback",
        }
    }
}

/// Who decided. Written `person:NAME` or `automation:NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Somebody who can be asked.
    Person(String),
    /// A part of Foreshadow. It may only move traffic towards the reference.
    Automation(String),
}

impl fmt::Display for Actor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(name) => write!(out, "person:{name}"),
            Self::Automation(name) => write!(out, "automation:{name}"),
        }
    }
}

/// The text names no actor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an actor: write person:NAME or automation:NAME")]
pub struct NotAnActor(String);

impl FromStr for Actor {
    type Err = NotAnActor;

    fn from_str(text: &str) -> Result<Self, NotAnActor> {
        match text.split_once(':') {
            Some(("person", name)) => Ok(Self::Person(name.to_owned())),
            Some(("automation", name)) => Ok(Self::Automation(name.to_owned())),
            Some(_) | None => Err(NotAnActor(text.to_owned())),
        }
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// Why a promotion is held, or a candidate demoted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Its stable name.
    pub code: Code,
    /// What was found; says so where nothing was.
    pub figure: String,
    /// What is demanded.
    pub limit: String,
    /// What would change it.
    pub remedy: String,
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, figure, limit, remedy } = self;
        write!(out, "{}: {figure}, needs {limit}; {remedy}", code.name())
    }
}

/// The stable name of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The adjusted confidence is under the threshold.
    Confidence,
    /// Quality was under the bar for a part of the epoch, or all along.
    Drift,
    /// Too much never came to a loss: our own faults, a silent judge, a label that nobody gave.
    Lost,
    /// Units on too few days for any statement.
    MinDays,
    /// Too few units.
    MinUnits,
    /// The sampler did not do what it logged.
    Propensity,
    /// The recent window misses the bar.
    Recent,
    /// Counted by calls, the cell misses the bar.
    RequestWeighted,
    /// One user is too much of the evidence.
    TopUser,
    /// The observation is not over.
    Observation,
    /// The observation is shorter than even a forced promotion allows.
    ObservationFloor,
    /// Too much of the traffic is out of the evidence's sight.
    BlindSpot,
    /// The reference or the candidate has no price, so nothing can be called cheaper.
    NoPrice,
    /// The saving may be none.
    NotCheaper,
    /// Nobody measured the judge.
    JudgeUnmeasured,
    /// The category may not send its calls to the candidate's provider.
    ProviderNotAllowed,
    /// Calls were not said to the candidate as their callers said them.
    LossyTranslation,
    /// The newest evidence is too old.
    Stale,
    /// The candidate is worse than the bar, as far as evidence can say.
    Refuted,
}

impl Code {
    /// The name in tables, decisions and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Confidence => "confidence",
            Self::Drift => "drift",
            Self::Lost => "lost",
            Self::MinDays => "min_days",
            Self::MinUnits => "min_units",
            Self::Propensity => "propensity",
            Self::Recent => "recent",
            Self::RequestWeighted => "request_weighted",
            Self::TopUser => "top_user",
            Self::Observation => "observation",
            Self::ObservationFloor => "observation_floor",
            Self::BlindSpot => "blind_spot",
            Self::NoPrice => "no_price",
            Self::NotCheaper => "not_cheaper",
            Self::JudgeUnmeasured => "judge_unmeasured",
            Self::ProviderNotAllowed => "provider_not_allowed",
            Self::LossyTranslation => "lossy_translation",
            Self::Stale => "stale",
            Self::Refuted => "refuted",
        }
    }
}

impl From<BlockerName> for Code {
    fn from(name: BlockerName) -> Self {
        match name {
            BlockerName::Confidence => Self::Confidence,
            BlockerName::Drift => Self::Drift,
            BlockerName::Lost => Self::Lost,
            BlockerName::MinDays => Self::MinDays,
            BlockerName::MinUnits => Self::MinUnits,
            BlockerName::Propensity => Self::Propensity,
            BlockerName::Recent => Self::Recent,
            BlockerName::RequestWeighted => Self::RequestWeighted,
            BlockerName::TopUser => Self::TopUser,
        }
    }
}
