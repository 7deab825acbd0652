//! What share of its conversations each cell is asked about in a day: money goes where it buys the
//! most decisions.
//!
//! A day's shares are decided from the evidence of the days before, declared in the day's blocks, and
//! stay as they are until it is over. That is all that the guarantee needs: evidence may choose how
//! much of *tomorrow* is seen, and never which of today's calls are. Inside a block every call of a
//! cell has the same chance, so its units need no weights.
//!
//! While everything fits into the day's budget, every cell has what the pipeline grants and only
//! the refuted cost nothing. Where it does not fit, no cell is silenced: each keeps a part
//! ([`FLOOR_SHARE`]), because a few bad days are no verdict and a candidate that cleared has to
//! stay fresh. What is left goes to the decisions that cost least to reach: serving the shortest job
//! first is what lets the least time pass, over all jobs, until they are done.

use crate::Share;
use confidence::{Evidence, Level, family, forecast};
use exchange::NanoUsd;
use serde::{Serialize, Serializer};

/// The part of what is granted that a cell keeps however short money is. One fifth is also how far
/// apart the shares of a cell's days may lie before its few full days outweigh all others.
pub const FLOOR_SHARE: f64 = 0.2;

/// How far a cell is from a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The candidate serves the category, and is watched.
    Serving,
    /// It has the confidence and the units: what may still hold it is time, or a veto.
    Cleared,
    /// As things go, it clears after so many more units.
    Clears(u64),
    /// As things go, it is refuted after so many more units.
    Refutes(u64),
    /// It is too near the bar for either.
    Undecided,
    /// It misses the bar, as far as evidence can say.
    Refuted,
}

/// What is demanded of a cell before it is decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demanded {
    /// The adjusted confidence.
    pub threshold: f64,
    /// The least number of units.
    pub units_min: u64,
}

impl Standing {
    /// Where the evidence stands. `log_e_refute` is what it says against the candidate
    /// ([`confidence::Summary::log_e_refute`]); a candidate that serves is [`Standing::Serving`],
    /// whatever the evidence.
    #[must_use]
    pub fn of(evidence: &Evidence, log_e_refute: f64, demanded: Demanded) -> Self {
        if evidence.refuted {
            return Self::Refuted;
        }
        let thin = demanded.units_min.saturating_sub(evidence.units);
        if evidence.units == 0 {
            return Self::Clears(thin.max(1));
        }
        let weight = family::restarted_weight(evidence.family_weight, evidence.restarts);
        let clears = Level::new(1.0 - demanded.threshold - evidence.alpha_c)
            .ok()
            .and_then(|level| forecast::units_left(evidence.log_e, evidence.units, weight, level));
        let level = Level::FIVE_PERCENT;
        let refutes = forecast::units_to_refutation(log_e_refute, evidence.units, level);
        match (clears.map(|units| units.max(thin)), refutes) {
            (Some(0), _) => Self::Cleared,
            (Some(units), _) => Self::Clears(units),
            (None, Some(units)) => Self::Refutes(units.max(1)),
            (None, None) => Self::Undecided,
        }
    }

    /// Units until it is decided; `None` where no number of them does, or it is decided.
    #[must_use]
    pub fn units_left(self) -> Option<u64> {
        match self {
            Self::Clears(units) | Self::Refutes(units) => Some(units),
            Self::Serving | Self::Cleared | Self::Undecided | Self::Refuted => None,
        }
    }

    /// The standing's name in tables and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Cleared => "cleared",
            Self::Clears(_) => "clears",
            Self::Refutes(_) => "refutes",
            Self::Undecided => "undecided",
            Self::Refuted => "refuted",
        }
    }
}

/// A cell, as the day's allotment sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prospect {
    /// How far it is from a decision.
    pub standing: Standing,
    /// Of its conversations, the most that the pipeline grants.
    pub granted: Share,
    /// Conversations in a day that could be asked; `None` where nobody knows yet.
    pub conversations: Option<f64>,
    /// What one asked conversation costs, with its part of control and judge; `None` where nobody
    /// knows yet.
    pub cost: Option<NanoUsd>,
}

impl Prospect {
    /// What a day costs at a share. What is not known costs nothing: a cell is not made to wait for
    /// being new, and the day's cap holds whatever is expected here.
    fn cost_of_day(&self, share: f64) -> f64 {
        let (conversations, cost) = (self.conversations.unwrap_or(0.0), self.cost);
        conversations.max(0.0) * share * cost.map_or(0.0, |cost| cost.0.max(0) as f64)
    }

    /// What its decision still costs; infinite where no money buys one.
    fn price(&self) -> f64 {
        let cost = self.cost.map_or(0.0, |cost| cost.0.max(0) as f64);
        self.standing.units_left().map_or(f64::INFINITY, |units| units as f64 * cost)
    }
}

/// Why a cell has its share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is what the pipeline grants.
    Granted,
    /// Money is short, and other decisions are nearer: a part of what is granted.
    Rationed,
    /// It misses the bar: nothing.
    Refuted,
}

impl Why {
    /// The reason's name in tables and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Rationed => "rationed",
            Self::Refuted => "refuted",
        }
    }
}

impl Serialize for Why {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.name())
    }
}

/// What one cell is asked in the days to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Allotment {
    /// Of its conversations.
    pub share: Share,
    /// Why so many.
    pub why: Why,
}

/// What every cell is asked from the next day on, out of a budget for each day; in the order given.
#[must_use]
pub fn allot(prospects: &[Prospect], per_day: NanoUsd) -> Vec<Allotment> {
    let mut parts: Vec<f64> = prospects.iter().map(least).collect();
    let cost =
        |at: usize, part: f64| prospects[at].cost_of_day(prospects[at].granted.value() * part);
    let mut left = per_day.0.max(0) as f64;
    left -= (0..parts.len()).map(|at| cost(at, parts[at])).sum::<f64>();
    let mut order: Vec<usize> = (0..prospects.len()).filter(|&at| parts[at] > 0.0).collect();
    // Equal prices keep the order of the pipeline, so that the same evidence gives the same shares.
    order.sort_by(|&a, &b| prospects[a].price().total_cmp(&prospects[b].price()));
    for at in order {
        let whole = cost(at, 1.0 - parts[at]);
        let bought = if whole <= left.max(0.0) { 1.0 } else { (left / whole).max(0.0) };
        left -= whole * bought;
        parts[at] += (1.0 - parts[at]) * bought;
    }
    prospects.iter().zip(parts).map(|(prospect, part)| allotment(prospect, part)).collect()
}

/// The part of what is granted that no shortage takes.
fn least(prospect: &Prospect) -> f64 {
    match prospect.standing {
        Standing::Refuted => 0.0,
        // A candidate on the live path is watched as closely as can be.
        Standing::Serving => 1.0,
        Standing::Cleared | Standing::Clears(_) | Standing::Refutes(_) | Standing::Undecided => {
            FLOOR_SHARE
        }
    }
}

fn allotment(prospect: &Prospect, part: f64) -> Allotment {
    let granted = prospect.granted;
    let share = Share::new(granted.value() * part).unwrap_or(granted).min(granted);
    let why = if prospect.standing == Standing::Refuted {
        Why::Refuted
    } else if share < granted {
        Why::Rationed
    } else {
        Why::Granted
    };
    Allotment { share, why }
}
