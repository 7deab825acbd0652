//! The tables, for commands that go over them again.

use crate::recorder::{self, Payer, add, all};
use exchange::Date;
use lake::{Filter, Lake, Table, batch_to_rows};
use serde::Deserialize;
use shadow::{
    Added, AssignmentRow, Cause, CellRow, Origin, Spent, Stored, StoredExchange, StoredShadow,
};
use std::{collections::BTreeSet, future::Future};

/// The lake as it is read and added to beside a worker.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    lake: Lake,
}

impl Shelf {
    pub(crate) fn new(lake: Lake) -> Self {
        Self { lake }
    }

    async fn days_of(&self, table: Table, filter: Filter) -> Result<Vec<Date>, Cause> {
        #[derive(Deserialize)]
        struct Day {
            date: Date,
        }
        let batches = self.lake.scan(table, &["date"], &[filter]).await?;
        let days = batch_to_rows::<Day>(table, &batches)?.into_iter();
        let days: BTreeSet<i32> = days.map(|row| row.date.0).collect();
        Ok(days.into_iter().map(Date).collect())
    }
}

impl Stored for Shelf {
    fn cells(&self) -> impl Future<Output = Result<Vec<CellRow>, Cause>> + Send {
        all(&self.lake, Table::Cells, &[])
    }

    async fn days(&self, candidate: &str) -> Result<Vec<Date>, Cause> {
        self.days_of(Table::Assignments, Filter::Is("candidate", candidate.to_owned())).await
    }

    async fn exchange_days(&self, category: &str) -> Result<Vec<Date>, Cause> {
        self.days_of(Table::Exchanges, Filter::Is("category", category.to_owned())).await
    }

    async fn assignments(&self, candidate: &str, day: Date) -> Result<Vec<AssignmentRow>, Cause> {
        let of = [Filter::On(day.to_string()), Filter::Is("candidate", candidate.to_owned())];
        all(&self.lake, Table::Assignments, &of).await
    }

    async fn shadows(&self, candidate: &str, day: Date) -> Result<Vec<StoredShadow>, Cause> {
        let of = [Filter::On(day.to_string()), Filter::Is("candidate", candidate.to_owned())];
        let mut rows: Vec<StoredShadow> = all(&self.lake, Table::Shadows, &of).await?;
        let of = [Filter::On(day.to_string()), Filter::Is("arm", "control".to_owned())];
        rows.extend(all::<StoredShadow>(&self.lake, Table::Shadows, &of).await?);
        Ok(rows)
    }

    async fn exchanges(&self, category: &str, day: Date) -> Result<Vec<StoredExchange>, Cause> {
        let of = [Filter::On(day.to_string()), Filter::Is("category", category.to_owned())];
        all(&self.lake, Table::Exchanges, &of).await
    }

    async fn anchors(&self) -> Result<Vec<AssignmentRow>, Cause> {
        let of = [Filter::Is("origin", Origin::Anchor.name().to_owned())];
        all(&self.lake, Table::Assignments, &of).await
    }

    async fn add(&self, rows: Added) -> Result<(), Cause> {
        add(&self.lake, Table::Cells, &rows.cells).await?;
        add(&self.lake, Table::Blocks, &rows.blocks).await?;
        add(&self.lake, Table::Assignments, &rows.assignments).await?;
        add(&self.lake, Table::Shadows, &rows.shadows).await
    }

    async fn spent(&self, day: Date) -> Result<Vec<Spent>, Cause> {
        recorder::spent(&self.lake, day, Payer::Worker).await
    }
}
