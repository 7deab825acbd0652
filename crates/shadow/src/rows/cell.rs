use crate::Error;
use exchange::{Date, Timestamp};
use policy::Cell;
use serde::{Deserialize, Serialize};

/// One cell: a row of `cells`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellRow {
    /// UTC day of `opened_at`.
    pub date: Date,
    /// `category/candidate/epoch`.
    pub cell: String,
    /// The kind of call.
    pub category: String,
    /// The model on trial.
    pub candidate: String,
    /// Counts the definitions of this category and candidate, from 1.
    pub epoch: u64,
    /// When the epoch began.
    pub opened_at: Timestamp,
    /// Digest of everything that the evidence depends on.
    pub definition_digest: String,
    /// How its losses are made.
    pub mode: String,
    /// The greatest mean loss that the bar or margin allows.
    pub tau: f64,
    /// The least loss of the mode.
    pub loss_lo: f64,
    /// The greatest loss of the mode.
    pub loss_hi: f64,
    /// The cell's share of the family's error.
    pub family_weight: f64,
    /// How often the same definition was started again.
    pub restarts: u32,
    /// How long a verdict is waited for, in seconds.
    pub max_wait_s: f64,
    /// Digest of what decides which replies there are; null in cells of the first release.
    #[serde(default)]
    pub replies_digest: Option<String>,
}

impl From<&Cell> for CellRow {
    fn from(cell: &Cell) -> Self {
        Self {
            date: cell.opened_at.date(),
            cell: cell.cell.clone(),
            category: cell.category.clone(),
            candidate: cell.candidate.clone(),
            epoch: cell.epoch,
            opened_at: cell.opened_at,
            definition_digest: cell.definition_digest.clone(),
            mode: cell.mode.name().to_owned(),
            tau: cell.tau,
            loss_lo: cell.loss_lo,
            loss_hi: cell.loss_hi,
            family_weight: cell.family_weight,
            restarts: cell.restarts,
            max_wait_s: f64::from(cell.max_wait_s),
            replies_digest: cell.replies_digest.clone(),
        }
    }
}

impl TryFrom<CellRow> for Cell {
    type Error = Error;

    fn try_from(row: CellRow) -> Result<Self, Error> {
        let mode = row.mode.parse().map_err(|_| Error::Cell(row.cell.clone()))?;
        Ok(Self {
            cell: row.cell,
            category: row.category,
            candidate: row.candidate,
            epoch: row.epoch,
            opened_at: row.opened_at,
            definition_digest: row.definition_digest,
            mode,
            tau: row.tau,
            loss_lo: row.loss_lo,
            loss_hi: row.loss_hi,
            family_weight: row.family_weight,
            restarts: row.restarts,
            max_wait_s: row.max_wait_s as u32,
            replies_digest: row.replies_digest,
        })
    }
}
