//! What SQL alone cannot say, as tables: `evidence`, `evidence_at(ts)` and `units_at(ts)`.
//!
//! The work is done when a query scans them, in that query's session and under its limits.

use crate::{evidence, rows, sql};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::{
    catalog::{Session, TableFunctionArgs, TableFunctionImpl, TableProvider},
    common::{DataFusionError, Result, ScalarValue, plan_err},
    datasource::MemTable,
    execution::{SessionState, context::SessionContext},
    logical_expr::{Expr, TableType},
    physical_plan::ExecutionPlan,
};
use exchange::Timestamp;
use std::sync::Arc;

/// Which computed table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Evidence,
    Units,
}

/// A table whose rows are worked out when it is scanned.
#[derive(Debug)]
pub(crate) struct Computed {
    what: What,
    as_of: Timestamp,
    schema: SchemaRef,
}

impl Computed {
    /// Makes `evidence`, `evidence_at` and `units_at` known to a session with the other views.
    pub(crate) async fn register(session: &SessionContext, now: Timestamp) -> Result<()> {
        let units = session.table_provider("units").await?.schema();
        let evidence = rows::evidence_schema();
        let table = Self { what: What::Evidence, as_of: now, schema: SchemaRef::clone(&evidence) };
        session.register_table("evidence", Arc::new(table))?;
        for (name, what, schema) in
            [("evidence_at", What::Evidence, evidence), ("units_at", What::Units, units)]
        {
            session.register_udtf(name, Arc::new(AtMoment { name, what, schema }));
        }
        Ok(())
    }
}

#[async_trait]
impl TableProvider for Computed {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(state) = session.as_any().downcast_ref::<SessionState>() else {
            return plan_err!("computed tables need a session of this program");
        };
        let inner = SessionContext::new_with_state(state.clone());
        let batches = match self.what {
            What::Evidence => {
                let cells = evidence::evidence_at(&inner, self.as_of).await;
                vec![rows::evidence_batch(&cells.map_err(external)?)?]
            }
            What::Units => inner.sql(&sql::units(self.as_of)).await?.collect().await?,
        };
        let table = MemTable::try_new(SchemaRef::clone(&self.schema), vec![batches])?;
        table.scan(session, projection, filters, limit).await
    }
}

/// `evidence_at(ts)`, `units_at(ts)`: a computed table as of a moment given as text or timestamp.
#[derive(Debug)]
struct AtMoment {
    name: &'static str,
    what: What,
    schema: SchemaRef,
}

impl TableFunctionImpl for AtMoment {
    fn call_with_args(&self, args: TableFunctionArgs<'_, '_>) -> Result<Arc<dyn TableProvider>> {
        let [Expr::Literal(moment, _)] = args.exprs() else {
            return plan_err!("{}('2026-11-20T00:00:00Z') takes one moment", self.name);
        };
        let Some(as_of) = moment_of(moment) else {
            return plan_err!(
                "{}({moment}): write the moment in RFC 3339, like '2026-11-20T00:00:00Z'",
                self.name
            );
        };
        let schema = SchemaRef::clone(&self.schema);
        Ok(Arc::new(Computed { what: self.what, as_of, schema }))
    }
}

fn moment_of(value: &ScalarValue) -> Option<Timestamp> {
    match value {
        ScalarValue::TimestampMicrosecond(Some(micros), _) => Some(Timestamp(*micros)),
        ScalarValue::TimestampNanosecond(Some(nanos), _) => Some(Timestamp(nanos / 1_000)),
        other => other.try_as_str().flatten()?.parse().ok(),
    }
}

fn external(error: crate::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
