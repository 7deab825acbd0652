//! The state of the evidence: how many units had which loss and weight, in whole quanta.
//!
//! There is no float in it, so adding is exact and any order, partition or merge tree of the same
//! units leaves the same state. It never forgets: there is no window and no discount, because
//! neither leaves a valid statement about the mean.

use crate::{Error, LossRange, Unit, unit::QUANTUM};
use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// A mergeable count of units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: HashMap<u64, u64, BuildHasherDefault<KeyHasher>>,
}

/// One line of a histogram. The order of the fields is the order of evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// Weighted loss, in quanta.
    pub loss_q: i32,
    /// Weight, in quanta.
    pub weight_q: u16,
    /// Number of units.
    pub count: u64,
}

/// Sums over a histogram, exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Units counted.
    pub units: u64,
    /// Sum of the weights, in quanta.
    pub weight_q: u128,
    /// Sum of the weighted losses, in quanta.
    pub loss_q: i128,
}

impl Histogram {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a unit.
    pub fn add(&mut self, unit: Unit, range: LossRange) -> Result<(), Error> {
        self.add_many(unit, 1, range)
    }

    /// Counts `count` equal units. A unit without weight is checked and not counted.
    pub fn add_many(&mut self, unit: Unit, count: u64, range: LossRange) -> Result<(), Error> {
        unit.check(range)?;
        if unit.weight == 0.0 || count == 0 {
            return Ok(());
        }
        let (loss_q, weight_q) = unit.quantise()?;
        self.count(Row { loss_q, weight_q, count });
        Ok(())
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (&key, &count) in &other.counts {
            self.count(unpack(key, count));
        }
    }

    /// The counts, sorted by loss and then weight.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> =
            self.counts.iter().map(|(&key, &count)| unpack(key, count)).collect();
        rows.sort_unstable();
        rows
    }

    /// The histogram that has these rows; rows of one key are added.
    pub fn from_rows(rows: impl IntoIterator<Item = Row>) -> Result<Self, Error> {
        let mut histogram = Self::new();
        for row in rows {
            if row.weight_q > QUANTUM {
                return Err(Error::Row(row.weight_q));
            }
            if row.count > 0 {
                histogram.count(row);
            }
        }
        Ok(histogram)
    }

    /// Exact sums.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for (&key, &count) in &self.counts {
            let row = unpack(key, count);
            totals.units = totals.units.saturating_add(row.count);
            totals.weight_q += u128::from(row.weight_q) * u128::from(row.count);
            totals.loss_q += i128::from(row.loss_q) * i128::from(row.count);
        }
        totals
    }

    /// The weighted mean loss; `None` where nothing with weight was counted.
    pub fn mean_loss(&self) -> Option<f64> {
        let totals = self.totals();
        (totals.weight_q > 0).then(|| totals.loss_q as f64 / totals.weight_q as f64)
    }

    /// How many different pairs of loss and weight there are: what the memory is proportional to.
    pub fn keys(&self) -> usize {
        self.counts.len()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Saturating, because that keeps merging associative where an error would not.
    fn count(&mut self, row: Row) {
        let count = self.counts.entry(pack(row)).or_insert(0);
        *count = count.saturating_add(row.count);
    }
}

/// Both parts of a key in one word, so that counting hashes one integer.
fn pack(row: Row) -> u64 {
    u64::from(row.loss_q.cast_unsigned()) << 16 | u64::from(row.weight_q)
}

fn unpack(key: u64, count: u64) -> Row {
    Row { loss_q: ((key >> 16) as u32).cast_signed(), weight_q: key as u16, count }
}

/// A hash for packed keys: they are few and ours, so spreading them is all it has to do.
#[derive(Clone, Copy, Debug, Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, key: u64) {
        let product = u128::from(self.0 ^ key) * 0x9E37_79B9_7F4A_7C15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
