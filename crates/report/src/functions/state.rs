//! The bytes of a histogram between partitions: its rows, sorted, fourteen bytes each.

use confidence::{Histogram, Row};

const ROW_BYTES: usize = 4 + 2 + 8;

pub(super) fn encode(histogram: &Histogram) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in histogram.rows() {
        bytes.extend_from_slice(&row.loss_q.to_le_bytes());
        bytes.extend_from_slice(&row.weight_q.to_le_bytes());
        bytes.extend_from_slice(&row.count.to_le_bytes());
    }
    bytes
}

/// `None` if the bytes are not whole rows.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<Row>> {
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
