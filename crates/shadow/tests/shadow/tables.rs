//! The tables in memory, with the promises of real ones: a receipt for each table, rows and receipt
//! in one step, and a crash at any step that a test asks for.

use exchange::{Arm, Date};
use serde::{Serialize, de::DeserializeOwned};
use shadow::{
    Added, AssignmentRow, BlockRow, CallRow, Called, Cause, CellRow, ExchangeRow, MeterId,
    MeterRow, Observed, Origin, Receipts, Record, Recorded, ShadowRow, Shadowed, Spent, Stored,
    StoredExchange, StoredShadow,
};
use std::{
    collections::BTreeSet,
    fmt::Debug,
    ops::Range,
    sync::{Mutex, MutexGuard},
};
use tokio::sync::Notify;

#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    pub(crate) cells: Vec<CellRow>,
    pub(crate) blocks: Vec<BlockRow>,
    pub(crate) exchanges: Vec<ExchangeRow>,
    pub(crate) assignments: Vec<AssignmentRow>,
    pub(crate) meters: Vec<MeterRow>,
    pub(crate) shadows: Vec<ShadowRow>,
    pub(crate) calls: Vec<CallRow>,
    exchanges_to: u64,
    assignments_to: u64,
    meters_to: u64,
    shadows_to: u64,
    calls_to: u64,
}

#[derive(Default)]
pub(crate) struct Tables {
    rows: Mutex<Rows>,
    /// Steps left until the crash; `None` never crashes.
    fuse: Mutex<Option<u32>>,
    pub(crate) written: Notify,
}

impl Tables {
    pub(crate) fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap()
    }

    pub(crate) fn crash_at(&self, step: Option<u32>) {
        *self.fuse.lock().unwrap() = step;
    }

    fn step(&self) -> Result<(), Cause> {
        let mut fuse = self.fuse.lock().unwrap();
        match fuse.as_mut() {
            None => Ok(()),
            Some(0) => Err("crash".into()),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}

/// Adds the rows from `held` on, and moves the receipt, if it would move forward.
fn append<T: Clone>(
    table: &mut Vec<T>,
    held: &mut u64,
    rows: &[T],
    offsets: &Range<u64>,
    offset: impl Fn(&T) -> u64,
) {
    assert!(offsets.start <= *held, "a hole before {offsets:?}: the table holds {held}");
    table.extend(rows.iter().filter(|row| offset(row) >= *held).cloned());
    *held = (*held).max(offsets.end);
}

impl Record for Tables {
    async fn receipts(&self) -> Result<Receipts, Cause> {
        self.step()?;
        let rows = self.rows();
        let exchanges = [rows.exchanges_to, rows.assignments_to, rows.meters_to, rows.shadows_to];
        Ok(Receipts {
            assignments: rows.assignments_to,
            shadows: rows.shadows_to,
            everywhere: exchanges.into_iter().min(),
            calls: Some(rows.calls_to),
        })
    }

    async fn cells(&self) -> Result<Vec<CellRow>, Cause> {
        self.step()?;
        Ok(self.rows().cells.clone())
    }

    async fn blocks(&self) -> Result<Vec<BlockRow>, Cause> {
        self.step()?;
        Ok(self.rows().blocks.clone())
    }

    async fn assignments(&self, offsets: Range<u64>) -> Result<Vec<AssignmentRow>, Cause> {
        self.step()?;
        let rows = self.rows();
        let asked = rows.assignments.iter().filter(|row| offsets.contains(&row.journal_offset));
        Ok(asked.cloned().collect())
    }

    async fn recorded(&self, offsets: Range<u64>) -> Result<Recorded, Cause> {
        self.step()?;
        let rows = self.rows();
        let exchanges = rows.exchanges.iter().filter(|row| offsets.contains(&row.journal_offset));
        let meters = rows.meters.iter().filter(|row| offsets.contains(&row.journal_offset));
        let meter = |row: &MeterRow| MeterId {
            proxy_instance: row.proxy_instance.clone(),
            at: row.at,
            category: row.category.clone(),
        };
        let exchanges = exchanges.map(|row| row.exchange_id).collect();
        Ok(Recorded { exchanges, meters: meters.map(meter).collect() })
    }

    async fn observed(&self, batch: Observed) -> Result<(), Cause> {
        let at = &batch.offsets;
        self.step()?;
        self.rows().cells.extend(batch.cells);
        self.step()?;
        self.rows().blocks.extend(batch.blocks);
        self.step()?;
        let rows = &mut *self.rows();
        append(&mut rows.exchanges, &mut rows.exchanges_to, &batch.exchanges, at, |row| {
            row.journal_offset
        });
        self.step()?;
        append(&mut rows.assignments, &mut rows.assignments_to, &batch.assignments, at, |row| {
            row.journal_offset
        });
        self.step()?;
        append(&mut rows.meters, &mut rows.meters_to, &batch.meters, at, |row| row.journal_offset);
        self.step()?;
        self.written.notify_waiters();
        Ok(())
    }

    async fn shadowed(&self, batch: Shadowed) -> Result<(), Cause> {
        self.step()?;
        let rows = &mut *self.rows();
        let at = &batch.offsets;
        append(&mut rows.shadows, &mut rows.shadows_to, &batch.shadows, at, |row| {
            row.journal_offset
        });
        self.step()?;
        self.written.notify_waiters();
        Ok(())
    }

    async fn called(&self, batch: Called) -> Result<(), Cause> {
        self.step()?;
        let rows = &mut *self.rows();
        append(&mut rows.calls, &mut rows.calls_to, &batch.calls, &batch.offsets, |row| {
            row.journal_offset.unwrap()
        });
        self.step()
    }
}

/// Read back as the real tables give them.
fn read_back<Row: Serialize, Back: DeserializeOwned>(rows: impl Iterator<Item = Row>) -> Vec<Back> {
    rows.map(|row| serde_json::from_value(serde_json::to_value(row).unwrap()).unwrap()).collect()
}

impl Stored for Tables {
    async fn cells(&self) -> Result<Vec<CellRow>, Cause> {
        Ok(self.rows().cells.clone())
    }

    async fn days(&self, candidate: &str) -> Result<Vec<Date>, Cause> {
        let rows = self.rows();
        let own = rows.assignments.iter().filter(|row| row.candidate.as_deref() == Some(candidate));
        let days: BTreeSet<i32> = own.map(|row| row.date.0).collect();
        Ok(days.into_iter().map(Date).collect())
    }

    async fn assignments(&self, candidate: &str, day: Date) -> Result<Vec<AssignmentRow>, Cause> {
        let rows = self.rows();
        let own = rows.assignments.iter().filter(|row| row.candidate.as_deref() == Some(candidate));
        Ok(own.filter(|row| row.date == day).cloned().collect())
    }

    async fn shadows(&self, candidate: &str, day: Date) -> Result<Vec<StoredShadow>, Cause> {
        let rows = self.rows();
        let own = rows
            .shadows
            .iter()
            .filter(|row| row.arm == Arm::Control || row.candidate.as_deref() == Some(candidate));
        Ok(read_back(own.filter(|row| row.date == day)))
    }

    async fn exchanges(&self, category: &str, day: Date) -> Result<Vec<StoredExchange>, Cause> {
        let rows = self.rows();
        let own = rows.exchanges.iter().filter(|row| row.category == category);
        Ok(read_back(own.filter(|row| row.date == day)))
    }

    async fn exchange_days(&self, category: &str) -> Result<Vec<Date>, Cause> {
        let rows = self.rows();
        let own = rows.exchanges.iter().filter(|row| row.category == category);
        let days: BTreeSet<i32> = own.map(|row| row.date.0).collect();
        Ok(days.into_iter().map(Date).collect())
    }

    async fn anchors(&self) -> Result<Vec<AssignmentRow>, Cause> {
        let rows = self.rows();
        let own = rows.assignments.iter().filter(|row| row.origin == Some(Origin::Anchor));
        Ok(own.cloned().collect())
    }

    async fn add(&self, added: Added) -> Result<(), Cause> {
        let rows = &mut *self.rows();
        rows.cells.extend(added.cells);
        rows.blocks.extend(added.blocks);
        rows.assignments.extend(added.assignments);
        rows.shadows.extend(added.shadows);
        Ok(())
    }

    async fn spent(&self, _: Date) -> Result<Vec<Spent>, Cause> {
        Ok(Vec::new())
    }
}

impl Rows {
    /// What does not depend on how fast the machine was.
    pub(crate) fn timeless(&self) -> Self {
        let mut rows = self.clone();
        for row in &mut rows.shadows {
            (row.latency_ms, row.ttft_ms) = (None, None);
        }
        rows
    }

    /// Nothing is there twice.
    pub(crate) fn check_unique(&self) {
        unique("cells", self.cells.iter().map(|row| row.cell.clone()));
        unique("blocks", self.blocks.iter().map(|row| (row.cell.clone(), row.day)));
        unique("exchanges", self.exchanges.iter().map(|row| row.exchange_id));
        let key = |row: &AssignmentRow| (row.exchange_id, row.arm, row.candidate.clone());
        unique("assignments", self.assignments.iter().map(key));
        let key = |row: &ShadowRow| (row.exchange_id, row.arm, row.candidate.clone());
        unique("shadows", self.shadows.iter().map(key));
        let key = |row: &MeterRow| (row.at, row.shed_reason.clone(), row.lost_reason.clone());
        unique("meters", self.meters.iter().map(key));
    }

    /// Every assignment ended in exactly one place.
    pub(crate) fn check_funnel(&self) {
        for row in &self.assignments {
            let asked = self.shadows.iter().filter(|shadow| {
                (shadow.exchange_id, shadow.arm, &shadow.candidate)
                    == (row.exchange_id, row.arm, &row.candidate)
            });
            let ends = [
                row.ineligible_reason.is_some(),
                row.withheld_reason.is_some(),
                row.sampled,
                !row.sampled && row.ineligible_reason.is_none() && row.withheld_reason.is_none(),
            ];
            assert_eq!(ends.iter().filter(|end| **end).count(), 1, "{row:?}");
            assert_eq!(asked.count(), usize::from(row.sampled), "{row:?}");
            let could = row.ineligible_reason.is_none() && row.withheld_reason.is_none();
            assert!(
                could || row.pi == 0.0,
                "what is decided before the draw has no chance: {row:?}"
            );
            assert!(!could || row.pi >= row.pi_floor, "{row:?}");
        }
        for row in &self.shadows {
            assert!(row.fault.is_some() == row.error.is_some(), "{row:?}");
            assert!(row.loss.is_none_or(|loss| (0.0..=1.0).contains(&loss)), "{row:?}");
            assert_eq!(row.loss.is_some(), row.decided_at.is_some(), "{row:?}");
        }
    }
}

fn unique<K: Debug>(table: &str, keys: impl Iterator<Item = K>) {
    let mut seen = BTreeSet::new();
    for key in keys.map(|key| format!("{key:?}")) {
        assert!(seen.insert(key.clone()), "twice in {table}: {key}");
    }
}
