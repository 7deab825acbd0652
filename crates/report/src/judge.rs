//! The judges of a lake, measured: from the words of the tables and the labels to the figures of
//! [`confidence::judge`]. The gate and `foreshadow judge` read the same rows in the same way.

mod anchors;

pub use anchors::{Anchors, ModelScores};

use crate::{CandidateRule, CategoryRule, Error, Warehouse, read::Columns, sql};
use anchors::Sets;
use confidence::judge::{Figures, Label, Order, Pair, Preferred, Said, Side, Word, Worth, measure};
use serde::Serialize;
use std::collections::BTreeMap;

/// The scorer whose rows say which reply a judge likes better.
const PREFERENCE: &str = "judge_preference";

/// What the pipeline knows of judges and models.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The model behind each version: the digest of model and rubric that scores carry.
    pub versions: BTreeMap<String, String>,
    /// The versions that judge today; several are a panel.
    pub today: Vec<String>,
    /// The family of each model.
    pub families: BTreeMap<String, String>,
}

/// One judge, or the panel of today, on one category.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// The kind of call.
    pub category: String,
    /// The version; `None` for the panel as a whole.
    pub version: Option<String>,
    /// The model, where the pipeline still knows it.
    pub model: Option<String>,
    /// Whether it is what the category rests on today.
    pub gates: bool,
    /// What was measured.
    pub figures: Figures,
    /// What its frozen pairs say, where it was asked about them.
    pub anchors: Option<Anchors>,
}

/// Measures every version of every judge on every category, newest words first if there are more
/// than can be read at once.
///
/// # Errors
/// [`Error::Query`] if the lake cannot be read, [`Error::Evidence`] if a figure in it is none.
pub async fn measured(warehouse: &Warehouse, known: &Known) -> Result<Vec<Measured>, Error> {
    let seen = seen(warehouse, sql::Judged::Every).await?;
    let sets = Sets::of(warehouse).await?;
    let mut measured = Vec::new();
    for (category, pairs) in &seen.0 {
        let mut versions: Vec<&String> = pairs.values().flat_map(|it| it.words.keys()).collect();
        versions.sort_unstable();
        versions.dedup();
        for version in versions {
            let one = std::slice::from_ref(version);
            let model = known.versions.get(version).cloned();
            let family = model.as_ref().and_then(|model| known.families.get(model));
            measured.push(Measured {
                category: category.clone(),
                figures: figures(category, pairs.values(), &As { versions: one, family, known })?,
                anchors: sets.about(category, one)?,
                gates: known.today == one,
                version: Some(version.clone()),
                model,
            });
        }
        if known.today.len() > 1 {
            let panel = As { versions: &known.today, family: None, known };
            measured.push(Measured {
                category: category.clone(),
                version: None,
                model: None,
                gates: true,
                figures: figures(category, pairs.values(), &panel)?,
                anchors: sets.about(category, &known.today)?,
            });
        }
    }
    Ok(measured)
}

/// What labels prove about the judge of each category × candidate that has one and labels: how it errs on
/// that candidate's replies and on the reference's beside them. What it makes of another candidate says
/// nothing of this one.
pub(crate) async fn worths(
    warehouse: &Warehouse,
    categories: &[CategoryRule],
) -> Result<BTreeMap<(String, String), Worth>, Error> {
    let mut worths = BTreeMap::new();
    if categories.iter().all(|category| category.judge.is_none()) {
        return Ok(worths);
    }
    let seen = seen(warehouse, sql::Judged::Labelled).await?;
    let known = Known::default();
    for category in categories {
        let Some((rule, pairs)) = category.judge.as_ref().zip(seen.0.get(&category.category))
        else {
            continue;
        };
        let versions = As { versions: &rule.versions, family: None, known: &known };
        for CandidateRule { candidate, .. } in &category.candidates {
            let own = pairs.iter().filter(|((_, of), _)| of == candidate);
            let figures = figures(&category.category, own.map(|(_, pair)| pair), &versions)?;
            if figures.labels > 0 {
                worths.insert((category.category.clone(), candidate.clone()), figures.worth);
            }
        }
    }
    Ok(worths)
}

/// Whose words are read, and who is kin.
struct As<'a> {
    versions: &'a [String],
    family: Option<&'a String>,
    known: &'a Known,
}

fn figures<'a>(
    category: &str,
    pairs: impl Iterator<Item = &'a Seen>,
    of: &As<'_>,
) -> Result<Figures, Error> {
    let pairs: Vec<Pair> = pairs.filter_map(|seen| seen.pair(of)).collect();
    let refuse = |source| Error::Evidence { cell: format!("the judge on {category}"), source };
    measure(&pairs).map_err(refuse)
}

/// By category, and in it by exchange and candidate.
struct Everything(BTreeMap<String, Pairs>);
type Pairs = BTreeMap<(String, String), Seen>;

/// One pair as the rows tell it.
#[derive(Default)]
struct Seen {
    conversation: String,
    models: [Option<String>; 2],
    sides: [Side; 2],
    /// By version, and in it by order and repeat.
    words: BTreeMap<String, BTreeMap<(Order, u32), Half>>,
}

/// The rows of one word.
#[derive(Clone, Copy, Default)]
struct Half {
    reference: Option<f64>,
    candidate: Option<f64>,
    preferred: Option<Preferred>,
}

impl Seen {
    /// `None` where one of the judges was not asked about it.
    fn pair(&self, of: &As<'_>) -> Option<Pair> {
        let mut words = Vec::new();
        for (judge, version) in (0_u32..).zip(of.versions) {
            let said = self.words.get(version)?;
            words.extend(said.iter().map(|((order, repeat), half)| Word {
                judge,
                order: *order,
                repeat: *repeat,
                said: half.said(),
            }));
        }
        let akin = |model: &Option<String>| {
            let own = of.family?;
            model.as_ref().and_then(|model| of.known.families.get(model)).map(|it| it == own)
        };
        let [reference, candidate] = &self.models;
        let side = |side: Side, model| Side { akin: akin(model), ..side };
        Some(Pair {
            conversation: self.conversation.clone(),
            reference: side(self.sides[0], reference),
            candidate: side(self.sides[1], candidate),
            preference: None,
            words,
        })
    }
}

impl Half {
    fn said(self) -> Option<Said> {
        let (reference, candidate) = self.reference.zip(self.candidate)?;
        let acceptable = |value: f64| value >= 0.5;
        Some(Said {
            reference: acceptable(reference),
            candidate: acceptable(candidate),
            preferred: self.preferred,
        })
    }
}

async fn seen(warehouse: &Warehouse, which: sql::Judged) -> Result<Everything, Error> {
    let mut seen = Everything(BTreeMap::new());
    for batch in warehouse.rows(&sql::judged(which, warehouse.as_of())).await? {
        let columns = Columns::of("judged", &batch);
        for at in 0..batch.num_rows() {
            add(&mut seen, &columns, at)?;
        }
    }
    Ok(seen)
}

fn add(seen: &mut Everything, columns: &Columns, at: usize) -> Result<(), Error> {
    let Some((order, repeat)) = trial(columns.text_or_null("trial", at)?.unwrap_or_default())
    else {
        return Ok(());
    };
    let category = columns.text("category", at)?.to_owned();
    let key =
        (columns.text("exchange_id", at)?.to_owned(), columns.text("candidate", at)?.to_owned());
    let pair = seen.0.entry(category).or_default().entry(key).or_default();
    pair.conversation = columns.text("conversation", at)?.to_owned();
    let audit_weight = columns.number("audit_weight", at)?;
    for (side, (label, length, model)) in SIDES.into_iter().enumerate() {
        let acceptable = columns.flag_or_null(label, at)?;
        pair.sides[side].label = acceptable.map(|acceptable| Label { acceptable, audit_weight });
        pair.sides[side].length = columns.number(length, at)?;
        pair.models[side] = columns.text_or_null(model, at)?.map(ToOwned::to_owned);
    }
    let version = columns.text("scorer_digest", at)?.to_owned();
    let half = pair.words.entry(version).or_default().entry((order, repeat)).or_default();
    let value = columns.number("value", at)?;
    match (columns.text("scorer", at)?, columns.text("arm", at)?) {
        (PREFERENCE, _) => half.preferred = value.map(preferred),
        (_, "reference") => half.reference = value,
        (_, _) => half.candidate = value,
    }
    Ok(())
}

const SIDES: [(&str, &str, &str); 2] = [
    ("reference_label", "reference_length", "reference_model"),
    ("candidate_label", "candidate_length", "candidate_model"),
];

/// `reference_first`, or with a repeat `reference_first 2`; anything else is no word in an order.
fn trial(name: &str) -> Option<(Order, u32)> {
    let (order, repeat) = name.split_once(' ').unwrap_or((name, "1"));
    Some((order_of(order)?, repeat.parse().ok()?))
}

fn order_of(name: &str) -> Option<Order> {
    match name {
        "reference_first" => Some(Order::ReferenceFirst),
        "candidate_first" => Some(Order::CandidateFirst),
        _ => None,
    }
}

/// One for the candidate, zero for the reference, a half for neither.
fn preferred(value: f64) -> Preferred {
    if value > 0.5 {
        Preferred::Candidate
    } else if value < 0.5 {
        Preferred::Reference
    } else {
        Preferred::Tie
    }
}
