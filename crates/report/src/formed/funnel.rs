//! How every call of every cell ended, counted; the same that `sql/outcomes.sql` says call by call.

use super::{cells::Cells, names::Names};
use arrow::{
    array::{ArrayRef, Int64Array, RecordBatch, StringArray},
    error::ArrowError,
};
use std::{collections::BTreeMap, sync::Arc};

/// In which way a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    Ineligible,
    Withheld,
    NotSampled,
    Pending,
    Failed,
    Shadowed,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Ineligible => "ineligible",
            Self::Withheld => "withheld",
            Self::NotSampled => "not_sampled",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Shadowed => "shadowed",
        }
    }
}

/// Calls by cell, outcome and reason, with the first moment of each.
#[derive(Default)]
pub(super) struct Funnel {
    reasons: Names,
    counts: BTreeMap<(u32, Outcome, u32), (i64, i64)>,
}

impl Funnel {
    pub(super) fn add(&mut self, cell: u32, (outcome, reason): (Outcome, &str), at: i64) {
        let key = (cell, outcome, self.reasons.number(reason));
        let (calls, first_at) = self.counts.entry(key).or_insert((0, at));
        *calls += 1;
        *first_at = at.min(*first_at);
    }

    /// The table `funnel`.
    pub(super) fn batch(&self, cells: &Cells) -> Result<RecordBatch, ArrowError> {
        let keys = || self.counts.keys();
        let name = keys().map(|key| cells.terms(key.0).name.as_str());
        let reason = keys().map(|key| self.reasons.text(key.2));
        let calls = self.counts.values().map(|count| count.0);
        let first_at = self.counts.values().map(|count| count.1);
        let columns: [(&str, ArrayRef); 5] = [
            ("cell", Arc::new(StringArray::from_iter_values(name))),
            ("outcome", Arc::new(StringArray::from_iter_values(keys().map(|key| key.1.name())))),
            ("reason", Arc::new(StringArray::from_iter_values(reason))),
            ("exchanges", Arc::new(Int64Array::from_iter_values(calls))),
            ("first_us", Arc::new(Int64Array::from_iter_values(first_at))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, of)| (name, of, true)))
    }
}
