use exchange::Date;
use policy::Block;
use serde::{Deserialize, Serialize};

/// One cell and day, declared at its start: a row of `blocks`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockRow {
    /// The same as `day`.
    pub date: Date,
    /// The cell.
    pub cell: String,
    /// The UTC day that the figures hold for.
    pub day: Date,
    /// The least probability with which a call of the day is asked.
    pub pi_floor: f64,
    /// How far the judge's word is trusted beside labels.
    pub eta: f64,
    /// The noise floor that was expected when the day began.
    pub a_hat: f64,
    /// The probability with which the control is asked.
    pub rho: f64,
    /// The least probability of an audit that the day promised; null while none is drawn.
    pub kappa: Option<f64>,
}

impl From<&Block> for BlockRow {
    fn from(block: &Block) -> Self {
        Self {
            date: block.day,
            cell: block.cell.clone(),
            day: block.day,
            pi_floor: block.pi_floor,
            eta: block.eta,
            a_hat: block.a_hat,
            rho: block.rho,
            kappa: block.kappa,
        }
    }
}

impl From<BlockRow> for Block {
    fn from(row: BlockRow) -> Self {
        Self {
            cell: row.cell,
            day: row.day,
            pi_floor: row.pi_floor,
            eta: row.eta,
            a_hat: row.a_hat,
            rho: row.rho,
            kappa: row.kappa,
        }
    }
}
