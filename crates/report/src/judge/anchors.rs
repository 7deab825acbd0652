//! The frozen pairs of a lake: what their judge said of them then and says now, and what the category's
//! scores did in the meantime.

use super::{Half, order_of};
use crate::{Error, Warehouse, read::Columns, sql};
use confidence::judge::{Again, Moved, Order, Shift, Steadiness, moved, shift, steadiness};
use serde::Serialize;
use std::collections::BTreeMap;

/// A set of frozen pairs at the last look at it, before one judge or before the panel of today.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Anchors {
    /// When the set was frozen.
    pub frozen_at: String,
    /// When the judge was last asked about it.
    pub run_at: String,
    /// Pairs that it was asked about then.
    pub pairs: u64,
    /// What they say about the judge.
    pub judge: Steadiness,
    /// What the scores of each model did.
    pub models: Vec<ModelScores>,
}

/// What one model's replies are worth, before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelScores {
    /// The candidate; `None` is the reference.
    pub candidate: Option<String>,
    /// The scores, from the first call under today's definition to the last look.
    pub scores: Shift,
    /// What that comes from.
    pub moved: Moved,
}

/// The newest set of every category.
#[derive(Default)]
pub(super) struct Sets(BTreeMap<String, Set>);

#[derive(Default)]
struct Set {
    frozen_at: String,
    run_at: String,
    look: u64,
    /// By judge, and in it by pair, candidate and order.
    words: BTreeMap<String, BTreeMap<Question, Words>>,
    scores: BTreeMap<Option<String>, Scores>,
}

type Question = (String, String, Order);

/// The word then, and both words now.
#[derive(Clone, Copy, Default)]
struct Words([Half; 3]);

/// Each conversation's mean loss.
#[derive(Default)]
struct Scores {
    before: BTreeMap<String, f64>,
    after: BTreeMap<String, f64>,
}

impl Sets {
    pub(super) async fn of(warehouse: &Warehouse) -> Result<Self, Error> {
        let mut sets = Self::default();
        for batch in warehouse.rows(sql::ASKED_AGAIN).await? {
            let columns = Columns::of("anchors", &batch);
            for at in 0..batch.num_rows() {
                sets.hear(&columns, at)?;
            }
        }
        if sets.0.is_empty() {
            return Ok(sets);
        }
        for batch in warehouse.rows(&sql::around_freezing()).await? {
            let columns = Columns::of("around_freezing", &batch);
            for at in 0..batch.num_rows() {
                sets.score(&columns, at)?;
            }
        }
        Ok(sets)
    }

    fn hear(&mut self, columns: &Columns, at: usize) -> Result<(), Error> {
        let Some((order, place)) = place(columns.text("trial", at)?) else { return Ok(()) };
        let set = self.0.entry(columns.text("category", at)?.to_owned()).or_default();
        columns.text("frozen_at", at)?.clone_into(&mut set.frozen_at);
        columns.text("run_at", at)?.clone_into(&mut set.run_at);
        set.look = columns.count("look", at)?;
        let pair = columns.text("pair", at)?.to_owned();
        let question = (pair, columns.text("candidate", at)?.to_owned(), order);
        let of_judge = set.words.entry(columns.text("judge", at)?.to_owned()).or_default();
        let half = &mut of_judge.entry(question).or_default().0[place];
        let value = columns.number("value", at)?;
        match columns.text("arm", at)? {
            "reference" => half.reference = value,
            _ => half.candidate = value,
        }
        Ok(())
    }

    fn score(&mut self, columns: &Columns, at: usize) -> Result<(), Error> {
        let Some(set) = self.0.get_mut(columns.text("category", at)?) else { return Ok(()) };
        let candidate = columns.text_or_null("candidate", at)?.map(ToOwned::to_owned);
        let scores = set.scores.entry(candidate).or_default();
        let side = if columns.flag("since", at)? { &mut scores.after } else { &mut scores.before };
        let loss = columns.known_number("loss", at)?;
        side.insert(columns.text("conversation", at)?.to_owned(), loss);
        Ok(())
    }

    /// What the set of a category says about these judges; `None` where they were not asked.
    pub(super) fn about(
        &self,
        category: &str,
        versions: &[String],
    ) -> Result<Option<Anchors>, Error> {
        let Some(set) = self.0.get(category) else { return Ok(None) };
        let words = versions.iter().filter_map(|version| set.words.get(version));
        let words: Vec<(&Question, &Words)> = words.flatten().collect();
        if words.is_empty() {
            return Ok(None);
        }
        let asked: Vec<Again> = words.iter().filter_map(|(_, words)| words.again()).collect();
        let mut pairs: Vec<(&String, &String)> =
            words.iter().map(|((pair, candidate, _), _)| (pair, candidate)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let judge = steadiness(&asked, set.look);
        let of_model = |(candidate, scores): (&Option<String>, &Scores)| {
            let refuse = |source| Error::Evidence { cell: format!("{category}'s anchors"), source };
            let scores = shift(&scores.before, &scores.after).map_err(refuse)?;
            let moved = moved(judge.standing, &scores);
            Ok(ModelScores { candidate: candidate.clone(), scores, moved })
        };
        Ok(Some(Anchors {
            frozen_at: set.frozen_at.clone(),
            run_at: set.run_at.clone(),
            pairs: pairs.len() as u64,
            judge,
            models: set.scores.iter().map(of_model).collect::<Result<_, Error>>()?,
        }))
    }
}

impl Words {
    /// `None` where nothing was frozen: of two replies that are alike one order is enough.
    fn again(self) -> Option<Again> {
        let [then, one, other] = self.0;
        Some(Again { then: then.said()?, now: [one.said(), other.said()] })
    }
}

/// Which order a word is in, and whether it is the word then, the first or the second now.
fn place(trial: &str) -> Option<(Order, usize)> {
    let (order, which) = trial.split_once(' ').unwrap_or((trial, "1"));
    let place = match which {
        "frozen" => 0,
        "1" => 1,
        "2" => 2,
        _ => return None,
    };
    Some((order_of(order)?, place))
}
