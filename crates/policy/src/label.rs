//! Which pairs people are asked about first, and how the arms are hidden from them.
//!
//! What chance drew for a label comes first, because only such labels measure; among them the order
//! is chance again, so that whoever stops early leaves a sample. Labels beyond those inform only,
//! and there the order may go by what a judge said.

use crate::chance::{Chance, Purpose};
use exchange::ExchangeId;
use std::{cmp::Ordering, collections::BTreeMap};

/// Names of pairs are so many hexadecimal digits behind the exchange.
const NAMES: f64 = 4_294_967_296.0;

/// Which reply is shown first, as A.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The reference's.
    ReferenceFirst,
    /// The candidate's.
    CandidateFirst,
}

/// Two replies that nobody has labelled.
#[derive(Clone, Debug, PartialEq)]
pub struct Unlabelled {
    /// The exchange.
    pub exchange: ExchangeId,
    /// The model on trial.
    pub candidate: String,
    /// The kind of call.
    pub category: String,
    /// The probability with which it was drawn for a label; `None` where it was not.
    pub audit_prob: Option<f64>,
    /// The loss of the candidate's reply, where there is a verdict.
    pub loss: Option<f64>,
    /// The loss of the reference's.
    pub reference_loss: Option<f64>,
}

impl Unlabelled {
    /// Which reply is shown first.
    #[must_use]
    pub fn shown(&self) -> Shown {
        if self.chance(Purpose::Show).value() < 0.5 {
            Shown::ReferenceFirst
        } else {
            Shown::CandidateFirst
        }
    }

    /// What it is called: it tells two candidates of one exchange apart, and not which they are.
    #[must_use]
    pub fn name(&self) -> String {
        let digits = (self.chance(Purpose::Name).value() * NAMES) as u32;
        format!("{}-{digits:08x}", self.exchange)
    }

    /// What a label would say beyond what is known. It is greatest where the judge contradicted
    /// itself between its orders, then where it tells the two replies apart.
    #[must_use]
    pub fn doubt(&self) -> f64 {
        let torn = |loss: f64| 4.0 * loss * (1.0 - loss);
        let (loss, reference) = (self.loss.unwrap_or(0.0), self.reference_loss.unwrap_or(0.0));
        torn(loss).max(torn(reference)) + (loss - reference).abs()
    }

    fn chance(&self, purpose: Purpose) -> Chance {
        Chance::of("label", purpose, &[&self.exchange.to_string(), &self.candidate])
    }
}

/// Orders pairs by what a label of them buys; `labelled` counts the drawn labels of each category
/// that there are already.
///
/// A category's bounds close in by about 1/n with its n-th label, so the one with fewest has its turn
/// first; inside it chance decides and never what the judge said, because that would choose the
/// figures. The rest goes by [`Unlabelled::doubt`].
#[must_use]
pub fn by_worth(pairs: Vec<Unlabelled>, labelled: &BTreeMap<String, u64>) -> Vec<Unlabelled> {
    let (mut drawn, mut rest): (Vec<_>, Vec<_>) =
        pairs.into_iter().partition(|pair| pair.audit_prob.is_some());
    let turn = |pair: &Unlabelled| pair.chance(Purpose::Turn);
    drawn.sort_by(|one, other| by_chance(turn(one), turn(other)));
    let mut counts = labelled.clone();
    let mut ranked: Vec<(u64, Unlabelled)> = Vec::with_capacity(drawn.len());
    for pair in drawn {
        let count = counts.entry(pair.category.clone()).or_default();
        ranked.push((*count, pair));
        *count += 1;
    }
    // Stable: within one rank the order stays that of chance.
    ranked.sort_by_key(|(count, _)| *count);
    rest.sort_by(|one, other| {
        other.doubt().total_cmp(&one.doubt()).then_with(|| by_chance(turn(one), turn(other)))
    });
    ranked.into_iter().map(|(_, pair)| pair).chain(rest).collect()
}

fn by_chance(one: Chance, other: Chance) -> Ordering {
    one.value().total_cmp(&other.value())
}

impl Shown {
    /// The name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReferenceFirst => "reference_first",
            Self::CandidateFirst => "candidate_first",
        }
    }
}
