//! The console's questions, answered by the same functions as the commands'.

use crate::{
    commands::{explain, up::Role},
    place::Home,
    rules,
    system::Deployment,
    warehouse::look,
};
use async_trait::async_trait;
use console::{Answers, Check, Config, Deps, Metrics, Unanswered};
use exchange::{ExchangeId, Timestamp};
use journal::Log;
use report::{Limits, Report, render};
use serde_json::Value;
use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
};
use tokio::runtime::Handle;

/// Answers for one deployment.
pub(crate) struct Desk {
    deployment: Deployment,
    log: Arc<dyn Log>,
    role: Role,
}

impl Desk {
    pub(crate) fn new(deployment: Deployment, log: Arc<dyn Log>, role: Role) -> Self {
        Self { deployment, log, role }
    }

    pub(crate) fn config(listen: SocketAddr) -> Config {
        Config { listen, ..Config::default() }
    }

    pub(crate) fn deps(desk: &Arc<Self>, metrics: Metrics) -> Deps {
        let policies = desk.deployment.policies();
        let runtime = Handle::current();
        let readable = move || {
            let newest = runtime.block_on(policies.newest());
            newest.map(|_| ()).map_err(|error| format!("{error:#}"))
        };
        let (log, open) = (Arc::clone(&desk.log), Arc::clone(&desk.deployment.worker_open));
        let takes = move || log.partitions(mirror::TOPIC).map(|_| ()).map_err(|e| e.to_string());
        let works = move || {
            let open = open.load(Ordering::Relaxed);
            open.then_some(()).ok_or_else(|| "the worker is not open: see the log".to_owned())
        };
        let mut checks = Vec::new();
        // Without its store a proxy goes by what it knows, and then by the reference: nobody may take it
        // off the live path for that, …
        if desk.deployment.place.home() == Home::Disk || !desk.role.serves() {
            checks.push(Check::new("policy", readable));
        }
        // … nor for brokers, without which it spools.
        if desk.deployment.pipeline.journal.is_none() || !desk.role.serves() {
            checks.insert(0, Check::new("journal", takes));
        }
        if desk.role.shadows() {
            checks.push(Check::new("worker", works));
        }
        Deps { answers: Arc::clone(desk) as Arc<dyn Answers>, checks, metrics }
    }

    async fn gather(&self, as_of: Option<Timestamp>) -> anyhow::Result<Report> {
        let as_of = as_of.unwrap_or_else(|| self.deployment.clock.now());
        let deployment = &self.deployment;
        let (look, rules) = rules::look(&deployment.place, &deployment.pipeline, as_of).await?;
        Ok(Report::gather(&look.warehouse, &rules).await?)
    }

    async fn weighed(&self, as_of: Option<Timestamp>) -> anyhow::Result<Value> {
        let as_of = as_of.unwrap_or_else(|| self.deployment.clock.now());
        let look = look(&self.deployment.place, as_of, Limits::default()).await?;
        Ok(serde_json::to_value(look.warehouse.evidence().await?)?)
    }
}

#[async_trait]
impl Answers for Desk {
    async fn page(&self) -> Result<String, Unanswered> {
        Ok(render::html(&self.gather(None).await.map_err(failed)?))
    }

    async fn report(&self, as_of: Option<Timestamp>) -> Result<Value, Unanswered> {
        let report = self.gather(as_of).await.map_err(failed)?;
        serde_json::to_value(report).map_err(|error| Unanswered::Failed(error.to_string()))
    }

    async fn evidence(&self, as_of: Option<Timestamp>) -> Result<Value, Unanswered> {
        self.weighed(as_of).await.map_err(failed)
    }

    async fn policy(&self) -> Result<Value, Unanswered> {
        let policy = self.deployment.policies().newest().await.map_err(failed)?;
        serde_json::to_value(policy).map_err(|error| Unanswered::Failed(error.to_string()))
    }

    async fn exchange(&self, id: ExchangeId) -> Result<Value, Unanswered> {
        let now = self.deployment.clock.now();
        let look = look(&self.deployment.place, now, Limits::default()).await.map_err(failed)?;
        match explain::sections(&look.warehouse, id).await.map_err(failed)? {
            Some(sections) => Ok(Value::Object(sections)),
            None => Err(Unanswered::NotFound(explain::unknown(id))),
        }
    }
}

fn failed(error: impl Into<anyhow::Error>) -> Unanswered {
    Unanswered::Failed(format!("{:#}", error.into()))
}
