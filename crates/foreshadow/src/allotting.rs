//! What evidence says of each cell for the days to come, worked out beside the worker: refuted cells
//! stop costing, where money is short it goes where it buys the most decisions, and a judge counts
//! beside labels as far as they said that it follows people.
//!
//! The worker reads the newest word when it declares a day's blocks and never waits for one: before
//! the first, every cell is asked what the pipeline grants.

use crate::{rules, system::Deployment};
use anyhow::Result;
use report::Outlook;
use shadow::Allotted;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often it is worked out. The last time before midnight counts; weighing all evidence is work
/// that the machine could do for somebody else.
const ALLOT_EVERY: Duration = Duration::from_secs(6 * 3_600);

/// The newest word, for whoever declares blocks.
#[derive(Clone)]
pub(crate) struct Allotting {
    tell: Arc<watch::Sender<Allotted>>,
}

impl Allotting {
    pub(crate) fn new() -> Self {
        Self { tell: Arc::new(watch::channel(Allotted::new()).0) }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Allotted> {
        self.tell.subscribe()
    }
}

/// Works it out until told to stop. Where it cannot be, the last word stands.
pub(crate) async fn keep(deployment: Deployment, stop: CancellationToken) {
    loop {
        match stop.run_until_cancelled(Box::pin(allotted(&deployment))).await {
            None => return,
            Some(Ok(allotted)) => {
                deployment.allotting.tell.send_replace(allotted);
            }
            Some(Err(error)) => {
                tracing::warn!(error = format!("{error:#}"), "the days to come were not planned");
            }
        }
        if stop.run_until_cancelled(tokio::time::sleep(ALLOT_EVERY)).await.is_none() {
            return;
        }
    }
}

async fn allotted(deployment: &Deployment) -> Result<Allotted> {
    if deployment.lake().is_empty().await? {
        return Ok(Allotted::new());
    }
    let (pipeline, now) = (&deployment.pipeline, deployment.clock.now());
    let (look, rules) = rules::look(&deployment.place, pipeline, now).await?;
    let outlook = Outlook::gather(&look.warehouse, &rules, &rules::spending(pipeline)).await?;
    Ok(outlook.tomorrow())
}
