//! The worker's record, kept in the lake.

use anyhow::Result;
use exchange::Timestamp;
use journal::Journal;
use lake::{Filter, Lake, Receipt, Table, batch_to_rows, rows_to_batch};
use serde::{Serialize, de::DeserializeOwned};
use shadow::{AssignmentRow, BlockRow, Called, CellRow, Observed, Receipts, Record, Shadowed};
use std::{error::Error, future::Future, ops::Range};

type Cause = Box<dyn Error + Send + Sync>;

/// The tables that hold what comes from mirrored exchanges.
const OBSERVED: [Table; 4] = [Table::Exchanges, Table::Assignments, Table::Meters, Table::Shadows];

/// The lake as a worker's record.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    lake: Lake,
    /// Where rows of mirrored exchanges come from.
    exchanges: String,
    /// Where rows of the ledger come from.
    ledger: String,
}

impl Recorder {
    /// The record of what comes from this journal. Receipts name it: the offsets of one that was
    /// begun anew are not those of the one before it.
    pub(crate) fn new(lake: Lake, journal: &Journal) -> Self {
        let source = |topic| format!("{topic}/{}/{}", journal.id(), journal::PARTITION);
        Self { lake, exchanges: source(mirror::TOPIC), ledger: source(shadow::LEDGER_TOPIC) }
    }

    /// Takes care that a journal gives no offset that the tables know already. It would if its
    /// folder came back from a copy that is older than the tables, and what is new would be taken
    /// for what they hold.
    pub(crate) async fn align(&self, journal: &Journal) -> Result<()> {
        let paid = self.lake.receipt(Table::Calls, &self.ledger).await?;
        let mut holds = vec![(shadow::LEDGER_TOPIC, paid)];
        for table in OBSERVED {
            holds.push((mirror::TOPIC, self.lake.receipt(table, &self.exchanges).await?));
        }
        for (topic, held) in holds {
            if journal.skip(topic, held.unwrap_or_default())? {
                tracing::error!(topic, next = held, "the journal is older than the tables");
            }
        }
        Ok(())
    }

    async fn all<Row: DeserializeOwned>(
        &self,
        table: Table,
        filters: &[Filter],
    ) -> Result<Vec<Row>, Cause> {
        let columns: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
        let batches = self.lake.scan(table, &columns, filters).await?;
        Ok(batch_to_rows(table, &batches)?)
    }

    /// Rows that no journal range speaks for: written once by whoever opens what they describe.
    async fn add<Row: Serialize>(&self, table: Table, rows: &[Row]) -> Result<(), Cause> {
        if !rows.is_empty() {
            self.lake.append(table, rows_to_batch(table, rows)?, None).await?;
        }
        Ok(())
    }
}

impl Record for Recorder {
    async fn receipts(&self) -> Result<Receipts, Cause> {
        let held = |table| self.lake.receipt(table, &self.exchanges);
        let mut least = Some(u64::MAX);
        for table in OBSERVED {
            least = least.min(held(table).await?);
        }
        Ok(Receipts {
            assignments: held(Table::Assignments).await?.unwrap_or_default(),
            shadows: held(Table::Shadows).await?.unwrap_or_default(),
            everywhere: least,
            calls: self.lake.receipt(Table::Calls, &self.ledger).await?,
        })
    }

    fn cells(&self) -> impl Future<Output = Result<Vec<CellRow>, Cause>> + Send {
        self.all(Table::Cells, &[])
    }

    fn blocks(&self) -> impl Future<Output = Result<Vec<BlockRow>, Cause>> + Send {
        self.all(Table::Blocks, &[])
    }

    async fn assignments(&self, offsets: Range<u64>) -> Result<Vec<AssignmentRow>, Cause> {
        let from = [Filter::FromOffset(offsets.start)];
        let mut rows: Vec<AssignmentRow> = self.all(Table::Assignments, &from).await?;
        rows.retain(|row| offsets.contains(&row.journal_offset));
        Ok(rows)
    }

    async fn observed(&self, batch: Observed) -> Result<(), Cause> {
        self.add(Table::Cells, &batch.cells).await?;
        self.add(Table::Blocks, &batch.blocks).await?;
        let parts = [
            (Table::Exchanges, rows_to_batch(Table::Exchanges, &batch.exchanges)?),
            (Table::Assignments, rows_to_batch(Table::Assignments, &batch.assignments)?),
            (Table::Meters, rows_to_batch(Table::Meters, &batch.meters)?),
        ];
        self.lake.append_all(&parts, &receipt(&self.exchanges, &batch.offsets)).await?;
        Ok(())
    }

    async fn shadowed(&self, batch: Shadowed) -> Result<(), Cause> {
        let rows = rows_to_batch(Table::Shadows, &batch.shadows)?;
        let receipt = receipt(&self.exchanges, &batch.offsets);
        self.lake.append(Table::Shadows, rows, Some(&receipt)).await?;
        Ok(())
    }

    async fn called(&self, batch: Called) -> Result<(), Cause> {
        let rows = rows_to_batch(Table::Calls, &batch.calls)?;
        let receipt = receipt(&self.ledger, &batch.offsets);
        self.lake.append(Table::Calls, rows, Some(&receipt)).await?;
        Ok(())
    }
}

fn receipt(source: &str, offsets: &Range<u64>) -> Receipt {
    Receipt { source: source.to_owned(), from: offsets.start, through: offsets.end }
}

/// The day of a moment as the lake writes it.
pub(crate) fn day(at: Timestamp) -> String {
    at.date().to_string()
}
