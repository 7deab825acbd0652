//! What several questions of one look share: the conversations of every cell, formed once.
//!
//! They are kept in memory for as long as the look is, and count against its limit.

use crate::sql;
use arrow::record_batch::RecordBatch;
use datafusion::{
    common::{Result, plan_err},
    dataframe::DataFrame,
    datasource::MemTable,
    execution::{
        context::SessionContext,
        memory_pool::{MemoryConsumer, MemoryReservation},
    },
};
use exchange::Timestamp;
use std::{fmt, sync::Arc};
use tokio::sync::OnceCell;

/// The tables and views that forming reads.
const SOURCES: [&str; 6] =
    ["opened_cells", "declared_blocks", "assignments", "shadows", "labels", "exchanges"];

/// The conversations as of a moment, once somebody asked for them.
pub(crate) struct Forming {
    as_of: Timestamp,
    formed: OnceCell<Formed>,
}

impl Forming {
    /// Nothing is formed yet.
    pub(crate) fn at(as_of: Timestamp) -> Arc<Self> {
        Arc::new(Self { as_of, formed: OnceCell::new() })
    }

    /// The moment.
    pub(crate) fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// Forms them from the tables of `session`, unless that was done.
    pub(crate) async fn formed(&self, session: &SessionContext) -> Result<&Formed> {
        self.formed.get_or_try_init(|| Formed::of(session, self.as_of)).await
    }
}

impl fmt::Debug for Forming {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Forming").field("as_of", &self.as_of).finish_non_exhaustive()
    }
}

/// The asked conversations of every cell, cut by the length of the prompt, and what the sampler did.
pub(crate) struct Formed {
    session: SessionContext,
    sampler: Vec<RecordBatch>,
    _held: MemoryReservation,
}

impl Formed {
    async fn of(session: &SessionContext, as_of: Timestamp) -> Result<Self> {
        let own =
            SessionContext::new_with_config_rt(session.copied_config(), session.runtime_env());
        for source in SOURCES {
            own.register_table(source, session.table_provider(source).await?)?;
        }
        let closed = keep(&own, "closed", &sql::closed(as_of)).await?;
        let sampler = own.sql(&sql::sampler(as_of)).await?.collect().await?;
        let held = keep(&own, "parts", &sql::parts(as_of)).await?;
        own.deregister_table("closed")?;
        drop(closed);
        Ok(Self { session: own, sampler, _held: held })
    }

    /// Every conversation in which a cell asked its candidate, counted or not.
    pub(crate) async fn ask(&self, text: &str) -> Result<DataFrame> {
        self.session.sql(text).await
    }

    /// What the sampler did, cell by cell.
    pub(crate) fn sampler(&self) -> &[RecordBatch] {
        &self.sampler
    }
}

/// Makes the answer of a query a table in memory, which counts against the limit.
async fn keep(session: &SessionContext, name: &str, text: &str) -> Result<MemoryReservation> {
    let frame = session.sql(text).await?;
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let parts = frame.collect_partitioned().await?;
    let held = MemoryConsumer::new(name).register(&session.runtime_env().memory_pool);
    let bytes = parts.iter().flatten().map(RecordBatch::get_array_memory_size).sum();
    held.try_grow(bytes)?;
    if session.register_table(name, Arc::new(MemTable::try_new(schema, parts)?))?.is_some() {
        return plan_err!("`{name}` is formed twice");
    }
    Ok(held)
}
