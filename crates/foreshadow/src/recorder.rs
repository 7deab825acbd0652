//! The worker's record, kept in the lake.

use anyhow::Result;
use exchange::{Date, ExchangeId, NanoUsd, Timestamp};
use journal::Journal;
use lake::{Filter, Lake, Receipt, Table, batch_to_rows, rows_to_batch};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use shadow::{
    AssignmentRow, BlockRow, Called, Cause, CellRow, MeterId, Observed, Origin, Purpose, Receipts,
    Record, Recorded, Shadowed, Spent,
};
use std::{collections::BTreeMap, future::Future, ops::Range};

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
    /// The record of mirrored exchanges from a `source`, paid for in a ledger. Receipts name both: the
    /// offsets of a log that was begun anew are not those of the one before it.
    pub(crate) fn new(lake: Lake, source: String, ledger: &Journal) -> Self {
        Self { lake, exchanges: source, ledger: source_of(shadow::LEDGER_TOPIC, ledger) }
    }

    /// The record of what comes from an embedded journal, exchanges and ledger.
    pub(crate) fn embedded(lake: Lake, journal: &Journal) -> Self {
        Self::new(lake, source_of(mirror::TOPIC, journal), journal)
    }

    /// The record of what is paid in a ledger, and of no exchange.
    pub(crate) fn of_ledger(lake: Lake, ledger: &Journal) -> Self {
        Self::new(lake, String::new(), ledger)
    }

    /// Takes care that a journal gives no offset that the tables know already. It would if its
    /// folder came back from a copy that is older than the tables, and what is new would be taken
    /// for what they hold.
    pub(crate) async fn align(&self, journal: &Journal) -> Result<()> {
        self.align_ledger(journal).await?;
        for table in OBSERVED {
            let held = self.lake.receipt(table, &self.exchanges).await?;
            skip(journal, mirror::TOPIC, held)?;
        }
        Ok(())
    }

    /// The same of a ledger alone.
    pub(crate) async fn align_ledger(&self, ledger: &Journal) -> Result<()> {
        let paid = self.lake.receipt(Table::Calls, &self.ledger).await?;
        skip(ledger, shadow::LEDGER_TOPIC, paid)
    }

    /// What commands spent on a day, as far as the table `calls` knows.
    pub(crate) async fn spent_by_commands(&self, day: Date) -> Result<Vec<Spent>, Cause> {
        spent(&self.lake, day, Payer::Commands).await
    }
}

fn source_of(topic: &str, journal: &Journal) -> String {
    format!("{topic}/{}/{}", journal.id(), journal::PARTITION)
}

fn skip(journal: &Journal, topic: &str, held: Option<u64>) -> Result<()> {
    if journal.skip(topic, held.unwrap_or_default())? {
        tracing::error!(topic, next = held, "the journal is older than the tables");
    }
    Ok(())
}

/// Whole rows of a table.
pub(crate) async fn all<Row: DeserializeOwned>(
    lake: &Lake,
    table: Table,
    filters: &[Filter],
) -> Result<Vec<Row>, Cause> {
    let columns: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
    let batches = lake.scan(table, &columns, filters).await?;
    Ok(batch_to_rows(table, &batches)?)
}

/// Rows that no journal range speaks for: written once by whoever makes them.
pub(crate) async fn add<Row: Serialize>(
    lake: &Lake,
    table: Table,
    rows: &[Row],
) -> Result<(), Cause> {
    if !rows.is_empty() {
        lake.append(table, rows_to_batch(table, rows)?, None).await?;
    }
    Ok(())
}

/// Who made paid calls of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payer {
    /// The worker, for calls as they pass.
    Worker,
    /// Commands, beside it.
    Commands,
}

/// What one of the two spent on a day, as far as the table `calls` knows.
pub(crate) async fn spent(lake: &Lake, day: Date, payer: Payer) -> Result<Vec<Spent>, Cause> {
    #[derive(Deserialize)]
    struct Paid {
        purpose: Purpose,
        model: String,
        cost_usd: Option<NanoUsd>,
        origin: Option<Origin>,
    }
    let columns = ["purpose", "model", "cost_usd", "origin"];
    let mut filters = vec![Filter::On(day.to_string())];
    filters.extend((payer == Payer::Commands).then_some(Filter::Known("origin")));
    let batches = lake.scan(Table::Calls, &columns, &filters).await?;
    let mut sums: BTreeMap<(Purpose, String), NanoUsd> = BTreeMap::new();
    for paid in batch_to_rows::<Paid>(Table::Calls, &batches)? {
        let by = if paid.origin.is_some() { Payer::Commands } else { Payer::Worker };
        if by == payer {
            let sum = sums.entry((paid.purpose, paid.model)).or_default();
            *sum = *sum + paid.cost_usd.unwrap_or_default();
        }
    }
    let spent = |((purpose, model), cost)| Spent { purpose, model, cost };
    Ok(sums.into_iter().map(spent).collect())
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
        all(&self.lake, Table::Cells, &[])
    }

    fn blocks(&self) -> impl Future<Output = Result<Vec<BlockRow>, Cause>> + Send {
        all(&self.lake, Table::Blocks, &[])
    }

    async fn assignments(&self, offsets: Range<u64>) -> Result<Vec<AssignmentRow>, Cause> {
        let from = [Filter::FromOffset(offsets.start)];
        let mut rows: Vec<AssignmentRow> = all(&self.lake, Table::Assignments, &from).await?;
        rows.retain(|row| row.origin.is_none() && offsets.contains(&row.journal_offset));
        Ok(rows)
    }

    async fn recorded(&self, offsets: Range<u64>) -> Result<Recorded, Cause> {
        // Of whichever partition: ids are of their own, and one that is not met harms nobody.
        let columns = ["exchange_id", "journal_offset"];
        let exchanges = held::<HeldExchange>(&self.lake, (Table::Exchanges, &columns), &offsets);
        let columns = ["proxy_instance", "at", "category", "journal_offset"];
        let meters = held::<HeldMeter>(&self.lake, (Table::Meters, &columns), &offsets);
        let (mut exchanges, mut meters) = (exchanges.await?, meters.await?);
        exchanges.retain(|row| offsets.contains(&row.journal_offset));
        exchanges.sort_by_key(|row| row.journal_offset);
        meters.retain(|row| offsets.contains(&row.journal_offset));
        meters.sort_by_key(|row| row.journal_offset);
        let exchanges = exchanges.into_iter().map(|row| row.exchange_id).collect();
        let id = |HeldMeter { proxy_instance, at, category, .. }: HeldMeter| MeterId {
            proxy_instance,
            at,
            category,
        };
        Ok(Recorded { exchanges, meters: meters.into_iter().map(id).collect() })
    }

    async fn observed(&self, batch: Observed) -> Result<(), Cause> {
        add(&self.lake, Table::Cells, &batch.cells).await?;
        add(&self.lake, Table::Blocks, &batch.blocks).await?;
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

#[derive(Deserialize)]
struct HeldExchange {
    exchange_id: ExchangeId,
    journal_offset: u64,
}

#[derive(Deserialize)]
struct HeldMeter {
    proxy_instance: String,
    at: Timestamp,
    category: Option<String>,
    journal_offset: u64,
}

/// Columns of the rows that come from these offsets or from later ones.
async fn held<T: DeserializeOwned>(
    lake: &Lake,
    (table, columns): (Table, &[&str]),
    offsets: &Range<u64>,
) -> Result<Vec<T>, Cause> {
    let batches = lake.scan(table, columns, &[Filter::FromOffset(offsets.start)]).await?;
    Ok(batch_to_rows::<T>(table, &batches)?)
}

fn receipt(source: &str, offsets: &Range<u64>) -> Receipt {
    Receipt { source: source.to_owned(), from: offsets.start, through: offsets.end }
}

/// The day of a moment as the lake writes it.
pub(crate) fn day(at: Timestamp) -> String {
    at.date().to_string()
}
