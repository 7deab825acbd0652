//! The tables while they are written: every commit adds a file to each, and whoever opens a table weighs
//! every file. One of the processes that write merges as they go; the one that looks after the deployment
//! closes the days that are over and clears away what nobody can come upon any more.

use crate::{beside, recorder::day, settings, system::Deployment};
use lake::{Lake, Table};
use std::{sync::atomic::Ordering, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often files that have become many are merged.
const MERGE_EVERY: Duration = Duration::from_secs(15);
/// How soon after the start storage is swept and closed days are compacted …
const SWEEP_FIRST: Duration = Duration::from_secs(300);
/// … and how often from there.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);

/// Merges what this process and others write, until told to stop. One process at a time does, because of
/// two that merge the same files one would do so for nothing: the one whose worker has the first partition.
pub(crate) async fn keep_merged(deployment: Deployment, stop: CancellationToken) {
    let lake = deployment.lake();
    while stop.run_until_cancelled(tokio::time::sleep(MERGE_EVERY)).await.is_some() {
        if !deployment.merges.load(Ordering::Relaxed) {
            continue;
        }
        let today = day(deployment.clock.now());
        for table in Table::ALL {
            match stop.run_until_cancelled(Box::pin(merged(&lake, table, &today))).await {
                None => return,
                Some(Ok(files)) => {
                    metrics::gauge!("foreshadow_lake_files", "table" => table.name())
                        .set(files as f64);
                }
                Some(Err(error)) => {
                    tracing::warn!(%error, table = table.name(), "a table's files were not merged");
                }
            }
        }
    }
}

/// How many files a table has once those that are many are merged.
async fn merged(lake: &Lake, table: Table, today: &str) -> lake::Result<usize> {
    lake.merge(table, today).await?;
    Ok(lake.files(table).await?.len())
}

/// Closes days and sweeps, until told to stop.
pub(crate) async fn keep_swept(deployment: Deployment, stop: CancellationToken) {
    let lake = deployment.lake();
    let mut rest = SWEEP_FIRST;
    while stop.run_until_cancelled(tokio::time::sleep(rest)).await.is_some() {
        rest = SWEEP_EVERY;
        let today = day(deployment.clock.now());
        for table in Table::ALL {
            if let Err(error) = lake.compact(table, &today).await {
                tracing::warn!(%error, table = table.name(), "a table could not be compacted");
            }
            if let Err(error) = lake.sweep(table).await {
                tracing::warn!(%error, table = table.name(), "a table could not be swept");
            }
        }
        if let Some(kafka) = &deployment.pipeline.journal {
            let (outside, now) = (deployment.place.outside(), deployment.clock.now());
            if let Err(error) = beside::expire(&outside, now, settings::retention(kafka)).await {
                let error = format!("{error:#}");
                tracing::warn!(error, "what is too old to be pointed at could not be removed");
            }
        }
    }
}
