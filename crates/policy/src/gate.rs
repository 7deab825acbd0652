//! The gate: from evidence, facts and rules to a decision. Pure, so that a decision can be
//! replayed from its record.
//!
//! It never promotes on a point estimate: the one statistic that can clear is the adjusted
//! confidence, and every other check can only block. It never fills a gap: what is not known
//! blocks. An [`Approval`] can be had here and nowhere else, and without one nothing is promoted.

mod reasons;
mod translation;

use crate::{
    Stage,
    decision::{Code, Reason, Weighed},
};
use confidence::{CellFacts, Evidence, Signal, gate::blockers, judge::Shortfall};
use exchange::{DAY_US, HOUR_US, Timestamp};

pub use translation::{LOST_MAX, LossyTranslation, Lost, Translations};

/// Days of observation below which not even a forced promotion goes.
pub const OBSERVATION_DAYS_FLOOR: u32 = 3;

/// How much earlier than whole days an observation may end: a daily job drifts by minutes.
const OBSERVATION_SLACK_US: i64 = HOUR_US;

/// What the gate demands of one category.
#[derive(Clone, Debug, PartialEq)]
pub struct GateRule {
    /// The adjusted confidence that is demanded.
    pub threshold: f64,
    /// Days from the first assignment.
    pub observation_days: u32,
    /// Least number of units.
    pub units_min: u64,
    /// Greatest share of conversations that may miss a loss past the wait.
    pub lost_max: f64,
    /// Greatest share of one user.
    pub top_user_max: f64,
    /// Greatest distance of the sampler from its logged probabilities, in standard deviations.
    pub propensity_z_max: f64,
    /// Greatest share of the traffic that the evidence may not see.
    pub blind_spot_max: f64,
    /// How old the newest evidence may be, in microseconds.
    pub evidence_age_us_max: i64,
    /// What an unmeasured judge means.
    pub unmeasured_judge: UnmeasuredJudge,
    /// What a translation that loses a part of a call means.
    pub lossy_translation: LossyTranslation,
}

impl Default for GateRule {
    fn default() -> Self {
        let statistics = confidence::GateRule::default();
        Self {
            threshold: 1.0 - statistics.alpha,
            observation_days: 14,
            units_min: statistics.units_min,
            lost_max: statistics.lost_max,
            top_user_max: statistics.top_user_max,
            propensity_z_max: statistics.propensity_z_max,
            blind_spot_max: 0.25,
            evidence_age_us_max: 3 * DAY_US,
            unmeasured_judge: UnmeasuredJudge::Holds,
            lossy_translation: LossyTranslation::Allowed,
        }
    }
}

impl GateRule {
    /// On how many UTC dates there must be units: six of seven, so that a quiet Sunday is no veto.
    #[must_use]
    pub fn dates_min(&self) -> u32 {
        self.observation_days - self.observation_days / 7
    }

    /// How much longer the observation has to last, in microseconds; zero where it is over.
    #[must_use]
    pub fn observation_left_us(&self, facts: &ProductFacts) -> i64 {
        let needed = observation_us_min(self.observation_days);
        needed.saturating_sub(observed_us(facts).unwrap_or(0)).max(0)
    }

    fn statistics(&self) -> confidence::GateRule {
        confidence::GateRule {
            alpha: 1.0 - self.threshold,
            units_min: self.units_min,
            days_min: u64::from(OBSERVATION_DAYS_FLOOR),
            lost_max: self.lost_max,
            top_user_max: self.top_user_max,
            propensity_z_max: self.propensity_z_max,
        }
    }
}

/// What a judge that nobody measured means for the modes that rest on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnmeasuredJudge {
    /// The category is held.
    Holds,
    /// Its figures are assumed, and every decision says so. For demonstrations.
    IsAssumed,
}

/// What the gate has to know beside the evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductFacts {
    /// The moment that the evidence speaks of.
    pub as_of: Timestamp,
    /// The moment of the decision, by the clock that stamped the evidence.
    pub decided_at: Timestamp,
    /// Whether the evidence speaks of what the pipeline defines now.
    pub epoch: Epoch,
    /// When the cell's first exchange was assigned; `None` before any.
    pub first_assignment_at: Option<Timestamp>,
    /// What the candidate would save; `None` where it or the reference has no price.
    pub saving: Option<Saving>,
    /// Whether labels measured the judge.
    pub judge: Judge,
    /// Who serves the candidate, and whether the category may send calls there.
    pub provider: ProviderFacts,
    /// How the category's calls were said to the candidate.
    pub translations: Translations,
    /// How the candidate serves this category now; `None` where it does not.
    pub serving: Option<Serving>,
}

/// A candidate that serves a category, and what was seen of it since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serving {
    /// The stage.
    pub stage: Stage,
    /// When it was promoted.
    pub since: Timestamp,
    /// Conversations that were compared since.
    pub units: u64,
    /// What the watch over it says.
    pub watch: Watch,
}

/// What the watch over a serving candidate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Nothing: a person promoted it although it was refuted, and no machine undoes that.
    Overruled,
    /// What its detectors make of the conversations since the promotion.
    Says(Signal),
}

impl Watch {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Overruled => "overruled",
            Self::Says(Signal::Quiet) => "quiet",
            Self::Says(Signal::Warn) => "warn",
            Self::Says(Signal::Demote) => "demote",
        }
    }
}

/// Whether an epoch is that of the pipeline's definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epoch {
    /// It is.
    Current,
    /// The definition is another by now, and no exchange was seen under it yet: what the evidence
    /// speaks of is not what would be promoted.
    Superseded,
}

/// A saving, net, as a share of what the reference costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Saving {
    /// The estimate.
    pub share: f64,
    /// The lower end of its interval.
    pub lower: f64,
    /// The upper end of its interval.
    pub upper: f64,
}

/// Whether labels measured the judge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Judge {
    /// They did, and it is worth what the cell took for granted.
    Measured,
    /// They did, and do not bear that out.
    Short(Shortfall),
    /// They did not.
    Unmeasured,
}

/// The candidate's provider, as the category sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderFacts {
    /// Its name in the pipeline.
    pub name: String,
    /// The providers that the category allows; empty means every one.
    pub allowed: Vec<String>,
}

impl ProviderFacts {
    /// Whether the category may send calls there.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.allowed.is_empty() || self.allowed.contains(&self.name)
    }
}

/// What the gate decides.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// The candidate may serve the category.
    Promote(Box<Approval>),
    /// It may not, and this is why.
    Hold(Vec<Reason>),
    /// It serves the category and must not any more.
    Demote(Reason),
}

/// The gate's leave to promote one cell. It cannot be made elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    evidence: Evidence,
    as_of: Timestamp,
    decided_at: Timestamp,
    threshold: f64,
    overridden: Vec<Reason>,
    assumptions: Vec<String>,
    forced: Option<String>,
}

impl Approval {
    /// The evidence that it rests on.
    #[must_use]
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// What the gate would have held for, had it not been forced.
    #[must_use]
    pub fn overridden(&self) -> &[Reason] {
        &self.overridden
    }

    /// What was taken for granted instead of measured.
    #[must_use]
    pub fn assumptions(&self) -> &[String] {
        &self.assumptions
    }

    /// The reason given with `--force`.
    #[must_use]
    pub fn forced(&self) -> Option<&str> {
        self.forced.as_deref()
    }

    /// What was weighed, with the versions of the tables that it was read from.
    #[must_use]
    pub fn weighed<'a>(
        &'a self,
        lake_version: &'a std::collections::BTreeMap<String, u64>,
    ) -> Weighed<'a> {
        Weighed {
            evidence: &self.evidence,
            as_of: self.as_of,
            decided_at: self.decided_at,
            lake_version,
            threshold: self.threshold,
        }
    }
}

/// Decides on one cell.
#[must_use]
pub fn decide(evidence: &Evidence, facts: &ProductFacts, rule: &GateRule) -> Decision {
    if let Some(reason) = turned(evidence, facts) {
        return Decision::Demote(reason);
    }
    let reasons = all_reasons(evidence, facts, rule);
    if reasons.is_empty() {
        Decision::Promote(Box::new(approve(evidence, facts, rule)))
    } else {
        Decision::Hold(reasons)
    }
}

/// Approves against the gate's word, for a reason that will be on record with everything that it
/// overrides. It adds no evidence and changes none.
///
/// # Errors
/// The reason that not even force overrides: an observation shorter than
/// [`OBSERVATION_DAYS_FLOOR`].
pub fn force(
    evidence: &Evidence,
    facts: &ProductFacts,
    rule: &GateRule,
    why: &str,
) -> Result<Approval, Reason> {
    if let Some(reason) = reasons::observation_floor(evidence, facts) {
        return Err(reason);
    }
    let overridden = all_reasons(evidence, facts, rule);
    let forced = Some(why.to_owned());
    Ok(Approval { overridden, forced, ..approve(evidence, facts, rule) })
}

fn approve(evidence: &Evidence, facts: &ProductFacts, rule: &GateRule) -> Approval {
    Approval {
        evidence: evidence.clone(),
        as_of: facts.as_of,
        decided_at: facts.decided_at,
        threshold: rule.threshold,
        overridden: Vec::new(),
        assumptions: assumptions(evidence, facts, rule),
        forced: None,
    }
}

/// Only what speaks against the candidate takes it off the live path: the watch over what it did
/// since it serves, or a refutation that nobody overruled. Stale or thin evidence does not, nor does
/// the `drift` veto, which alarms ten times as easily: they hold, and an operator sees it.
fn turned(evidence: &Evidence, facts: &ProductFacts) -> Option<Reason> {
    let serving = facts.serving?;
    match serving.watch {
        Watch::Overruled => None,
        Watch::Says(Signal::Demote) => Some(reasons::fell(&serving)),
        Watch::Says(Signal::Warn | Signal::Quiet) => reasons::refuted(evidence),
    }
}

fn all_reasons(evidence: &Evidence, facts: &ProductFacts, rule: &GateRule) -> Vec<Reason> {
    let cell_facts = CellFacts::from(evidence);
    let statistical = blockers(&cell_facts, &rule.statistics());
    let product = [
        reasons::observation_floor(evidence, facts),
        reasons::observation(evidence, facts, rule),
        reasons::blind_spot(evidence, rule),
        reasons::saving(facts),
        reasons::judge(evidence, facts, rule),
        reasons::provider(facts),
        reasons::lossy_translation(facts, rule),
        reasons::stale(evidence, facts, rule),
        reasons::superseded(evidence, facts),
        reasons::refuted(evidence),
    ];
    let statistical = statistical.iter().map(|blocker| reasons::statistical(blocker, evidence));
    statistical.chain(product.into_iter().flatten()).collect()
}

/// What [`reasons::judge`] let pass because the rule says that it is assumed.
fn assumptions(evidence: &Evidence, facts: &ProductFacts, rule: &GateRule) -> Vec<String> {
    let assumed = evidence.mode.is_judged()
        && facts.judge != Judge::Measured
        && rule.unmeasured_judge == UnmeasuredJudge::IsAssumed;
    if assumed {
        let code = Code::JudgeUnmeasured.name();
        vec![format!("{code}: the judge's error is assumed, not measured by labels")]
    } else {
        Vec::new()
    }
}

/// The length of the observation, with the slack that it is granted.
fn observed_us(facts: &ProductFacts) -> Option<i64> {
    let first = facts.first_assignment_at?;
    Some(facts.as_of.0.saturating_sub(first.0))
}

/// What an observation of `days` has to last.
fn observation_us_min(days: u32) -> i64 {
    i64::from(days) * DAY_US - OBSERVATION_SLACK_US
}
