//! Groups between partitions: the rows of a histogram, sorted, fourteen bytes each, and what was asked
//! of them; NULL where no unit was seen.

use super::{
    aggregate::Question,
    group::{Constants, Group, external},
};
use arrow::{
    array::{Array, ArrayRef, AsArray, BinaryArray, Float64Array},
    datatypes::Float64Type,
};
use confidence::{Histogram, Row};
use datafusion::common::{Result, exec_err};
use std::sync::Arc;

const ROW_BYTES: usize = 4 + 2 + 8;

/// The groups as columns.
pub(super) fn columns(groups: &[Group]) -> Vec<ArrayRef> {
    let units: BinaryArray = groups.iter().map(|group| Some(encode(group.histogram()))).collect();
    let part = |of: fn(Constants) -> f64| -> ArrayRef {
        let numbers = groups.iter().map(|group| group.constants().map(of));
        Arc::new(numbers.collect::<Float64Array>())
    };
    vec![Arc::new(units), part(|of| of.tau), part(|of| of.lo), part(|of| of.hi)]
}

/// Such columns, read back.
pub(super) struct States<'a> {
    question: Question,
    units: &'a BinaryArray,
    constants: [&'a Float64Array; 3],
}

impl<'a> States<'a> {
    pub(super) fn of(question: Question, columns: &'a [ArrayRef]) -> Result<Self> {
        let [units, tau, lo, hi] = columns else {
            return exec_err!("{} merges states of four columns", question.name());
        };
        let constants = [tau, lo, hi].map(|column| column.as_primitive::<Float64Type>());
        Ok(Self { question, units: units.as_binary::<i32>(), constants })
    }

    pub(super) fn len(&self) -> usize {
        self.units.len()
    }

    pub(super) fn merge_into(&self, group: &mut Group, at: usize) -> Result<()> {
        let [tau, lo, hi] = self.constants;
        if tau.is_null(at) {
            return Ok(());
        }
        let Some(rows) = decode(self.units.value(at)) else {
            return exec_err!("{}: a partial state is cut", self.question.name());
        };
        let part = Histogram::from_rows(rows).map_err(external)?;
        let asked = Constants { tau: tau.value(at), lo: lo.value(at), hi: hi.value(at) };
        group.merge(self.question, &part, asked)
    }
}

fn encode(histogram: &Histogram) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in histogram.rows() {
        bytes.extend_from_slice(&row.loss_q.to_le_bytes());
        bytes.extend_from_slice(&row.weight_q.to_le_bytes());
        bytes.extend_from_slice(&row.count.to_le_bytes());
    }
    bytes
}

/// `None` if the bytes are not whole rows.
fn decode(bytes: &[u8]) -> Option<Vec<Row>> {
    bytes.len().is_multiple_of(ROW_BYTES).then(|| bytes.chunks_exact(ROW_BYTES).map(row).collect())
}

fn row(bytes: &[u8]) -> Row {
    let byte = |at: usize| bytes.get(at).copied().unwrap_or_default();
    let word = |at: usize| u32::from_le_bytes([byte(at), byte(at + 1), byte(at + 2), byte(at + 3)]);
    Row {
        loss_q: i32::from_le_bytes(word(0).to_le_bytes()),
        weight_q: u16::from_le_bytes([byte(4), byte(5)]),
        count: u64::from(word(6)) | u64::from(word(10)) << 32,
    }
}
