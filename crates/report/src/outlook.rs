//! What is still to be done: the units, days and dollars that each cell probably still needs, what
//! each is asked from the next day on, and in which order to promote. Data before it is text.
//!
//! Every figure is a straight line through what was seen and promises nothing; the one thing that
//! anybody acts on, the allotment, is `policy`'s.

mod day;
mod promotions;

use crate::{Correction, Error, Rules, Warehouse, Weighed, correction, read::Columns, sql, weigh};
use confidence::{Evidence, Histogram, Mode, Tolerance, Unit, process};
use day::Day;
use exchange::{DAY_US, NanoUsd, Timestamp};
use policy::{
    Allotment, Code, Decision, Prospect, Sampling, Share, Standing, Tomorrow, allot,
    allot::Demanded,
};
use serde::Serialize;
use std::collections::BTreeMap;

pub use promotions::{FIRST_SHARE, PromotionOutlook};

/// What the pipeline lets be spent.
#[derive(Clone, Debug)]
pub struct Spending {
    /// In a day, on everything.
    pub per_day: NanoUsd,
    /// What share of each category may be asked.
    pub granted: BTreeMap<String, Sampling>,
}

/// Everything that a plan says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outlook {
    /// The moment that it speaks of, in microseconds.
    pub as_of: Timestamp,
    /// The versions of the tables that it was read from.
    pub lake_version: BTreeMap<String, u64>,
    /// What may be spent in a day.
    pub per_day_usd: NanoUsd,
    /// What a day is expected to cost as allotted.
    pub expected_usd: NanoUsd,
    /// What it would cost if everything were asked that the pipeline grants, refuted cells too.
    pub granted_usd: NanoUsd,
    /// The current cell of each category × candidate of the rules, in the rules' order.
    pub cells: Vec<CellOutlook>,
    /// What may be promoted, now or later, in the order in which to do it.
    pub promotions: Vec<PromotionOutlook>,
}

/// What one cell still needs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellOutlook {
    /// The cell.
    pub cell: String,
    /// The kind of call.
    pub category: String,
    /// The model on trial.
    pub candidate: String,
    /// How its losses are made.
    pub mode: Mode,
    /// Units counted.
    pub units: u64,
    /// The adjusted confidence.
    pub confidence_adj: f64,
    /// What is demanded of it.
    pub threshold: f64,
    /// `serving`, `cleared`, `clears`, `refutes`, `undecided` or `refuted`.
    pub standing: &'static str,
    /// Units until it is decided; `None` where no number of them does, or it is decided.
    pub units_left: Option<u64>,
    /// Days until then at what it is allotted, and until its observation is over if it clears.
    pub days_left: Option<f64>,
    /// What these days are expected to cost.
    pub usd_left: Option<NanoUsd>,
    /// What else holds it, by the gate's codes: what neither units nor days change by themselves.
    pub held_by: Vec<&'static str>,
    /// Conversations in a day that could be asked; `None` where nothing was seen of late.
    pub conversations_per_day: Option<f64>,
    /// What one asked conversation costs, with its part of control and judge.
    pub usd_per_conversation: Option<NanoUsd>,
    /// The share of its conversations that the pipeline grants.
    pub granted: Share,
    /// What it is asked from the next day on.
    #[serde(flatten)]
    pub allotment: Allotment,
    /// What a day of that is expected to cost.
    pub usd_per_day: Option<NanoUsd>,
    /// How far the judge's word is to count beside labels from the next day on, in mode PPI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<Correction>,
}

impl Outlook {
    /// Gathers the outlook of a warehouse under the rules.
    ///
    /// # Errors
    /// [`Error::Query`] if the lake cannot be read, [`Error::Evidence`] if it holds a loss outside
    /// its declared range.
    pub async fn gather(
        warehouse: &Warehouse,
        rules: &Rules,
        spending: &Spending,
    ) -> Result<Self, Error> {
        let weighed = weigh(warehouse, rules).await?;
        let against = against(warehouse, &weighed).await?;
        let days = day::of_cells(warehouse, &weighed).await?;
        let corrections = correction::for_blocks(warehouse).await?;
        let cells: Vec<Seen> = weighed
            .into_iter()
            .map(|weighed| {
                let cell = &weighed.evidence.cell;
                let log_e_refute = against.get(cell).copied().unwrap_or(0.0);
                let sampling = spending.granted.get(&weighed.evidence.category);
                Seen {
                    standing: standing(&weighed, log_e_refute),
                    sampling: sampling.copied().unwrap_or(Sampling::ALL),
                    day: days.get(cell).copied().unwrap_or_default(),
                    correction: corrections.get(cell).copied(),
                    weighed,
                }
            })
            .collect();
        Ok(Self::of(warehouse, rules, (&cells, spending.per_day)))
    }

    fn of(warehouse: &Warehouse, rules: &Rules, (cells, per_day_usd): (&[Seen], NanoUsd)) -> Self {
        let prospects: Vec<Prospect> = cells.iter().map(Seen::prospect).collect();
        let allotted = allot(&prospects, per_day_usd);
        let granted = cells.iter().filter_map(|seen| seen.cost(seen.sampling.conversations));
        let granted_usd = granted.sum();
        let cells: Vec<(&Seen, CellOutlook)> =
            cells.iter().zip(allotted).map(|(seen, it)| (seen, seen.outlook(it))).collect();
        Self {
            as_of: warehouse.as_of(),
            lake_version: rules.lake_version.clone(),
            per_day_usd,
            expected_usd: cells.iter().filter_map(|(_, cell)| cell.usd_per_day).sum(),
            granted_usd,
            promotions: promotions::ranked(&cells),
            cells: cells.into_iter().map(|(_, cell)| cell).collect(),
        }
    }

    /// What it says to whoever declares the days to come, by the cell.
    #[must_use]
    pub fn tomorrow(&self) -> BTreeMap<String, Tomorrow> {
        let tomorrow = |cell: &CellOutlook| Tomorrow {
            allotment: cell.allotment,
            learnt: cell.correction.map(|correction| correction.learnt()),
        };
        self.cells.iter().map(|cell| (cell.cell.clone(), tomorrow(cell))).collect()
    }
}

/// A cell with everything that its outlook is worked out from.
struct Seen {
    weighed: Weighed,
    standing: Standing,
    sampling: Sampling,
    day: Day,
    correction: Option<Correction>,
}

impl Seen {
    fn prospect(&self) -> Prospect {
        Prospect {
            standing: self.standing,
            granted: self.sampling.conversations,
            conversations: self.day.conversations.map(|day| day * self.day.reach(self.sampling)),
            cost: self.day.cost,
        }
    }

    fn outlook(&self, allotment: Allotment) -> CellOutlook {
        let Weighed { evidence, gate, decision, .. } = &self.weighed;
        let days_left = self.days_left(allotment.share);
        let usd_per_day = self.cost(allotment.share);
        let usd_left = days_left.zip(usd_per_day).and_then(|(days, usd)| times(usd, days));
        CellOutlook {
            cell: evidence.cell.clone(),
            category: evidence.category.clone(),
            candidate: evidence.candidate.clone(),
            mode: evidence.mode,
            units: evidence.units,
            confidence_adj: evidence.confidence_adj,
            threshold: gate.threshold,
            standing: self.standing.name(),
            units_left: self.standing.units_left(),
            days_left,
            usd_left,
            held_by: held_by(decision),
            conversations_per_day: self.day.conversations,
            usd_per_conversation: self.day.cost,
            granted: self.sampling.conversations,
            allotment,
            usd_per_day,
            correction: self.correction,
        }
    }

    /// Conversations that are asked in a day at a share.
    fn asked(&self, share: Share) -> Option<f64> {
        Some(self.day.conversations? * self.day.reach(self.sampling) * share.value())
    }

    fn cost(&self, share: Share) -> Option<NanoUsd> {
        times(self.day.cost?, self.asked(share)?)
    }

    fn days_left(&self, share: Share) -> Option<f64> {
        let by_units = |units: u64| {
            let days = units as f64 / self.asked(share)?;
            days.is_finite().then_some(days)
        };
        match self.standing {
            Standing::Cleared => Some(self.observation_left()),
            Standing::Clears(units) => Some(by_units(units)?.max(self.observation_left())),
            Standing::Refutes(units) => by_units(units),
            Standing::Serving | Standing::Undecided | Standing::Refuted => None,
        }
    }

    /// Days until the observation is long enough, and on enough dates.
    fn observation_left(&self) -> f64 {
        let Weighed { evidence, facts, gate, .. } = &self.weighed;
        let days = gate.observation_left_us(facts) as f64 / DAY_US as f64;
        let dates = u64::from(gate.dates_min()).saturating_sub(evidence.days);
        days.max(dates as f64)
    }
}

/// So many times as much money.
fn times(money: NanoUsd, times: f64) -> Option<NanoUsd> {
    NanoUsd::from_usd(money.usd() * times)
}

fn standing(weighed: &Weighed, log_e_refute: f64) -> Standing {
    let Weighed { evidence, facts, gate, .. } = weighed;
    if facts.serving.is_some() {
        return Standing::Serving;
    }
    let demanded = Demanded { threshold: gate.threshold, units_min: gate.units_min };
    Standing::of(evidence, log_e_refute, demanded)
}

/// What holds a cell beside what units and days bring of themselves.
fn held_by(decision: &Decision) -> Vec<&'static str> {
    let reasons = match decision {
        Decision::Promote(_) => return Vec::new(),
        Decision::Hold(reasons) => reasons.as_slice(),
        Decision::Demote(reason) => std::slice::from_ref(reason),
    };
    let with_time = [
        Code::Confidence,
        Code::MinUnits,
        Code::MinDays,
        Code::Observation,
        Code::ObservationFloor,
        Code::Refuted,
    ];
    let held = reasons.iter().filter(|reason| !with_time.contains(&reason.code));
    held.map(|reason| reason.code.name()).collect()
}

const UNITS: &str = "SELECT cell, weight, loss, count(*) AS units FROM all_units WHERE counted \
    GROUP BY cell, weight, loss";

/// Log of the evidence against the candidate of each cell that is weighed.
async fn against(
    warehouse: &Warehouse,
    weighed: &[Weighed],
) -> Result<BTreeMap<String, f64>, Error> {
    let mut cells = BTreeMap::new();
    for Weighed { evidence, .. } in weighed {
        cells.insert(evidence.cell.as_str(), (tolerance(evidence)?, Histogram::new()));
    }
    for batch in warehouse.formed().await?.ask_of_cells(&sql::of_all_units(UNITS)).await? {
        let columns = Columns::of("units", &batch);
        for at in 0..batch.num_rows() {
            let cell = columns.text("cell", at)?;
            let Some((tolerance, histogram)) = cells.get_mut(cell) else { continue };
            let weight = columns.known_number("weight", at)?;
            let loss = columns.known_number("loss", at)?;
            let unit = Unit { weight, weighted_loss: weight * loss };
            histogram
                .add_many(unit, columns.count("units", at)?, tolerance.range())
                .map_err(|source| Error::Evidence { cell: cell.to_owned(), source })?;
        }
    }
    let log_e = |(cell, (tolerance, histogram)): (&str, (Tolerance, Histogram))| {
        (cell.to_owned(), process::log_e_refute(&histogram, tolerance))
    };
    Ok(cells.into_iter().map(log_e).collect())
}

fn tolerance(evidence: &Evidence) -> Result<Tolerance, Error> {
    Tolerance::new(evidence.tau, evidence.loss_lo, evidence.loss_hi)
        .map_err(|source| Error::Evidence { cell: evidence.cell.clone(), source })
}
