//! The table `decisions`, filled from what was decided. The policy's files come first and carry
//! their decision whole, so a row that a crash kept out of the table is added by the next command.

use crate::{policies::Policies, recorder::day};
use anyhow::Result;
use exchange::Timestamp;
use lake::{Filter, Lake, Table, batch_to_rows, rows_to_batch};
use policy::DecisionRecord;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Stands for every category, where a decision concerns them all.
const EVERY: &str = "*";

#[derive(Serialize)]
struct DecisionRow<'a> {
    date: String,
    decided_at: Timestamp,
    as_of: Option<Timestamp>,
    lake_version: String,
    category: &'a str,
    candidate: Option<&'a str>,
    action: &'static str,
    stage: Option<&'static str>,
    actor: String,
    threshold: Option<f64>,
    confidence: Option<f64>,
    reasons: String,
    policy_version: Option<u64>,
    evidence_digest: Option<&'a str>,
    evidence: Option<String>,
}

/// Adds a decision that made no policy: a hold.
pub(crate) async fn record(lake: &Lake, decision: &DecisionRecord) -> Result<()> {
    append(lake, &[row(decision, None)?]).await
}

/// Adds the decision of every policy version that the table does not have yet.
pub(crate) async fn repair(lake: &Lake, policies: &Policies) -> Result<()> {
    #[derive(Deserialize)]
    struct Known {
        policy_version: Option<u64>,
    }
    let batches = lake.scan(Table::Decisions, &["policy_version"], &[] as &[Filter]).await?;
    let known: Vec<Known> = batch_to_rows(Table::Decisions, &batches)?;
    let known: BTreeSet<u64> = known.iter().filter_map(|known| known.policy_version).collect();
    let policies = policies.all().await?;
    let mut rows = Vec::new();
    for policy in policies.iter().filter(|policy| !known.contains(&policy.version)) {
        if let Some(decision) = &policy.decision {
            rows.push(row(decision, Some(policy.version))?);
        }
    }
    append(lake, &rows).await
}

async fn append(lake: &Lake, rows: &[DecisionRow<'_>]) -> Result<()> {
    if !rows.is_empty() {
        lake.append(Table::Decisions, rows_to_batch(Table::Decisions, rows)?, None).await?;
    }
    Ok(())
}

fn row(decision: &DecisionRecord, policy_version: Option<u64>) -> Result<DecisionRow<'_>> {
    let evidence = decision.evidence.as_ref().map(serde_json::to_string).transpose()?;
    Ok(DecisionRow {
        date: day(decision.decided_at),
        decided_at: decision.decided_at,
        as_of: decision.as_of,
        lake_version: serde_json::to_string(&decision.lake_version)?,
        category: decision.category.as_deref().unwrap_or(EVERY),
        candidate: decision.candidate.as_deref(),
        action: decision.action.name(),
        stage: decision.stage.map(policy::Stage::name),
        actor: decision.actor.to_string(),
        threshold: decision.threshold,
        confidence: decision.confidence,
        reasons: serde_json::to_string(&decision.reasons)?,
        policy_version,
        evidence_digest: decision.evidence_digest.as_deref(),
        evidence,
    })
}
