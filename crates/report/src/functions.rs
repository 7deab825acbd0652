//! The SQL aggregates: the same honest statement about any slice of `units`.
//!
//! | function | says |
//! | --- | --- |
//! | `confidence_loss(loss, weight, tau, lo, hi)` | confidence that the mean loss is below `tau` |
//! | `confidence(value, bar)` | the same for acceptability in \[0, 1\], every unit of weight 1 |
//! | `quality_lower(loss, weight, lo, hi)` · `quality_upper(…)` | the 95 % bounds of 1 − mean loss |
//!
//! They fail on NULL instead of skipping it: a pending reply is not evidence. They are unadjusted
//! for the family; only `evidence.confidence_adj` gates.

mod aggregate;
mod group;
mod grouped;
mod state;

use aggregate::{Aggregate, Question};
use datafusion::{execution::context::SessionContext, logical_expr::AggregateUDF};

/// Makes the aggregates known to a session.
pub(crate) fn register(session: &SessionContext) {
    for question in Question::ALL {
        session.register_udaf(AggregateUDF::from(Aggregate::of(question)));
    }
}
