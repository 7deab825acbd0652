//! The worker's record, kept in the lake.

use exchange::Timestamp;
use lake::{Filter, Lake, Receipt, Table, batch_to_rows, rows_to_batch};
use serde::{Serialize, de::DeserializeOwned};
use shadow::{AssignmentRow, BlockRow, Called, CellRow, Observed, Receipts, Record, Shadowed};
use std::{error::Error, future::Future, ops::Range};

type Cause = Box<dyn Error + Send + Sync>;

/// The source of rows that come from mirrored exchanges: topic and partition.
pub(crate) const EXCHANGES: &str = "exchanges/0";
/// The source of rows that come from the ledger.
const LEDGER: &str = "ledger/0";

/// The lake as a worker's record.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    lake: Lake,
}

impl Recorder {
    pub(crate) fn new(lake: Lake) -> Self {
        Self { lake }
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
    fn receipts(&self) -> impl Future<Output = Result<Receipts, Cause>> + Send {
        async {
            let assignments = self.lake.receipt(Table::Assignments, EXCHANGES).await?;
            let shadows = self.lake.receipt(Table::Shadows, EXCHANGES).await?;
            Ok(Receipts {
                assignments: assignments.unwrap_or_default(),
                shadows: shadows.unwrap_or_default(),
            })
        }
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
        self.lake.append_all(&parts, &receipt(EXCHANGES, &batch.offsets)).await?;
        Ok(())
    }

    async fn shadowed(&self, batch: Shadowed) -> Result<(), Cause> {
        let rows = rows_to_batch(Table::Shadows, &batch.shadows)?;
        let receipt = receipt(EXCHANGES, &batch.offsets);
        self.lake.append(Table::Shadows, rows, Some(&receipt)).await?;
        Ok(())
    }

    async fn called(&self, batch: Called) -> Result<(), Cause> {
        let rows = rows_to_batch(Table::Calls, &batch.calls)?;
        let receipt = receipt(LEDGER, &batch.offsets);
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
