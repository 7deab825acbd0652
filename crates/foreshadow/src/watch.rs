//! The watch: takes off the live path what the gate says must go, without asking anybody.
//!
//! It moves traffic towards the reference only, on the evidence since the promotion, and leaves the
//! decision with its evidence on record like every other. A version that a person made in the
//! meantime stands: the next look decides anew.

use crate::{decisions, place::Place, rules, system::Deployment};
use anyhow::Result;
use exchange::Timestamp;
use pipeline::Pipeline;
use policy::{Decision, Policy, decision, turn_back};
use report::weigh;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Who decides here.
const ACTOR: &str = "watch";
/// How soon after one look the next may follow.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// After a look it rests for so many times as long as that took: a large lake is read for a
/// twentieth of the time at most.
const REST: u32 = 19;

/// Looks once, and returns the versions that it made: one for each category that was demoted.
pub(crate) async fn look(
    place: &Place,
    pipeline: &Pipeline,
    now: Timestamp,
) -> Result<Vec<Policy>> {
    let policies = place.policies();
    let mut ruling = policies.newest().await?;
    if ruling.routes.is_empty() {
        return Ok(Vec::new());
    }
    let (look, rules) = rules::look(place, pipeline, now).await?;
    let mut made = Vec::new();
    for cell in weigh(&look.warehouse, &rules).await? {
        let Decision::Demote(reason) = cell.decision else { continue };
        let weighed = decision::Weighed {
            evidence: &cell.evidence,
            as_of: cell.facts.as_of,
            decided_at: cell.facts.decided_at,
            lake_version: &rules.lake_version,
            threshold: cell.gate.threshold,
        };
        let category = cell.evidence.category.clone();
        tracing::warn!(category, candidate = cell.evidence.candidate, %reason, "demoted");
        ruling = turn_back(&ruling, &weighed, reason, ACTOR)?;
        policies.publish(&ruling).await?;
        metrics::counter!("foreshadow_demotions_total", "category" => category).increment(1);
        made.push(ruling.clone());
    }
    if !made.is_empty() {
        decisions::repair(&place.lake(), &policies).await?;
    }
    Ok(made)
}

/// Looks again and again, until told to stop.
pub(crate) async fn keep(deployment: Deployment, stop: CancellationToken) {
    let mut rest = LOOK_EVERY;
    while stop.run_until_cancelled(tokio::time::sleep(rest)).await.is_some() {
        let (began, now) = (Instant::now(), deployment.clock.now());
        let looked = Box::pin(look(&deployment.place, &deployment.pipeline, now));
        if let Some(Err(error)) = stop.run_until_cancelled(looked).await {
            tracing::warn!(
                error = format!("{error:#}"),
                "what serves could not be looked at; the policy stays"
            );
        }
        rest = LOOK_EVERY.max(began.elapsed() * REST);
    }
}
