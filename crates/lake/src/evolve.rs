//! What came later. Columns: a table that an earlier release made gets them before it is written
//! again, and shows them as null until then. A column is only ever added, may always be null, and
//! none changes its meaning, so every release reads every older lake.

use crate::{Error, Lake, Result, Table, commit::TRIES_MAX, error::is_lost, store::KEPT};
use arrow::datatypes::{FieldRef, Schema};
use deltalake_core::{
    DeltaTable,
    kernel::{StructType, engine::arrow_conversion::TryIntoKernel, transaction::CommitProperties},
};
use std::collections::HashMap;

impl Lake {
    /// The table with every column of its schema, kept as tables are kept now.
    pub(crate) async fn evolved(&self, table: Table, delta: DeltaTable) -> Result<DeltaTable> {
        let delta = self.with_columns(table, delta).await?;
        self.as_kept(table, delta).await
    }

    async fn with_columns(&self, table: Table, mut delta: DeltaTable) -> Result<DeltaTable> {
        for _ in 0..TRIES_MAX {
            let failed = |error| Error::at(&self.place(table), error);
            let held = delta.snapshot().map_err(failed)?.schema();
            let later = missing(table, |name| held.field(name).is_some());
            if later.is_empty() {
                return Ok(delta);
            }
            let schema = Schema::new(later);
            let fields: StructType = (&schema)
                .try_into_kernel()
                .map_err(|source| Error::Rows { table: table.name(), source })?;
            let fields: Vec<_> = fields.fields().cloned().collect();
            match delta
                .clone()
                .add_columns()
                .with_fields(fields)
                .with_commit_properties(without_cleaning())
                .await
            {
                Ok(added) => {
                    self.remember(table, &added);
                    delta = added;
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

impl Lake {
    async fn as_kept(&self, table: Table, mut delta: DeltaTable) -> Result<DeltaTable> {
        for _ in 0..TRIES_MAX {
            let failed = |error| Error::at(&self.place(table), error);
            let held = delta.snapshot().map_err(failed)?.metadata().configuration();
            // What somebody chose for a table stands.
            let unsaid = KEPT.iter().filter(|(name, _)| !held.contains_key(*name));
            let unsaid = unsaid.map(|(name, value)| (name.to_string(), value.to_string()));
            let unsaid: HashMap<String, String> = unsaid.collect();
            if unsaid.is_empty() {
                return Ok(delta);
            }
            let kept = delta.clone().set_tbl_properties().with_properties(unsaid);
            match kept.with_commit_properties(without_cleaning()).await {
                Ok(kept) => {
                    self.remember(table, &kept);
                    delta = kept;
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

/// To look through the whole log after a commit is the sweep's work.
pub(crate) fn without_cleaning() -> CommitProperties {
    CommitProperties::default().with_cleanup_expired_logs(Some(false))
}

/// The columns of a table that are not among those that `holds` knows.
pub(crate) fn missing(table: Table, holds: impl Fn(&str) -> bool) -> Vec<FieldRef> {
    let schema = table.schema();
    schema.fields().iter().filter(|field| !holds(field.name())).cloned().collect()
}
