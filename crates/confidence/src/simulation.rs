//! How the gate behaves where the truth is known: every promise of the statistics, measured.
//!
//! Each trial plays many cells whose true quality is chosen, puts their units through this
//! crate's own histogram, evidence, family rules, watermark and detector, and sets what happened
//! beside what was designed. Where units pass or fail one by one the law is computed without
//! chance. Beside ours stand *controls*: rules that look as sensible and are wrong. A trial in
//! which its control did well would be no trial.
//!
//! Chance is a function of the seed alone, so the same seed gives the same findings everywhere.

mod audited;
mod chance;
mod clusters;
mod drift;
mod drifting;
mod estimate;
mod exact;
mod families;
mod gauges;
mod paired;
mod samplers;

use crate::Error;
use chance::Chance;
pub use estimate::Estimate;
use std::fmt;

/// How many cells are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Seconds: enough to tell a right implementation from a wrong one.
    Short,
    /// Minutes: enough to see the design's own figures.
    Full,
}

/// Whose behaviour was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// This crate's.
    Ours,
    /// That of a wrong rule, which has to fail.
    Control,
}

/// What a figure has to keep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
    /// Nothing: it is told beside another figure, as what that one rests on.
    Nothing,
}

/// What one figure came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It keeps its bound.
    Kept,
    /// It misses its bound by no more than [`ERRORS_MAX`] of its own standard errors.
    Unclear,
    /// It misses its bound.
    Missed,
}

/// One measured figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What was measured.
    pub what: String,
    /// Whose behaviour.
    pub role: Role,
    /// What the design says; `None` where it says nothing.
    pub expected: Option<f64>,
    /// What it has to keep.
    pub bound: Bound,
    /// What it came to.
    pub measured: Estimate,
}

/// Standard errors that a figure may be past its bound and still be noise.
pub const ERRORS_MAX: f64 = 3.0;

impl Finding {
    /// Whether the bound is kept.
    pub fn verdict(&self) -> Verdict {
        let past = match self.bound {
            Bound::AtMost(limit) => self.measured.value - limit,
            Bound::AtLeast(limit) => limit - self.measured.value,
            Bound::Nothing => return Verdict::Kept,
        };
        let noise = ERRORS_MAX * self.measured.error.unwrap_or(0.0);
        // What is no number is past everything.
        if past <= 0.0 {
            Verdict::Kept
        } else if past <= noise {
            Verdict::Unclear
        } else {
            Verdict::Missed
        }
    }

    fn ours(
        what: impl Into<String>,
        expected: impl Into<Option<f64>>,
        bound: Bound,
        measured: Estimate,
    ) -> Self {
        Self { what: what.into(), role: Role::Ours, expected: expected.into(), bound, measured }
    }

    fn control(
        what: impl Into<String>,
        expected: impl Into<Option<f64>>,
        bound: Bound,
        measured: Estimate,
    ) -> Self {
        Self { what: what.into(), role: Role::Control, expected: expected.into(), bound, measured }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(limit) => write!(f, "≤ {limit}"),
            Self::AtLeast(limit) => write!(f, "≥ {limit}"),
            Self::Nothing => f.write_str("none"),
        }
    }
}

/// Several figures from one kind of cell.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// What is played.
    pub name: &'static str,
    /// Cells of each round, short and full; none where the law is computed.
    runs: [u64; 2],
    /// Rounds that are played.
    rounds: u64,
    play: fn(&mut Dice<'_>) -> Result<Vec<Finding>, Error>,
}

/// Every trial, in the order of the documentation.
pub const TRIALS: [Trial; 12] = [
    Trial { name: "pass/fail units", runs: [0, 0], rounds: 0, play: exact::promotion },
    Trial { name: "a judge at face value", runs: [0, 0], rounds: 0, play: exact::judge },
    Trial { name: "units one by one", runs: [300, 10_000], rounds: 1, play: samplers::plain },
    Trial { name: "late failures", runs: [150, 4000], rounds: 2, play: samplers::late },
    Trial { name: "a sampler that reacts", runs: [100, 4000], rounds: 2, play: samplers::reacting },
    Trial { name: "conversations", runs: [200, 10_000], rounds: 4, play: clusters::conversations },
    Trial { name: "quality that changes", runs: [150, 4000], rounds: 7, play: drifting::changing },
    Trial { name: "drift detector", runs: [100, 2000], rounds: 7, play: drift::detector },
    Trial {
        name: "paired with the reference",
        runs: [80, 2000],
        rounds: 11,
        play: paired::reference,
    },
    Trial { name: "labels on a share", runs: [60, 2000], rounds: 8, play: audited::labels },
    Trial { name: "twelve cells, 14 days", runs: [100, 2000], rounds: 2, play: families::fleet },
    Trial { name: "twenty cells", runs: [150, 1000], rounds: 1, play: families::twenty },
];

impl Trial {
    /// How often [`Trial::play`] ticks.
    pub fn ticks(&self, effort: Effort) -> u64 {
        self.rounds * self.runs(effort)
    }

    /// Plays it. `tick` is called after every cell, or fleet of cells.
    ///
    /// # Errors
    /// None that a seed could cause; the crate's own refusals are passed on and not hidden.
    pub fn play(
        &self,
        seed: u64,
        effort: Effort,
        tick: &mut dyn FnMut(),
    ) -> Result<Vec<Finding>, Error> {
        (self.play)(&mut Dice { seed, runs: self.runs(effort), tick })
    }

    fn runs(&self, effort: Effort) -> u64 {
        match effort {
            Effort::Short => self.runs[0],
            Effort::Full => self.runs[1],
        }
    }
}

/// The chance of one trial, and how often it is asked.
struct Dice<'a> {
    seed: u64,
    runs: u64,
    tick: &'a mut dyn FnMut(),
}

impl Dice<'_> {
    /// Plays one round: a stream of chance of its own for every run. Rounds of the same number
    /// meet the same chance, so that rules can be compared on the same cells.
    fn round<T>(
        &mut self,
        round: u64,
        mut play: impl FnMut(&mut Chance) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        for run in 0..self.runs {
            found.push(play(&mut Chance::of(self.seed, round, run))?);
            (self.tick)();
        }
        Ok(found)
    }

    /// The share of runs for which `play` holds.
    fn share(
        &mut self,
        round: u64,
        play: impl FnMut(&mut Chance) -> Result<bool, Error>,
    ) -> Result<Estimate, Error> {
        Ok(Estimate::share(&self.round(round, play)?))
    }
}
