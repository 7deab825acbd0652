//! Whether it is worth routing at all: a pure function of the report's own figures.
//!
//! It advises and never gates: what it says can neither promote a category nor hold one.

use super::{CellReport, Span, Spend, traffic::is_callers};
use exchange::NanoUsd;
use policy::Code;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Days that a month counts here.
const MONTH_DAYS: f64 = 30.0;
/// Days of observation before a rate of spending is believed: less says little of a month.
const RATE_DAYS_MIN: f64 = 3.0;
/// What callers must pay in a month before routing may be worth somebody's attention: below it not
/// even a saving of all of it pays for an hour's work.
pub const SPEND_USD_MONTH_MIN: NanoUsd = NanoUsd(100_000_000_000);
/// The share of the callers' spend past which one provider is nearly all of it.
pub const PROVIDER_SHARE_MAX: f64 = 0.9;

/// Whether it is worth routing at all, what speaks against it, and what it would leave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Routing {
    /// What follows from the figures.
    pub advice: Advice,
    /// What speaks against routing, or for waiting.
    pub concerns: Vec<Concern>,
    /// What callers pay in 30 days at the rate of the observation; `None` while that is too short.
    pub spend_month_usd: Option<NanoUsd>,
    /// What the categories that clear would have saved, less what the trial cost.
    pub net: NetSaving,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Nobody can say yet.
    Wait,
    /// Stay with the reference: routing would not pay.
    Stay,
    /// Route what clears.
    Route,
}

/// One thing that speaks against routing, or for waiting, with its figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "concern", rename_all = "snake_case")]
pub enum Concern {
    /// Cells that are held because too little was seen.
    ThinEvidence {
        /// How many.
        cells: u64,
        /// Of how many.
        of: u64,
    },
    /// Cells that saw enough, do not clear, and may yet: more conversations or a remedy would do it.
    Undecided {
        /// How many.
        cells: u64,
        /// Of how many.
        of: u64,
        /// What holds them.
        held_by: BTreeSet<Code>,
    },
    /// Every candidate was found worse than is demanded, or no cheaper.
    NothingClears,
    /// All that callers pay is too little to be worth the work.
    SpendTooSmall {
        /// What they pay in 30 days.
        month_usd: NanoUsd,
        /// What they should.
        limit_usd: NanoUsd,
    },
    /// Nearly all of the spend is with one provider. It stands against nothing by itself, because a
    /// provider has cheaper models too; but there a better price may be had without a router.
    OneProvider {
        /// Which.
        provider: String,
        /// Its share of what callers pay.
        share: f64,
        /// The share that is nearly all.
        limit: f64,
    },
    /// The trial costs as much as what clears would save, or more.
    Overhead {
        /// What the trial cost.
        overhead_usd: NanoUsd,
        /// What clears would have saved meanwhile.
        saving_usd: NanoUsd,
    },
}

/// What the categories that clear would have saved on what the reference served, less what the trial
/// cost in the same time. What a candidate serves already is in neither.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NetSaving {
    /// The categories with a candidate that clears.
    pub categories: Vec<String>,
    /// What the best of those candidates would have saved.
    pub saving_usd: NanoUsd,
    /// The lower ends of the intervals added up; `None` where one has none.
    pub saving_usd_lower: Option<NanoUsd>,
    /// The upper ends added up.
    pub saving_usd_upper: Option<NanoUsd>,
    /// What the trial cost, by purpose: shadow calls, controls, judges, and what candidates were paid
    /// live for replies that nobody got.
    pub overhead: BTreeMap<String, NanoUsd>,
    /// All of it.
    pub overhead_usd: NanoUsd,
    /// The saving less the overhead.
    pub net_usd: NanoUsd,
    /// The lower end of its interval.
    pub net_usd_lower: Option<NanoUsd>,
    /// The upper end.
    pub net_usd_upper: Option<NanoUsd>,
}

/// Weighs the figures; `callers` is what callers paid to each provider.
pub(super) fn of(
    cells: &[CellReport],
    observed: Span,
    spend: &BTreeMap<String, Spend>,
    callers: &BTreeMap<String, NanoUsd>,
) -> Routing {
    let net = net(cells, spend);
    let spend_month_usd = month(observed, callers.values().copied().sum());
    let thin = cells.iter().filter(|cell| is_thin(cell)).count() as u64;
    let concerns: Vec<Concern> = [
        small(spend_month_usd),
        (thin > 0 || cells.is_empty())
            .then_some(Concern::ThinEvidence { cells: thin, of: cells.len() as u64 }),
        undecided(cells),
        nothing(cells),
        overhead(&net),
        one_provider(callers),
    ]
    .into_iter()
    .flatten()
    .collect();
    Routing { advice: advice(&concerns, &net), concerns, spend_month_usd, net }
}

fn advice(concerns: &[Concern], net: &NetSaving) -> Advice {
    let against = concerns.iter().any(|concern| match concern {
        Concern::SpendTooSmall { .. } | Concern::Overhead { .. } | Concern::NothingClears => true,
        Concern::ThinEvidence { .. } | Concern::Undecided { .. } | Concern::OneProvider { .. } => {
            false
        }
    });
    match (against, net.categories.is_empty()) {
        (true, _) => Advice::Stay,
        (false, true) => Advice::Wait,
        (false, false) => Advice::Route,
    }
}

/// Of each category the candidate that clears and saves most.
fn net(cells: &[CellReport], spend: &BTreeMap<String, Spend>) -> NetSaving {
    let mut best: BTreeMap<&str, [Option<NanoUsd>; 3]> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| clears(cell)) {
        let Some(savings) = &cell.savings else { continue };
        let ends =
            [savings.projected_usd, savings.projected_usd_lower, savings.projected_usd_upper];
        let known = best.entry(cell.evidence.category.as_str()).or_insert(ends);
        if known[0] < ends[0] {
            *known = ends;
        }
    }
    let sum = |end: usize| best.values().map(|ends| ends[end]).sum::<Option<NanoUsd>>();
    let overhead: BTreeMap<String, NanoUsd> = spend
        .iter()
        .filter(|(purpose, _)| !is_callers(purpose))
        .map(|(purpose, spend)| (purpose.clone(), spend.cost_usd))
        .collect();
    let overhead_usd: NanoUsd = overhead.values().copied().sum();
    let less = |saved: NanoUsd| NanoUsd(saved.0.saturating_sub(overhead_usd.0));
    let saving_usd = sum(0).unwrap_or_default();
    NetSaving {
        categories: best.keys().map(ToString::to_string).collect(),
        saving_usd,
        saving_usd_lower: sum(1),
        saving_usd_upper: sum(2),
        overhead,
        overhead_usd,
        net_usd: less(saving_usd),
        net_usd_lower: sum(1).map(less),
        net_usd_upper: sum(2).map(less),
    }
}

fn month(observed: Span, spend: NanoUsd) -> Option<NanoUsd> {
    let days = observed.days.filter(|days| *days >= RATE_DAYS_MIN)?;
    NanoUsd::from_usd(spend.usd() / days * MONTH_DAYS)
}

fn clears(cell: &CellReport) -> bool {
    cell.decision.action == "promote"
}

fn is_held_by(cell: &CellReport, codes: &[Code]) -> bool {
    cell.decision.reasons.iter().any(|reason| codes.contains(&reason.code))
}

/// Held because too little was seen, and not refuted by what was.
fn is_thin(cell: &CellReport) -> bool {
    let thin = [Code::MinUnits, Code::MinDays, Code::Observation, Code::ObservationFloor];
    !cell.evidence.refuted && is_held_by(cell, &thin)
}

/// Shown to be worse than is demanded, or no cheaper: more of the same would not change it.
fn is_settled(cell: &CellReport) -> bool {
    let hopeless = cell.evidence.forecast_units.is_none() && is_held_by(cell, &[Code::Confidence]);
    cell.evidence.refuted || hopeless || is_held_by(cell, &[Code::NotCheaper])
}

fn small(month_usd: Option<NanoUsd>) -> Option<Concern> {
    let month_usd = month_usd.filter(|spend| *spend < SPEND_USD_MONTH_MIN)?;
    Some(Concern::SpendTooSmall { month_usd, limit_usd: SPEND_USD_MONTH_MIN })
}

fn undecided(cells: &[CellReport]) -> Option<Concern> {
    let is_open = |cell: &&CellReport| !clears(cell) && !is_thin(cell) && !is_settled(cell);
    let open: Vec<&CellReport> = cells.iter().filter(is_open).collect();
    let reasons = open.iter().flat_map(|cell| &cell.decision.reasons);
    (!open.is_empty()).then(|| Concern::Undecided {
        cells: open.len() as u64,
        of: cells.len() as u64,
        held_by: reasons.map(|reason| reason.code).collect(),
    })
}

fn nothing(cells: &[CellReport]) -> Option<Concern> {
    let is_lost = |cell: &CellReport| !clears(cell) && !is_thin(cell) && is_settled(cell);
    (!cells.is_empty() && cells.iter().all(is_lost)).then_some(Concern::NothingClears)
}

fn overhead(net: &NetSaving) -> Option<Concern> {
    let (overhead_usd, saving_usd) = (net.overhead_usd, net.saving_usd);
    (!net.categories.is_empty() && overhead_usd >= saving_usd)
        .then_some(Concern::Overhead { overhead_usd, saving_usd })
}

fn one_provider(callers: &BTreeMap<String, NanoUsd>) -> Option<Concern> {
    let total: NanoUsd = callers.values().copied().sum();
    let (provider, most) = callers.iter().max_by_key(|(_, spend)| **spend)?;
    let share = most.usd() / total.usd();
    (share > PROVIDER_SHARE_MAX).then(|| Concern::OneProvider {
        provider: provider.clone(),
        share,
        limit: PROVIDER_SHARE_MAX,
    })
}
