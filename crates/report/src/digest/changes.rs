//! What changed within a week: the policy, and what the cells say.

use super::Week;
use crate::{Error, Rules, Warehouse, Weighed, read::Columns, sql, weigh};
use exchange::Timestamp;
use policy::{Decision, Reason};
use serde::Serialize;
use std::collections::BTreeMap;

/// Versions of the policy that are told of, the newest.
pub const POLICIES_MAX: usize = 50;
/// Cells that are told of, in the rules' order.
pub const CELLS_MAX: usize = 200;

/// One version of the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyChange {
    /// The version.
    pub version: u64,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Promote, ramp, demote or rollback.
    pub action: String,
    /// The category; `*` where it concerns every one.
    pub category: String,
    /// The candidate, where one is concerned.
    pub candidate: Option<String>,
    /// Who decided.
    pub actor: String,
    /// Why, where the gate or the watch had a reason.
    pub reasons: Vec<Reason>,
}

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CellState {
    /// There was none.
    Unseen,
    /// It neither clears nor is refuted.
    Held,
    /// The gate lets it pass.
    Cleared,
    /// The candidate is worse than demanded.
    Refuted,
}

/// A cell that is new, or says another thing than a week ago.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CellChange {
    /// The cell.
    pub cell: String,
    /// What it said then; that of an earlier epoch is not its own.
    pub before: CellState,
    /// What it says now.
    pub now: CellState,
}

pub(super) async fn policies(
    warehouse: &Warehouse,
    week: Week,
) -> Result<Vec<PolicyChange>, Error> {
    let mut changes = Vec::new();
    for batch in warehouse.rows(&sql::week_decisions(week)).await? {
        let columns = Columns::of("decisions", &batch);
        for at in 0..batch.num_rows() {
            let missing = Error::Column { view: "decisions", column: "decided_at" };
            let reasons = columns.text_or_null("reasons", at)?.unwrap_or("[]");
            changes.push(PolicyChange {
                version: columns.count("policy_version", at)?,
                decided_at: columns.moment_or_null("decided_at", at)?.ok_or(missing)?,
                action: columns.text("action", at)?.to_owned(),
                category: columns.text("category", at)?.to_owned(),
                candidate: columns.text_or_null("candidate", at)?.map(ToOwned::to_owned),
                actor: columns.text("actor", at)?.to_owned(),
                reasons: serde_json::from_str(reasons).map_err(Error::Json)?,
            });
        }
    }
    Ok(changes)
}

pub(super) async fn cells(
    now: &Warehouse,
    before: &Warehouse,
    rules: &Rules,
) -> Result<Vec<CellChange>, Error> {
    let then = Rules { decided_at: before.as_of(), ..rules.clone() };
    let then: BTreeMap<String, CellState> =
        weigh(before, &then).await?.into_iter().map(said).collect();
    let mut changes = Vec::new();
    for (cell, now) in weigh(now, rules).await?.into_iter().map(said) {
        let before = then.get(&cell).copied().unwrap_or(CellState::Unseen);
        if before != now {
            changes.push(CellChange { cell, before, now });
        }
    }
    changes.truncate(CELLS_MAX);
    Ok(changes)
}

fn said(weighed: Weighed) -> (String, CellState) {
    let state = match (&weighed.decision, weighed.evidence.refuted) {
        (Decision::Promote(_), _) => CellState::Cleared,
        (Decision::Hold(_) | Decision::Demote(_), true) => CellState::Refuted,
        (Decision::Hold(_) | Decision::Demote(_), false) => CellState::Held,
    };
    (weighed.evidence.cell, state)
}
