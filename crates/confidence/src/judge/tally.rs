//! A mean over conversations with its bounds.

use super::level;
use crate::{Error, Histogram, LossRange, process, unit};
use serde::Serialize;
use std::collections::BTreeMap;

/// A mean, and between what it lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// Conversations that it is over.
    pub units: u64,
    /// Observations in them.
    pub count: u64,
    /// The mean; `None` where nothing was seen.
    pub mean: Option<f64>,
    /// Lower bound, valid whenever one looks.
    pub lower: f64,
    /// Upper bound, valid whenever one looks.
    pub upper: f64,
}

/// Observations by conversation.
pub(super) struct Tally<'a> {
    range: LossRange,
    by_conversation: BTreeMap<&'a str, Observed>,
}

#[derive(Default)]
struct Observed {
    weights: Vec<f64>,
    values: Vec<f64>,
}

impl<'a> Tally<'a> {
    /// Of shares.
    pub(super) fn share() -> Self {
        Self { range: LossRange::ABSOLUTE, by_conversation: BTreeMap::new() }
    }

    /// Of differences of shares.
    pub(super) fn difference() -> Self {
        Self { range: LossRange::PAIRED, by_conversation: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, conversation: &'a str, value: f64) {
        self.add_weighted(conversation, 1.0, value);
    }

    pub(super) fn add_weighted(&mut self, conversation: &'a str, weight: f64, value: f64) {
        let observed = self.by_conversation.entry(conversation).or_default();
        observed.weights.push(weight);
        observed.values.push(value);
    }

    /// The mean with its bounds. Rounding to quanta widens, so a bound may miss its end by one.
    pub(super) fn rate(&self) -> Result<Rate, Error> {
        let mut histogram = Histogram::new();
        let (mut weight, mut loss, mut count) = (0.0, 0.0, 0);
        for Observed { weights, values } in self.by_conversation.values() {
            let unit = unit::cluster_unit(weights, values, 1.0)?;
            histogram.add(unit, self.range)?;
            weight += unit.weight;
            loss += unit.weighted_loss;
            count += values.len() as u64;
        }
        Ok(Rate {
            units: histogram.totals().units,
            count,
            mean: (weight > 0.0).then(|| loss / weight),
            lower: process::loss_lower_bound(&histogram, self.range, level()?),
            upper: process::loss_upper_bound(&histogram, self.range, level()?),
        })
    }
}

impl Rate {
    /// The share of the opposite.
    pub(super) fn opposite(self) -> Self {
        Self {
            mean: self.mean.map(|mean| 1.0 - mean),
            lower: 1.0 - self.upper,
            upper: 1.0 - self.lower,
            ..self
        }
    }

    /// How far it lies from another rate at least.
    pub(super) fn gap_lower(&self, other: &Self) -> f64 {
        (self.lower - other.upper).max(other.lower - self.upper).max(0.0)
    }
}
