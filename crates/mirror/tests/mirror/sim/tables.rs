//! The tables of one source, as small as Delta Lake can be: a commit is made upon a snapshot, and is
//! refused if another one of the same source came after it. What was written and not committed is a file
//! that nobody reads.

use super::{Body, Flaw, Name};
use exchange::Meter;

/// Exchanges, assignments, meters; and apart from them, shadows.
pub(super) const OBSERVED: usize = 3;
pub(super) const ALL: usize = 4;
/// Arms of each exchange in the table of shadows.
const ARMS: u64 = 2;

#[derive(Default)]
pub(super) struct Tables([Table; ALL]);

#[derive(Default)]
struct Table {
    version: u64,
    receipt: Option<u64>,
    rows: Vec<Row>,
    orphans: u64,
}

/// A row, and the attempt that made it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) offset: u64,
    pub(super) body: Body,
    pub(super) attempt: u64,
}

/// Whether a commit went in.
pub(super) enum Written {
    In,
    Lost,
}

impl Tables {
    /// The version and the receipt of a snapshot.
    pub(super) fn look(&self, table: usize) -> (u64, Option<u64>) {
        (self.0[table].version, self.0[table].receipt)
    }

    pub(super) fn write(
        &mut self,
        table: usize,
        (snapshot, flaw): (u64, Flaw),
        rows: Vec<Row>,
        receipt: u64,
    ) -> Written {
        let table = &mut self.0[table];
        if table.version != snapshot && flaw != Flaw::Unfenced {
            table.orphans += 1;
            return Written::Lost;
        }
        table.rows.extend(rows);
        table.receipt = Some(receipt);
        table.version += 1;
        Written::In
    }

    /// A process died between the file and the commit that names it.
    pub(super) fn leave_behind(&mut self, table: usize) {
        self.0[table].orphans += 1;
    }

    /// The first offset that some table does not hold; none where one holds nothing.
    pub(super) fn everywhere(&self) -> Option<u64> {
        self.0.iter().map(|table| table.receipt).min().flatten()
    }

    pub(super) fn holds(&self, end: u64) -> bool {
        end == 0 || self.0.iter().all(|table| table.receipt == Some(end))
    }

    pub(super) fn count(&self, name: Name) -> u64 {
        let is_it = |row: &&Row| row.body == Body::Exchange(name);
        let count = |table: usize| self.0[table].rows.iter().filter(is_it).count() as u64;
        let (exchanges, assignments) = (count(0), count(1));
        assert_eq!(exchanges, assignments, "{name:?} is not decided as often as it is there");
        let arms: Vec<&Row> = self.0[OBSERVED].rows.iter().filter(is_it).collect();
        assert_eq!(arms.len() as u64, exchanges * ARMS, "{name:?}");
        for pair in arms.chunks(ARMS as usize) {
            assert_eq!(pair[0].attempt, pair[1].attempt, "{name:?} is of two attempts");
        }
        exchanges
    }

    /// Exchanges and meters whose rows lie before an offset, oldest first.
    pub(super) fn held_before(&self, offset: u64) -> Vec<Body> {
        let rows = self.0[0].rows.iter().chain(&self.0[2].rows);
        let mut found: Vec<&Row> = rows.filter(|row| row.offset < offset).collect();
        found.sort_by_key(|row| row.offset);
        found.into_iter().map(|row| row.body.clone()).collect()
    }

    pub(super) fn meters(&self) -> impl Iterator<Item = &Meter> {
        self.0[2].rows.iter().filter_map(|row| match &row.body {
            Body::Meter(meter) => Some(meter),
            Body::Exchange(_) => None,
        })
    }

    pub(super) fn orphans(&self) -> u64 {
        self.0.iter().map(|table| table.orphans).sum()
    }

    /// No row lies behind the receipt, and each offset has its rows once.
    pub(super) fn check(&self, end: u64) {
        for (place, table) in self.0.iter().enumerate() {
            let receipt = table.receipt.unwrap_or_default();
            assert!(receipt <= end, "table {place} holds {receipt} of {end}");
            let each = if place == OBSERVED { ARMS as usize } else { 1 };
            let mut offsets: Vec<u64> = table.rows.iter().map(|row| row.offset).collect();
            offsets.sort_unstable();
            for same in offsets.chunk_by(|a, b| a == b) {
                assert!(same.len() == each, "table {place} has {} rows of {}", same.len(), same[0]);
                assert!(same[0] < receipt, "table {place} has a row that nobody answers for");
            }
        }
    }

    pub(super) fn rows_of(table: usize, offset: u64, body: &Body, attempt: u64) -> Vec<Row> {
        let row = |attempt| Row { offset, body: body.clone(), attempt };
        match (table, body) {
            (0 | 1, Body::Exchange(_)) | (2, Body::Meter(_)) => vec![row(0)],
            (OBSERVED, Body::Exchange(_)) => vec![row(attempt), row(attempt)],
            (_, Body::Exchange(_) | Body::Meter(_)) => Vec::new(),
        }
    }
}
