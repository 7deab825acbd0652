//! Mode PPI: how far the judge's word counts beside labels, cell by cell, and what labels say of it.

use crate::{Error, Warehouse, read::Columns, sql};
use confidence::{Labelled, Trust};
use exchange::Date;
use policy::{Learnt, epoch::LEARNT_DAYS_BEFORE};
use serde::Serialize;
use std::collections::BTreeMap;

/// How the judge of a cell stands to the labels that correct it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Correction {
    /// What labels say of it.
    #[serde(flatten)]
    pub trust: Trust,
    /// The last day of the calls that it rests on.
    pub until: Date,
    /// How far its word counts on the newest day, as that day's block declared.
    pub eta_declared: Option<f64>,
    /// The share of the asked replies that people are to label, as that block declared.
    pub kappa: Option<f64>,
}

/// By all labels, for whoever reads them.
pub(crate) async fn so_far(warehouse: &Warehouse) -> Result<BTreeMap<String, Correction>, Error> {
    until(warehouse, warehouse.as_of().date()).await
}

/// By those that a block may learn from that is declared now.
pub(crate) async fn for_blocks(
    warehouse: &Warehouse,
) -> Result<BTreeMap<String, Correction>, Error> {
    until(warehouse, Date(warehouse.as_of().date().0 - LEARNT_DAYS_BEFORE)).await
}

impl Correction {
    /// What a block may learn.
    pub(crate) fn learnt(&self) -> Learnt {
        Learnt { eta: self.trust.eta, until: self.until }
    }
}

/// Most lakes have none, and are not read for it.
const CORRECTED: &str = "SELECT cell FROM opened_cells WHERE mode = 'PPI'";

async fn until(warehouse: &Warehouse, until: Date) -> Result<BTreeMap<String, Correction>, Error> {
    let mut cells = BTreeMap::new();
    if warehouse.rows(CORRECTED).await?.iter().all(|batch| batch.num_rows() == 0) {
        return Ok(cells);
    }
    let text = sql::corrected(Date(until.0 + 1).start(), warehouse.as_of());
    for batch in warehouse.rows(&text).await? {
        let columns = Columns::of("corrected", &batch);
        for at in 0..batch.num_rows() {
            let sum = |column| Ok::<_, Error>(columns.number(column, at)?.unwrap_or_default());
            let labelled = Labelled {
                labels: columns.count("labels", at)?,
                weight: sum("weight")?,
                judge: sum("judge")?,
                judge_squared: sum("judge_squared")?,
                human: sum("human")?,
                both: sum("both_said")?,
            };
            let correction = Correction {
                trust: labelled.trust(),
                until,
                eta_declared: columns.number("eta", at)?,
                kappa: columns.number("kappa", at)?,
            };
            cells.insert(columns.text("cell", at)?.to_owned(), correction);
        }
    }
    Ok(cells)
}
