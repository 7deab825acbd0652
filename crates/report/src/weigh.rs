//! The one way from the lake to a decision. `report` shows what comes out of it and `promote` acts
//! on it, so the two cannot disagree.

use crate::{Error, Warehouse, judge, read::Columns, sql, translations, watch};
use confidence::{
    Evidence, Mode,
    judge::{Taken, Worth},
};
use exchange::{NanoUsd, Timestamp};
use policy::{Decision, Epoch, GateRule, Judge, PriceBook, ProductFacts, Promoted, Saving, gate};
use serde::Serialize;
use std::collections::BTreeMap;

/// What the pipeline and the moment bring to the evidence.
#[derive(Clone, Debug)]
pub struct Rules {
    /// When it is decided, by the clock that stamped the evidence. A report decides as of its own
    /// moment.
    pub decided_at: Timestamp,
    /// The versions of the tables that the warehouse reads.
    pub lake_version: BTreeMap<String, u64>,
    /// The categories, in the order in which they are shown.
    pub categories: Vec<CategoryRule>,
    /// Who serves each model that the pipeline knows, by the model's name.
    pub providers: BTreeMap<String, String>,
    /// What every model costs: what holds at `decided_at` says what the shadowed calls would cost now.
    pub prices: PriceBook,
}

/// What is demanded of one category.
#[derive(Clone, Debug)]
pub struct CategoryRule {
    /// Its name.
    pub category: String,
    /// The bar or margin, as the pipeline words it.
    pub demand: Demand,
    /// The limits of the gate.
    pub gate: GateRule,
    /// Its judge, where its mode rests on one.
    pub judge: Option<JudgeRule>,
    /// The providers that it allows; empty means every one.
    pub allowed_providers: Vec<String>,
    /// Its candidates.
    pub candidates: Vec<CandidateRule>,
}

/// The judge of a category, as labels are to bear it out.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgeRule {
    /// The digest of each model that judges with its rubric: one, or a panel.
    pub versions: Vec<String>,
    /// What is taken for granted of its sensitivity plus specificity less one.
    pub youden: f64,
}

/// One candidate of a category.
#[derive(Clone, Debug)]
pub struct CandidateRule {
    /// The model's name in the pipeline.
    pub candidate: String,
    /// The digest of what the pipeline defines now, as cells carry it. Evidence under another one
    /// speaks of something else.
    pub definition_digest: Option<String>,
    /// Who serves it.
    pub provider: String,
    /// Whether it and the reference have a price; without one nothing is called cheaper.
    pub priced: bool,
    /// Whether it serves the category now, and since when.
    pub serving: Option<Promoted>,
}

/// What the pipeline demands, in its own words; `tau` in the evidence is what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// The least quality.
    Bar(f64),
    /// How much worse than the reference a candidate may be.
    Margin(f64),
}

/// What a candidate would have cost on the very calls that it was shadowed on, and what the same
/// share saves on all that the reference was paid for the category, net of nothing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Savings {
    /// Calls with a price on both sides.
    pub pairs: u64,
    /// What the reference was paid for them.
    pub pairs_reference_usd: NanoUsd,
    /// What the candidate was paid for them.
    pub pairs_candidate_usd: NanoUsd,
    /// The share that it saves on them; `None` where the reference cost nothing.
    pub share: Option<f64>,
    /// The lower end of its 95 % interval; `None` below two pairs.
    pub share_lower: Option<f64>,
    /// The upper end.
    pub share_upper: Option<f64>,
    /// The category's calls that the reference served.
    pub calls: u64,
    /// What it was paid for those with a price.
    pub spend_usd: Option<NanoUsd>,
    /// The share of that spend.
    pub projected_usd: Option<NanoUsd>,
    /// The lower end of its interval.
    pub projected_usd_lower: Option<NanoUsd>,
    /// The upper end.
    pub projected_usd_upper: Option<NanoUsd>,
    /// The share of the prompts' tokens that the reference read from its prompt cache.
    pub reference_cached: Option<f64>,
    /// The same share of the candidate: where it is less, that is in what it was paid.
    pub candidate_cached: Option<f64>,
}

/// One cell with everything that was laid before the gate, and its word.
#[derive(Clone, Debug)]
pub struct Weighed {
    /// What the cell's units say.
    pub evidence: Evidence,
    /// What the gate had to know beside it.
    pub facts: ProductFacts,
    /// The limits that it held the figures to.
    pub gate: GateRule,
    /// The bar or margin behind `evidence.tau`.
    pub demand: Demand,
    /// What labels prove about the judge that the cell rests on, where there are any.
    pub worth: Option<Worth>,
    /// What the candidate would save.
    pub savings: Option<Savings>,
    /// What the gate decides.
    pub decision: Decision,
}

/// Weighs the current cell of every category × candidate of the rules, in their order. A candidate
/// without a cell is not weighed: nothing was ever assigned to it.
///
/// # Errors
/// [`Error::Query`] if the lake cannot be read, [`Error::Evidence`] if it holds a loss outside its
/// declared range.
pub async fn weigh(warehouse: &Warehouse, rules: &Rules) -> Result<Vec<Weighed>, Error> {
    let cells = current(warehouse.evidence().await?);
    let digests = digests(warehouse).await?;
    let mut savings = savings(warehouse).await?;
    let worths = judge::worths(warehouse, &rules.categories).await?;
    let mut translations = translations::translations(warehouse).await?;
    let serving = watch::serving(warehouse, rules, &cells).await?;
    let mut weighed = Vec::new();
    for category in &rules.categories {
        for candidate in &category.candidates {
            let key = (category.category.clone(), candidate.candidate.clone());
            if let Some(evidence) = cells.get(&key) {
                let worth = worths.get(&key);
                let judge = standing(evidence.mode, worth, category);
                let savings = savings.remove(&evidence.cell);
                let moments = (warehouse.as_of(), rules.decided_at);
                let facts = ProductFacts {
                    epoch: epoch(digests.get(&evidence.cell), candidate),
                    judge,
                    translations: translations.remove(&evidence.cell).unwrap_or_default(),
                    serving: serving.get(&evidence.cell).copied(),
                    ..facts(evidence, savings.as_ref(), (category, candidate), moments)
                };
                weighed.push(Weighed {
                    decision: gate::decide(evidence, &facts, &category.gate),
                    evidence: evidence.clone(),
                    facts,
                    gate: category.gate.clone(),
                    demand: category.demand,
                    worth: worth.copied(),
                    savings,
                });
            }
        }
    }
    Ok(weighed)
}

/// The latest epoch of each category × candidate that may come before a gate: a cell without a share
/// of the family's error is for comparing.
pub(crate) fn current(cells: Vec<Evidence>) -> BTreeMap<(String, String), Evidence> {
    let mut latest: BTreeMap<(String, String), Evidence> = BTreeMap::new();
    for cell in cells.into_iter().filter(|cell| cell.family_weight > 0.0) {
        let key = (cell.category.clone(), cell.candidate.clone());
        if latest.get(&key).is_none_or(|known| known.epoch < cell.epoch) {
            latest.insert(key, cell);
        }
    }
    latest
}

fn facts(
    evidence: &Evidence,
    savings: Option<&Savings>,
    (category, candidate): (&CategoryRule, &CandidateRule),
    (as_of, decided_at): (Timestamp, Timestamp),
) -> ProductFacts {
    ProductFacts {
        as_of,
        decided_at,
        epoch: Epoch::Superseded,
        first_assignment_at: evidence.first_at.map(Timestamp),
        saving: savings.filter(|_| candidate.priced).and_then(Savings::known),
        judge: Judge::Unmeasured,
        provider: gate::ProviderFacts {
            name: candidate.provider.clone(),
            allowed: category.allowed_providers.clone(),
        },
        translations: gate::Translations::default(),
        serving: None,
    }
}

/// What labels say of the judge that the category rests on.
fn standing(mode: Mode, worth: Option<&Worth>, category: &CategoryRule) -> Judge {
    let Some((worth, rule)) = worth.zip(category.judge.as_ref()) else { return Judge::Unmeasured };
    let margin = match category.demand {
        Demand::Margin(margin) => Some(margin),
        Demand::Bar(_) => None,
    };
    match worth.bears_out(&Taken { mode, youden: rule.youden, margin }) {
        Ok(()) => Judge::Measured,
        Err(shortfall) => Judge::Short(shortfall),
    }
}

fn epoch(measured: Option<&String>, candidate: &CandidateRule) -> Epoch {
    match (measured, &candidate.definition_digest) {
        (Some(measured), Some(defined)) if measured == defined => Epoch::Current,
        (Some(_) | None, Some(_) | None) => Epoch::Superseded,
    }
}

/// The digest of every cell's definition.
async fn digests(warehouse: &Warehouse) -> Result<BTreeMap<String, String>, Error> {
    let mut digests = BTreeMap::new();
    for batch in warehouse.rows("SELECT cell, definition_digest FROM opened_cells").await? {
        let columns = Columns::of("opened_cells", &batch);
        for at in 0..batch.num_rows() {
            let digest = columns.text("definition_digest", at)?.to_owned();
            digests.insert(columns.text("cell", at)?.to_owned(), digest);
        }
    }
    Ok(digests)
}

impl Savings {
    /// The saving as the gate reads it: with an interval or not at all.
    fn known(&self) -> Option<Saving> {
        Some(Saving { share: self.share?, lower: self.share_lower?, upper: self.share_upper? })
    }
}

const SAVINGS: &str = "SELECT cell, pairs, calls, spend_usd, pairs_reference_usd, \
    pairs_candidate_usd, saving_share, saving_share_lower, saving_share_upper, saving_usd, \
    saving_usd_lower, saving_usd_upper, reference_cached, candidate_cached FROM savings";

async fn savings(warehouse: &Warehouse) -> Result<BTreeMap<String, Savings>, Error> {
    let mut cells = BTreeMap::new();
    let (session, _held) = warehouse.paid().await?;
    let text = sql::of_savings(SAVINGS, warehouse.as_of());
    for batch in session.sql(&text).await?.collect().await? {
        let columns = Columns::of("savings", &batch);
        for at in 0..batch.num_rows() {
            let usd =
                |column| Ok::<_, Error>(columns.number(column, at)?.and_then(NanoUsd::from_usd));
            let paid = |column| Ok::<_, Error>(columns.money(column, at)?.unwrap_or_default());
            let savings = Savings {
                pairs: columns.count("pairs", at)?,
                pairs_reference_usd: paid("pairs_reference_usd")?,
                pairs_candidate_usd: paid("pairs_candidate_usd")?,
                share: columns.number("saving_share", at)?,
                share_lower: columns.number("saving_share_lower", at)?,
                share_upper: columns.number("saving_share_upper", at)?,
                calls: columns.count("calls", at)?,
                spend_usd: columns.money("spend_usd", at)?,
                projected_usd: usd("saving_usd")?,
                projected_usd_lower: usd("saving_usd_lower")?,
                projected_usd_upper: usd("saving_usd_upper")?,
                reference_cached: columns.number("reference_cached", at)?,
                candidate_cached: columns.number("candidate_cached", at)?,
            };
            cells.insert(columns.text("cell", at)?.to_owned(), savings);
        }
    }
    Ok(cells)
}
