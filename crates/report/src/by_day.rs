//! The tables a few days at a time: every row of one exchange lies in the same day of each table, so
//! what is joined by exchange needs no more of them than that in memory.

use crate::read::Columns;
use arrow::datatypes::DataType;
use datafusion::{
    common::{DataFusionError, Result, ScalarValue},
    dataframe::DataFrame,
    execution::context::SessionContext,
    logical_expr::{Expr, cast, col, ident, lit},
};
use exchange::Date;

/// The tables that are cut; all of them are partitioned by the day of the exchange.
const CUT: [&str; 3] = ["assignments", "shadows", "exchanges"];
/// What is small, or knows no day.
const WHOLE: [&str; 3] = ["opened_cells", "declared_blocks", "labels"];
/// From the first to the last day of a cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Days {
    first: Date,
    last: Date,
}

impl Days {
    /// Days in a row, together with at most so many assignments; a day is never cut. There is at
    /// least one cut, if only an empty one.
    pub(crate) async fn of(session: &SessionContext, assignments_max: u64) -> Result<Vec<Self>> {
        let text = "SELECT date, count(*) AS assigned FROM assignments GROUP BY date ORDER BY date";
        let (mut cuts, mut held): (Vec<Self>, u64) = (Vec::new(), 0);
        for batch in session.sql(text).await?.collect().await? {
            let columns = Columns::of("assignments", &batch);
            for at in 0..batch.num_rows() {
                let day = columns.date("date", at).map_err(external)?;
                let assigned = columns.count("assigned", at).map_err(external)?;
                held += assigned;
                match cuts.last_mut().filter(|_| held <= assignments_max) {
                    Some(cut) => cut.last = day,
                    None => {
                        cuts.push(Self { first: day, last: day });
                        held = assigned;
                    }
                }
            }
        }
        if cuts.is_empty() {
            cuts.push(Self { first: Date(0), last: Date(0) });
        }
        Ok(cuts)
    }

    /// A session that sees these days of the tables of another one.
    pub(crate) async fn of_session(self, session: &SessionContext) -> Result<SessionContext> {
        let own = empty_like(session);
        for table in WHOLE {
            own.register_table(table, plain(session, table).await?.into_view())?;
        }
        let day = |date: Date| lit(ScalarValue::Date32(Some(date.0)));
        for table in CUT {
            let within = col("date").between(day(self.first), day(self.last));
            let rows = plain(session, table).await?.filter(within)?;
            own.register_table(table, rows.into_view())?;
        }
        Ok(own)
    }
}

/// A table with its texts as plain arrays: a view of a text holds on to the page that it was read
/// from, and whoever joins or sorts it is taken to hold the page once for each batch.
pub(crate) async fn plain(session: &SessionContext, table: &str) -> Result<DataFrame> {
    let rows = session.table(table).await?;
    let columns = rows.schema().fields().iter().map(|field| match field.data_type() {
        DataType::Utf8View => cast(ident(field.name()), DataType::Utf8).alias(field.name()),
        _ => ident(field.name()),
    });
    let columns: Vec<Expr> = columns.collect();
    rows.select(columns)
}

/// A session with the limits of another one, and nothing in it.
pub(crate) fn empty_like(session: &SessionContext) -> SessionContext {
    SessionContext::new_with_config_rt(session.copied_config(), session.runtime_env())
}

pub(crate) fn external(error: crate::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
