//! What `up` asks models by itself, now and again: golden cases, frozen pairs.

use crate::{
    commands::{golden, judge},
    system::Deployment,
    warehouse::look,
};
use anyhow::Result;
use exchange::{HOUR_US, Timestamp};
use report::{Format, Limits, render_rows};
use serde::Deserialize;
use shadow::Origin;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often `up` looks whether anything is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Asks whatever is due, one after the other, until told to stop. What fails is tried again at the
/// next look.
pub(crate) async fn keep(deployment: Deployment, stop: CancellationToken) {
    let anchors = deployment.pipeline.anchors();
    let every_hours = deployment.pipeline.golden.every_hours;
    if every_hours.is_none() && anchors.is_none_or(|anchors| anchors.every_hours.is_none()) {
        return;
    }
    loop {
        if let Err(error) = Box::pin(golden::if_due(&deployment, &stop)).await {
            tracing::warn!(error = format!("{error:#}"), "the golden cases were not asked");
        }
        if let Err(error) = Box::pin(judge::anchors::if_due(&deployment, &stop)).await {
            tracing::warn!(error = format!("{error:#}"), "the frozen pairs were not judged again");
        }
        if stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
            return;
        }
    }
}

/// Whether so many hours have passed since anything of that origin was last decided.
pub(crate) async fn is_due(deployment: &Deployment, origin: Origin, hours: u32) -> Result<bool> {
    let every = i64::from(hours) * HOUR_US;
    let last = last_at(deployment, origin).await?;
    Ok(last.is_none_or(|at| at.plus(every) <= deployment.clock.now()))
}

async fn last_at(deployment: &Deployment, origin: Origin) -> Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct At {
        at: Option<i64>,
    }
    let Deployment { place, clock, .. } = deployment;
    if place.lake().is_empty().await? {
        return Ok(None);
    }
    let look = look(place, clock.now(), Limits::default()).await?;
    let asked = format!(
        "SELECT CAST(date_part('epoch', max(observed_at)) * 1000000 AS BIGINT) AS at \
         FROM assignments WHERE origin = '{}' AND (sampled OR withheld_reason IS NOT NULL)",
        origin.name()
    );
    let (schema, batches) = look.warehouse.ask(&asked).await?;
    let rows: Vec<At> = serde_json::from_slice(&render_rows(&schema, &batches, Format::Json)?)?;
    Ok(rows.first().and_then(|row| row.at).map(Timestamp))
}
