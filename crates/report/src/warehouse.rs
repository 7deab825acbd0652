//! One look at the lake: its tables at fixed versions, the views and functions over them, and the
//! moment that "now" stands for. Two looks with the same versions and moment answer alike.

use crate::{
    Error,
    by_day::Days,
    computed::Computed,
    evidence,
    formed::{self, Formed, Forming, Kept},
    functions, sql,
};
use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use confidence::Evidence;
use datafusion::{
    catalog::TableProvider,
    execution::{
        context::{SQLOptions, SessionConfig, SessionContext},
        memory_pool::FairSpillPool,
        runtime_env::RuntimeEnvBuilder,
    },
};
use exchange::Timestamp;
use std::{sync::Arc, time::Duration};

/// What a query may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of memory before a query spills or fails.
    pub memory_bytes_max: usize,
    /// Time before a query is given up.
    pub query_time_max: Duration,
    /// Partitions that work at the same time.
    pub threads: usize,
    /// Assignments that are joined with what became of them at the same time, unless a single day
    /// has more.
    pub assignments_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes_max: 2 << 30,
            query_time_max: Duration::from_secs(300),
            threads: 2,
            assignments_max: 500_000,
        }
    }
}

/// The lake as of a moment, ready to be asked.
pub struct Warehouse {
    session: SessionContext,
    forming: Arc<Forming>,
    limits: Limits,
}

impl Warehouse {
    /// Looks at `tables` (name and provider) as of a moment.
    ///
    /// # Errors
    /// [`Error::Query`] if a table lacks a column that the views need.
    pub async fn over(
        tables: Vec<(String, Arc<dyn TableProvider>)>,
        as_of: Timestamp,
        limits: Limits,
    ) -> Result<Self, Error> {
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(limits.memory_bytes_max)))
            .build_arc()?;
        let config = SessionConfig::new()
            .with_target_partitions(limits.threads)
            .with_information_schema(true);
        let session = SessionContext::new_with_config_rt(config, runtime);
        functions::register(&session);
        for (name, table) in tables {
            session.register_table(name, table)?;
        }
        let forming = Forming::at(as_of, limits.assignments_max);
        for (name, text) in sql::views(as_of) {
            let mut view = session.sql(&text).await?.into_view();
            if name == sql::FORMED_VIEW {
                view = Computed::units(view.schema(), &forming);
            }
            session.register_table(name, view)?;
        }
        Computed::register(&session, &forming).await?;
        Ok(Self { session, forming, limits })
    }

    /// The moment that this look is from.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        self.forming.as_of()
    }

    /// What every cell's units say, in the order of the cells' names.
    ///
    /// # Errors
    /// [`Error::Query`] if the lake cannot be read, [`Error::Evidence`] if it holds a loss outside
    /// its declared range.
    pub async fn evidence(&self) -> Result<Vec<Evidence>, Error> {
        evidence::evidence_of(&self.session, &self.forming).await
    }

    /// Answers a question that a person typed. Only reading is possible.
    ///
    /// # Errors
    /// [`Error::Query`] for what is not a readable query, [`Error::Timeout`] past the limit.
    pub async fn ask(&self, text: &str) -> Result<(SchemaRef, Vec<RecordBatch>), Error> {
        let reading = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        let asked = async {
            let frame = self.session.sql_with_options(text, reading).await?;
            let schema = Arc::new(frame.schema().as_arrow().clone());
            Ok((schema, frame.collect().await?))
        };
        let seconds = self.limits.query_time_max.as_secs();
        tokio::time::timeout(self.limits.query_time_max, asked)
            .await
            .map_err(|_| Error::Timeout { seconds })?
    }

    /// Runs a query of our own.
    pub(crate) async fn rows(&self, text: &str) -> Result<Vec<RecordBatch>, Error> {
        Ok(self.session.sql(text).await?.collect().await?)
    }

    /// Runs a query of our own that joins by exchange, over a few days of the tables at a time: its
    /// answers are to be added up.
    pub(crate) async fn rows_by_day(&self, text: &str) -> Result<Vec<RecordBatch>, Error> {
        let mut answers = Vec::new();
        for days in Days::of(&self.session, self.forming.assignments_max()).await? {
            let days = days.of_session(&self.session).await?;
            answers.extend(days.sql(text).await?.collect().await?);
        }
        Ok(answers)
    }

    /// The conversations of every cell, formed once for all who ask.
    pub(crate) async fn formed(&self) -> Result<&Formed, Error> {
        Ok(self.forming.formed(&self.session).await?)
    }

    /// A session with what was paid on both sides, for as long as the second one is held.
    pub(crate) async fn paid(&self) -> Result<(SessionContext, Kept), Error> {
        Ok(formed::paid(&self.session, &self.forming).await?)
    }
}
