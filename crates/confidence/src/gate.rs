//! What still blocks a promotion, by statistics alone.
//!
//! Every check besides the confidence is a veto: it can only block, so none of them can raise the
//! rate of false promotions, and they may be as many and as crude as they need to be. What is not
//! known blocks. Prices, coverage and permissions are product reasons and not here.

use crate::{Evidence, confidence, family};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Rounding of a confidence that sits exactly on the threshold.
const CONFIDENCE_SLACK: f64 = 1e-12;

/// The figures that the gate reads.
#[derive(Clone, Debug, PartialEq)]
pub struct CellFacts {
    /// Log of the evidence, adjusted for the family but not for restarts.
    pub log_e_adj: f64,
    /// How often the same configuration was started again.
    pub restarts: u32,
    /// What a calibration set cost.
    pub alpha_c: f64,
    /// Units counted.
    pub units: u64,
    /// Days with units.
    pub days: u64,
    /// Tolerated mean loss.
    pub tau: f64,
    /// Mean loss of the recent window; `None` without recent units.
    pub recent_mean_loss: Option<f64>,
    /// Mean loss with every call counted alike; `None` without calls.
    pub request_mean_loss: Option<f64>,
    /// Whether the drift detector raised its alarm.
    pub drift_alarm: bool,
    /// Share of units in which a loss never came; `None` where nothing was asked.
    pub lost_share: Option<f64>,
    /// Share of units of the busiest user; `None` where independence is unknown.
    pub top_user_share: Option<f64>,
    /// Conversations sampled: the sum of each conversation's sampled share.
    pub sampled: f64,
    /// Conversations that the logged probabilities led to expect.
    pub expected_sampled: f64,
    /// The variance of that number.
    pub var_sampled: f64,
}

/// The limits that the figures have to keep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateRule {
    /// One minus the threshold.
    pub alpha: f64,
    /// Least number of units.
    pub units_min: u64,
    /// Least number of days with units.
    pub days_min: u64,
    /// Greatest share of units in which a loss never came.
    pub lost_max: f64,
    /// Greatest share of one user.
    pub top_user_max: f64,
    /// Greatest distance of the sampler from its logged probabilities, in standard deviations.
    pub propensity_z_max: f64,
}

impl Default for GateRule {
    fn default() -> Self {
        Self {
            alpha: 0.05,
            units_min: 50,
            days_min: 3,
            lost_max: 0.02,
            top_user_max: 0.25,
            propensity_z_max: 4.0,
        }
    }
}

/// Which check blocks, in the order of the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockerName {
    /// The adjusted confidence is under the threshold.
    Confidence,
    /// The drift detector raised its alarm: quality was under the bar for a part of the epoch, or all along.
    Drift,
    /// In too many units a loss never came.
    Lost,
    /// Units on too few days.
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
}

/// A check that blocks, with the figure that it saw and the limit that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blocker {
    /// Which check.
    pub name: BlockerName,
    /// What it saw; `None` where there is no figure.
    pub figure: Option<f64>,
    /// What it demands; `None` where the demand is no number.
    pub limit: Option<f64>,
}

/// What blocks a promotion, sorted by name; empty means that nothing does.
pub fn blockers(facts: &CellFacts, rule: &GateRule) -> Vec<Blocker> {
    let checks = [
        check_confidence(facts, rule),
        drift(facts),
        at_most(BlockerName::Lost, facts.lost_share, rule.lost_max),
        at_least(BlockerName::MinDays, facts.days, rule.days_min),
        at_least(BlockerName::MinUnits, facts.units, rule.units_min),
        at_most(BlockerName::Propensity, Some(propensity_z(facts).abs()), rule.propensity_z_max),
        at_most(BlockerName::Recent, facts.recent_mean_loss, facts.tau),
        at_most(BlockerName::RequestWeighted, facts.request_mean_loss, facts.tau),
        top_user(facts, rule),
    ];
    checks.into_iter().flatten().collect()
}

fn check_confidence(facts: &CellFacts, rule: &GateRule) -> Option<Blocker> {
    let log_e = family::adjusted_log_e(facts.log_e_adj, 1.0, facts.restarts);
    let figure = confidence(log_e, facts.alpha_c);
    let limit = 1.0 - rule.alpha;
    let clears = figure >= limit - CONFIDENCE_SLACK;
    block_unless(clears, BlockerName::Confidence, Some(figure), limit)
}

fn drift(facts: &CellFacts) -> Option<Blocker> {
    let blocker = Blocker { name: BlockerName::Drift, figure: None, limit: None };
    facts.drift_alarm.then_some(blocker)
}

/// Without identities nothing can be said about users, and the report says so instead.
fn top_user(facts: &CellFacts, rule: &GateRule) -> Option<Blocker> {
    let share = facts.top_user_share?;
    at_most(BlockerName::TopUser, Some(share), rule.top_user_max)
}

/// How far the number sampled is from what was logged. A sampler without chance cannot be off; a
/// variance that is no variance is no excuse.
fn propensity_z(facts: &CellFacts) -> f64 {
    let deviation = facts.sampled - facts.expected_sampled;
    if facts.var_sampled == 0.0 { 0.0 } else { deviation / facts.var_sampled.sqrt() }
}

fn at_most(name: BlockerName, figure: Option<f64>, limit: f64) -> Option<Blocker> {
    block_unless(figure.is_some_and(|figure| figure <= limit), name, figure, limit)
}

fn at_least(name: BlockerName, figure: u64, limit: u64) -> Option<Blocker> {
    block_unless(figure >= limit, name, Some(figure as f64), limit as f64)
}

fn block_unless(
    holds: bool,
    name: BlockerName,
    figure: Option<f64>,
    limit: f64,
) -> Option<Blocker> {
    (!holds).then_some(Blocker { name, figure, limit: Some(limit) })
}

impl BlockerName {
    /// The name in tables, decisions and messages.
    pub fn as_str(self) -> &'static str {
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
        }
    }
}

impl fmt::Display for BlockerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(figure), Some(limit)) = (self.figure, self.limit) else {
            return match self.name {
                BlockerName::Drift => write!(f, "drift: quality was under the bar for a while"),
                BlockerName::Confidence
                | BlockerName::Lost
                | BlockerName::MinDays
                | BlockerName::MinUnits
                | BlockerName::Propensity
                | BlockerName::Recent
                | BlockerName::RequestWeighted
                | BlockerName::TopUser => write!(f, "{}: no data", self.name),
            };
        };
        match self.name {
            BlockerName::Confidence => write!(f, "confidence {figure:.4} < {limit:.4}"),
            BlockerName::Drift => write!(f, "drift {figure:.1} > {limit:.1}"),
            BlockerName::Lost => write!(f, "lost {} > {}", Percent(figure), Percent(limit)),
            BlockerName::MinDays => write!(f, "days with units {figure} < {limit}"),
            BlockerName::MinUnits => write!(f, "units {figure} < {limit}"),
            BlockerName::Propensity => write!(f, "sampler off by {figure:.1} sd > {limit:.1}"),
            BlockerName::Recent => write!(f, "recent mean loss {figure:.4} > {limit:.4}"),
            BlockerName::RequestWeighted => {
                write!(f, "mean loss by calls {figure:.4} > {limit:.4}")
            }
            BlockerName::TopUser => write!(f, "top user {} > {}", Percent(figure), Percent(limit)),
        }
    }
}

/// A share for a person to read.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} %", self.0 * 100.0)
    }
}

impl From<&Evidence> for CellFacts {
    fn from(evidence: &Evidence) -> Self {
        Self {
            log_e_adj: family::adjusted_log_e(evidence.log_e, evidence.family_weight, 0),
            restarts: evidence.restarts,
            alpha_c: evidence.alpha_c,
            units: evidence.units,
            days: evidence.days,
            tau: evidence.tau,
            recent_mean_loss: evidence.recent_mean_loss,
            request_mean_loss: evidence.request_mean_loss,
            drift_alarm: evidence.drift_alarm,
            lost_share: evidence.lost_share,
            top_user_share: evidence.top_user_share,
            sampled: evidence.sampled,
            expected_sampled: evidence.expected_sampled,
            var_sampled: evidence.var_sampled,
        }
    }
}
