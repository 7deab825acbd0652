//! What several questions of one look share: the conversations of every cell, formed once.
//!
//! `sql/units.sql` and the files before it say what a unit is, so that anybody can form them from open
//! files. Here the same rows come out of two passes over the tables, the second a few days at a time:
//! a query engine would carry millions of keys of text through six joins. They are kept in memory for
//! as long as the look is, and count against its limit.

mod became;
mod cells;
mod entered;
mod funnel;
mod names;
mod parts;
mod seen;
mod sessions;

use crate::{
    by_day::{self, Days, external},
    read::Columns,
    sql,
};
use arrow::{
    compute::cast,
    datatypes::{DataType, Schema, SchemaRef},
    error::ArrowError,
    record_batch::RecordBatch,
};
use became::Became;
use cells::{Cells, each};
use datafusion::{
    common::{Result, utils::memory::RecordBatchMemoryCounter},
    dataframe::DataFrame,
    datasource::MemTable,
    execution::{
        context::SessionContext,
        memory_pool::{MemoryConsumer, MemoryReservation},
    },
    logical_expr::{col, lit},
};
use exchange::Timestamp;
use funnel::Funnel;
use futures::StreamExt;
use parts::{Parts, drawn};
use sessions::{Calls, Closed};
use std::{collections::BTreeMap, fmt, sync::Arc};
use tokio::sync::OnceCell;

/// The conversations as of a moment, once somebody asked for them.
pub(crate) struct Forming {
    as_of: Timestamp,
    assignments_max: u64,
    formed: OnceCell<Formed>,
}

impl Forming {
    /// Nothing is formed yet.
    pub(crate) fn at(as_of: Timestamp, assignments_max: u64) -> Arc<Self> {
        Arc::new(Self { as_of, assignments_max, formed: OnceCell::new() })
    }

    /// How many assignments are worked on at the same time.
    pub(crate) fn assignments_max(&self) -> u64 {
        self.assignments_max
    }

    /// The moment.
    pub(crate) fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// Forms them from the tables of `session`, unless that was done.
    pub(crate) async fn formed(&self, session: &SessionContext) -> Result<&Formed> {
        self.formed.get_or_try_init(|| Formed::of(session, self)).await
    }
}

impl fmt::Debug for Forming {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Forming").field("as_of", &self.as_of).finish_non_exhaustive()
    }
}

/// The asked conversations of every cell, cut by the length of the prompt and by days, and what the
/// sampler did.
pub(crate) struct Formed {
    session: SessionContext,
    /// Sessions that see the parts of some cells each, in the order of their names.
    cells: Vec<SessionContext>,
    _held: Kept,
}

impl Formed {
    async fn of(session: &SessionContext, of: &Forming) -> Result<Self> {
        let as_of = of.as_of;
        let cells = Cells::of(session, as_of).await?;
        let mut held = MemoryConsumer::new("closed").register(&session.runtime_env().memory_pool);
        let closed = closed(session, as_of, (&cells, &mut held)).await?;
        let (mut kept, mut sampled) = (Kept::new(session, "parts"), BTreeMap::new());
        let mut funnel = Funnel::default();
        for days in Days::of(session, of.assignments_max).await? {
            let days = days.of_session(session).await?;
            let became = Became::of(&days, as_of, &cells).await?;
            let mut parts = Parts::of(&cells, &closed, as_of);
            each(&days, &sql::calls(as_of), |calls| parts.add(calls, &became, &mut funnel)).await?;
            parts.add_sampled(&mut sampled).map_err(external)?;
            kept.push(parts.batch()?)?;
        }
        drop((closed, held));
        let own = by_day::empty_like(session);
        own.register_table("opened_cells", session.table_provider("opened_cells").await?)?;
        own.register_batch("drawn", drawn(&sampled, &cells)?)?;
        own.register_batch("funnel", funnel.batch(&cells)?)?;
        kept.register(&own)?;
        let cells = by_cells(&own, of.assignments_max).await?;
        Ok(Self { session: own, cells, _held: kept })
    }

    /// A query over the tables `parts`, `drawn` and `funnel`.
    pub(crate) async fn ask(&self, text: &str) -> Result<DataFrame> {
        self.session.sql(text).await
    }

    /// The answers of a query over `parts` or `units` that asks of each cell by itself, some cells
    /// at a time, in the order of their names.
    pub(crate) async fn ask_of_cells(&self, text: &str) -> Result<Vec<RecordBatch>> {
        let mut answers = Vec::new();
        for some in &self.cells {
            answers.extend(some.sql(text).await?.collect().await?);
        }
        Ok(answers)
    }
}

/// The conversations that are over; their calls count against the limit while they are read.
async fn closed(
    session: &SessionContext,
    as_of: Timestamp,
    (cells, held): (&Cells, &mut MemoryReservation),
) -> Result<Closed> {
    let own = by_day::empty_like(session);
    for table in ["assignments", "opened_cells"] {
        own.register_table(table, by_day::plain(session, table).await?.into_view())?;
    }
    let mut calls = Calls::default();
    let mut answer = own.sql(&sql::moments(as_of)).await?.execute_stream().await?;
    while let Some(batch) = answer.next().await {
        calls.add(&Columns::of("assignments", &batch?), cells).map_err(external)?;
        held.try_resize(calls.bytes())?;
    }
    Ok(calls.closed(as_of.0))
}

/// Sessions that see as many cells each as have so many parts together.
async fn by_cells(session: &SessionContext, parts_max: u64) -> Result<Vec<SessionContext>> {
    let text = "SELECT cell, count(*) AS parts FROM parts GROUP BY cell ORDER BY cell";
    let (mut spans, mut held): (Vec<(String, String)>, u64) = (Vec::new(), 0);
    for batch in session.sql(text).await?.collect().await? {
        let columns = Columns::of("parts", &batch);
        for at in 0..batch.num_rows() {
            let cell = columns.text("cell", at).map_err(external)?.to_owned();
            let parts = columns.count("parts", at).map_err(external)?;
            held += parts;
            match spans.last_mut().filter(|_| held <= parts_max) {
                Some(span) => span.1 = cell,
                None => {
                    spans.push((cell.clone(), cell));
                    held = parts;
                }
            }
        }
    }
    let mut sessions = Vec::with_capacity(spans.len());
    for (first, last) in spans {
        let own = by_day::empty_like(session);
        own.register_table("opened_cells", session.table_provider("opened_cells").await?)?;
        let within = col("cell").between(lit(first), lit(last));
        let parts = session.table("parts").await?.filter(within)?;
        own.register_table("parts", parts.into_view())?;
        own.register_table("units", own.sql(&sql::counted_units()).await?.into_view())?;
        sessions.push(own);
    }
    Ok(sessions)
}

/// What was paid on both sides, as a session with the table `paid` and the tables that the savings
/// are worked out from.
pub(crate) async fn paid(session: &SessionContext, of: &Forming) -> Result<(SessionContext, Kept)> {
    let mut paid = Kept::new(session, "paid");
    for days in Days::of(session, of.assignments_max).await? {
        paid.add(days.of_session(session).await?.sql(&sql::paid(of.as_of)).await?).await?;
    }
    let own = by_day::empty_like(session);
    for table in ["opened_cells", "exchanges"] {
        own.register_table(table, session.table_provider(table).await?)?;
    }
    paid.register(&own)?;
    Ok((own, paid))
}

/// A table in memory that grows by the answers of queries, and counts against the limit.
pub(crate) struct Kept {
    name: &'static str,
    schema: Option<SchemaRef>,
    parts: Vec<Vec<RecordBatch>>,
    held: MemoryReservation,
}

impl Kept {
    pub(crate) fn new(session: &SessionContext, name: &'static str) -> Self {
        let held = MemoryConsumer::new(name).register(&session.runtime_env().memory_pool);
        Self { name, schema: None, parts: Vec::new(), held }
    }

    /// Adds one batch.
    fn push(&mut self, batch: RecordBatch) -> Result<()> {
        self.keep(batch.schema(), vec![vec![batch]])
    }

    /// Adds the answer of a query.
    pub(crate) async fn add(&mut self, answer: DataFrame) -> Result<()> {
        let schema = plain_schema(answer.schema().as_arrow());
        let mut parts = answer.collect_partitioned().await?;
        for batch in parts.iter_mut().flatten() {
            *batch = plain(batch, &schema)?;
        }
        self.keep(schema, parts)
    }

    fn keep(&mut self, schema: SchemaRef, parts: Vec<Vec<RecordBatch>>) -> Result<()> {
        let mut counter = RecordBatchMemoryCounter::new();
        let bytes = parts.iter().flatten().map(|batch| counter.count_batch(batch)).sum();
        self.held.try_grow(bytes)?;
        self.schema = Some(schema);
        self.parts.resize_with(self.parts.len().max(parts.len()), Vec::new);
        self.parts.iter_mut().zip(parts).for_each(|(own, more)| own.extend(more));
        Ok(())
    }

    /// Makes it a table of a session; one that nothing was ever added to is not there.
    pub(crate) fn register(&mut self, session: &SessionContext) -> Result<()> {
        if let Some(schema) = self.schema.take() {
            let table = MemTable::try_new(schema, std::mem::take(&mut self.parts))?;
            session.register_table(self.name, Arc::new(table))?;
        }
        Ok(())
    }
}

/// Texts as plain arrays: views would hold on to all that the answer was gathered in, and whoever
/// holds a batch of them is taken to hold it all.
fn plain_schema(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8View => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8)),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn plain(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema.fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, column)| cast(column, field.data_type()));
    Ok(RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<_, ArrowError>>()?)?)
}
