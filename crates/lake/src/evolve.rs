//! What came later. Columns: a table that an earlier release made gets them before it is written
//! again, and shows them as null until then. A column is only ever added, may always be null, and
//! none changes its meaning, so every release reads every older lake.

use crate::{Error, Lake, Result, Table, commit::TRIES_MAX, error::is_lost, store::KEPT};
use arrow::datatypes::{FieldRef, Schema};
use deltalake_core::{
    DeltaTable,
    kernel::{
        StructField, StructType, engine::arrow_conversion::TryIntoKernel,
        transaction::CommitProperties,
    },
};
use std::collections::HashMap;

impl Lake {
    /// The table with every column of its schema, kept as tables are kept now.
    pub(crate) async fn evolved(&self, table: Table, mut delta: DeltaTable) -> Result<DeltaTable> {
        for _ in 0..TRIES_MAX {
            let failed = |error| Error::at(&self.place(table), error);
            let held = delta.snapshot().map_err(failed)?;
            let schema = held.schema();
            let later = missing(table, |name| schema.field(name).is_some());
            let unsaid = unsaid(held.metadata().configuration());
            let changed = if !later.is_empty() {
                let added = delta.clone().add_columns().with_fields(columns(table, later)?);
                added.with_commit_properties(without_cleaning()).await
            } else if !unsaid.is_empty() {
                let kept = delta.clone().set_tbl_properties().with_properties(unsaid);
                kept.with_commit_properties(without_cleaning()).await
            } else {
                return Ok(delta);
            };
            match changed {
                Ok(changed) => {
                    self.remember(table, &changed);
                    delta = changed;
                }
                Err(error) if is_lost(&error) => {
                    delta.update_state().await.map_err(failed)?;
                }
                Err(error) => return Err(failed(error)),
            }
        }
        Err(Error::Contended { table: table.name() })
    }
}

fn columns(table: Table, fields: Vec<FieldRef>) -> Result<Vec<StructField>> {
    let schema: StructType = (&Schema::new(fields))
        .try_into_kernel()
        .map_err(|source| Error::Rows { table: table.name(), source })?;
    Ok(schema.fields().cloned().collect())
}

/// How tables are kept, as far as a table does not say: what somebody chose for it stands.
fn unsaid(said: &HashMap<String, String>) -> HashMap<String, String> {
    let unsaid = KEPT.into_iter().filter(|(name, _)| !said.contains_key(*name));
    unsaid.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// To look through the whole log after a commit is the sweep's work.
pub(crate) fn without_cleaning() -> CommitProperties {
    CommitProperties::default().with_cleanup_expired_logs(Some(false))
}

/// The columns of a table that are not among those that `holds` knows.
pub(crate) fn missing(table: Table, holds: impl Fn(&str) -> bool) -> Vec<FieldRef> {
    let schema = table.schema();
    schema.fields().iter().filter(|field| !holds(field.name())).cloned().collect()
}
