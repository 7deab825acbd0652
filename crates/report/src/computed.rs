//! What SQL alone cannot say, as tables: `evidence`, `evidence_at(ts)` and `units_at(ts)`.
//!
//! The work is done when a query scans them, in that query's session and under its limits.

use crate::{evidence, formed::Forming, rows, sql};
use arrow::datatypes::{FieldRef, SchemaRef};
use async_trait::async_trait;
use datafusion::{
    catalog::{Session, TableFunctionArgs, TableFunctionImpl, TableProvider},
    common::{DataFusionError, Result, ScalarValue, plan_err},
    datasource::MemTable,
    execution::{SessionState, context::SessionContext},
    logical_expr::{Expr, TableType, cast, col},
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
    forming: Arc<Forming>,
    schema: SchemaRef,
}

impl Computed {
    /// `units` of a look: the rows of the view of that name, formed once for all who ask.
    pub(crate) fn units(schema: SchemaRef, now: &Arc<Forming>) -> Arc<dyn TableProvider> {
        Arc::new(Self { what: What::Units, forming: Arc::clone(now), schema })
    }

    /// Makes `evidence`, `evidence_at` and `units_at` known to a session with the views.
    pub(crate) async fn register(session: &SessionContext, now: &Arc<Forming>) -> Result<()> {
        let units = session.table_provider(sql::FORMED_VIEW).await?.schema();
        let evidence = rows::evidence_schema();
        let (what, forming) = (What::Evidence, Arc::clone(now));
        let table = Self { what, forming, schema: SchemaRef::clone(&evidence) };
        session.register_table("evidence", Arc::new(table))?;
        for (name, what, schema) in
            [("evidence_at", What::Evidence, evidence), ("units_at", What::Units, units)]
        {
            let assignments_max = now.assignments_max();
            session.register_udtf(name, Arc::new(AtMoment { name, what, schema, assignments_max }));
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
        match self.what {
            What::Evidence => {
                let cells = evidence::evidence_of(&inner, &self.forming).await.map_err(external)?;
                let batches = vec![vec![rows::evidence_batch(&cells)?]];
                let table = MemTable::try_new(SchemaRef::clone(&self.schema), batches)?;
                table.scan(session, projection, filters, limit).await
            }
            What::Units => {
                let formed = self.forming.formed(&inner).await?;
                let units = formed.ask(&sql::counted_units()).await?;
                let schema = match projection {
                    Some(columns) => Arc::new(self.schema.project(columns)?),
                    None => SchemaRef::clone(&self.schema),
                };
                let of = |field: &FieldRef| {
                    cast(col(field.name()), field.data_type().clone()).alias(field.name())
                };
                let columns: Vec<Expr> = schema.fields().iter().map(of).collect();
                units.select(columns)?.create_physical_plan().await
            }
        }
    }
}

/// `evidence_at(ts)`, `units_at(ts)`: a computed table as of a moment given as text or timestamp.
#[derive(Debug)]
struct AtMoment {
    name: &'static str,
    what: What,
    schema: SchemaRef,
    assignments_max: u64,
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
        let forming = Forming::at(as_of, self.assignments_max);
        Ok(Arc::new(Computed { what: self.what, forming, schema }))
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
