//! What the report says of one cell.

use super::{
    Blocked,
    days::{self, DayQuality, Days},
    disagreements::Disagreement,
};
use crate::{
    Correction, Demand, Error, Forecast, Savings, Warehouse, Weighed, read::Columns, render::words,
    sql,
};
use confidence::{Evidence, Histogram, Level, Tolerance, Unit, judge::Worth, process};
use exchange::Timestamp;
use policy::{Decision, Judge, Reason, Serving, Translations, UnmeasuredJudge};
use serde::Serialize;
use std::collections::BTreeMap;

/// The slices of the prompt's length, by their least number of tokens; -1 is "nobody counted".
const SLICES: [(i64, &str); 6] = [
    (0, "prompts up to 128 tokens"),
    (129, "prompts of 129 to 512 tokens"),
    (513, "prompts of 513 to 2,048 tokens"),
    (2_049, "prompts of 2,049 to 8,192 tokens"),
    (8_193, "prompts over 8,192 tokens"),
    (-1, "prompts of unknown length"),
];

/// One cell: what its units say, and what the gate makes of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellReport {
    /// What the units say, with the coverage, the noise floor and the failures by whose fault.
    pub evidence: Evidence,
    /// The bar or margin that the pipeline demands.
    pub demand: Demand,
    /// The adjusted confidence that the gate demands.
    pub threshold: f64,
    /// The confidence with the mode that qualifies it: never to be shown apart.
    pub statement: String,
    /// What stands behind the judge, where there is one.
    pub judge: JudgeStanding,
    /// What labels prove about it, where there are any.
    pub judge_worth: Option<Worth>,
    /// How far the judge's word counts beside labels, in mode PPI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<Correction>,
    /// How the calls were said to the candidate: what translations lost of them.
    pub translations: Translations,
    /// What content policies stopped of the candidate's replies.
    pub blocked: Blocked,
    /// How the candidate serves the category, where it does, and what the watch over it says.
    pub serving: Option<ServingReport>,
    /// What the gate decides.
    pub decision: DecisionReport,
    /// What the candidate would save.
    pub savings: Option<Savings>,
    /// What the shadowed calls would cost by the prices that hold now; the gate goes by what was paid.
    pub forecast: Option<Forecast>,
    /// The cell cut by the length of the prompt.
    pub slices: Vec<Slice>,
    /// The slice that is worst among those refuted, in words; none where the whole cell is one.
    pub worst_slice: Option<String>,
    /// The calls that the candidate answered worst against the reference.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub worst_disagreements: Vec<Disagreement>,
    /// Day by day, the latest [`DAYS_MAX`](super::DAYS_MAX): the day's own, and all so far.
    pub quality_by_day: Vec<DayQuality>,
}

/// What stands behind the judge of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgeStanding {
    /// No judge decides here.
    None,
    /// Labels measured its errors.
    Measured,
    /// Labels measured its errors and do not bear out what was taken for granted.
    Short,
    /// Nobody measured them, and the gate holds.
    Unmeasured,
    /// Nobody measured them, and the pipeline takes them for granted.
    Assumed,
}

/// A candidate that serves.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServingReport {
    /// Canary or live.
    pub stage: &'static str,
    /// When it was promoted.
    pub since: Timestamp,
    /// Conversations that were compared since.
    pub units: u64,
    /// `quiet`, `warn`, `demote`, or `overruled` where a person promoted against a refutation.
    pub watch: &'static str,
}

impl ServingReport {
    fn of(serving: Serving) -> Self {
        let Serving { stage, since, units, watch } = serving;
        Self { stage: stage.name(), since, units, watch: watch.name() }
    }
}

/// The gate's word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DecisionReport {
    /// `promote`, `hold` or `demote`.
    pub action: &'static str,
    /// Why it is held or demoted, each with its figure, its limit and what would change it.
    pub reasons: Vec<Reason>,
    /// What was taken for granted instead of measured.
    pub assumptions: Vec<String>,
}

/// A part of a cell's units.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slice {
    /// Which part.
    pub slice: &'static str,
    /// Its units: conversations with such a prompt.
    pub units: u64,
    /// Their mean quality.
    pub quality: Option<f64>,
    /// The lower bound, at 5 % over all slices.
    pub quality_lower: f64,
    /// The upper bound, at 5 % over all slices.
    pub quality_upper: f64,
    /// Whether even the upper bound misses the bar.
    pub refuted: bool,
}

/// A cell's units by the least length of the prompt, equal ones counted together.
pub(super) type Cuts = BTreeMap<i64, Vec<(Unit, u64)>>;

/// What the tables say of a cell beside its evidence.
pub(super) struct Seen {
    pub(super) cuts: Cuts,
    pub(super) days: Days,
    pub(super) worst: Vec<Disagreement>,
    pub(super) blocked: Blocked,
    pub(super) correction: Option<Correction>,
    pub(super) forecast: Option<Forecast>,
}

impl CellReport {
    pub(super) fn of(
        weighed: Weighed,
        Seen { cuts, days, worst: worst_disagreements, blocked, correction, forecast }: Seen,
    ) -> Result<Self, Error> {
        let Weighed { evidence, facts, gate, demand, worth, savings, decision } = weighed;
        let slices = cut(&evidence, &cuts)?;
        Ok(Self {
            statement: words::statement(&evidence, demand),
            judge: standing(&evidence, facts.judge, gate.unmeasured_judge),
            judge_worth: worth,
            correction,
            translations: facts.translations,
            blocked,
            serving: facts.serving.map(ServingReport::of),
            threshold: gate.threshold,
            decision: DecisionReport::of(decision),
            worst_slice: worst(&slices, &evidence, demand),
            worst_disagreements,
            quality_by_day: days::told(&evidence, &days)?,
            evidence,
            demand,
            savings,
            forecast,
            slices,
        })
    }
}

impl CellReport {
    pub(super) fn reproducible(self) -> Self {
        Self { worst_disagreements: Vec::new(), ..self }
    }
}

impl DecisionReport {
    fn of(decision: Decision) -> Self {
        match decision {
            Decision::Promote(approval) => Self {
                action: "promote",
                reasons: Vec::new(),
                assumptions: approval.assumptions().to_vec(),
            },
            Decision::Hold(reasons) => Self { action: "hold", reasons, assumptions: Vec::new() },
            Decision::Demote(reason) => {
                Self { action: "demote", reasons: vec![reason], assumptions: Vec::new() }
            }
        }
    }
}

fn standing(evidence: &Evidence, judge: Judge, unmeasured: UnmeasuredJudge) -> JudgeStanding {
    match (evidence.mode.is_judged(), judge, unmeasured) {
        (false, _, _) => JudgeStanding::None,
        (true, Judge::Measured, _) => JudgeStanding::Measured,
        (true, Judge::Short(_), UnmeasuredJudge::Holds) => JudgeStanding::Short,
        (true, Judge::Unmeasured, UnmeasuredJudge::Holds) => JudgeStanding::Unmeasured,
        (true, Judge::Short(_) | Judge::Unmeasured, UnmeasuredJudge::IsAssumed) => {
            JudgeStanding::Assumed
        }
    }
}

/// Each slice at its part of the 5 %, so that looking at all of them is one statement.
fn cut(evidence: &Evidence, cuts: &Cuts) -> Result<Vec<Slice>, Error> {
    let refuse = |source| Error::Evidence { cell: evidence.cell.clone(), source };
    let tolerance = Tolerance::new(evidence.tau, evidence.loss_lo, evidence.loss_hi);
    let tolerance = tolerance.map_err(refuse)?;
    let level = Level::new(0.05 / SLICES.len() as f64).map_err(refuse)?;
    let mut slices = Vec::new();
    for (from, slice) in SLICES {
        let Some(units) = cuts.get(&from) else { continue };
        let mut histogram = Histogram::new();
        for &(unit, count) in units {
            histogram.add_many(unit, count, tolerance.range()).map_err(refuse)?;
        }
        let summary = process::summarize(&histogram, tolerance, level, 0.0);
        slices.push(Slice {
            slice,
            units: summary.units,
            quality: histogram.mean_loss().map(|loss| 1.0 - loss),
            quality_lower: summary.accept_lower,
            quality_upper: summary.accept_upper,
            refuted: summary.accept_upper < 1.0 - evidence.tau,
        });
    }
    Ok(slices)
}

fn worst(slices: &[Slice], evidence: &Evidence, demand: Demand) -> Option<String> {
    // One slice is the cell again.
    let slices = if slices.len() > 1 { slices } else { &[] };
    let refuted = slices.iter().filter(|slice| slice.refuted);
    let worst = refuted.min_by(|a, b| a.quality_upper.total_cmp(&b.quality_upper))?;
    Some(words::worst_slice(worst, evidence, demand))
}

const SLICE_UNITS: &str = "SELECT cell, CAST(slice_from AS BIGINT) AS slice_from, weight, loss, \
    count(*) AS units FROM slices GROUP BY cell, slice_from, weight, loss";

pub(super) async fn slices(warehouse: &Warehouse) -> Result<BTreeMap<String, Cuts>, Error> {
    let mut cells: BTreeMap<String, Cuts> = BTreeMap::new();
    let text = sql::of_slices(SLICE_UNITS);
    for batch in warehouse.formed().await?.ask_of_cells(&text).await? {
        let columns = Columns::of("slices", &batch);
        for at in 0..batch.num_rows() {
            let weight = columns.known_number("weight", at)?;
            let loss = columns.known_number("loss", at)?;
            let cuts = cells.entry(columns.text("cell", at)?.to_owned()).or_default();
            let units = cuts.entry(columns.whole("slice_from", at)?).or_default();
            let unit = Unit { weight, weighted_loss: weight * loss };
            units.push((unit, columns.count("units", at)?));
        }
    }
    Ok(cells)
}
