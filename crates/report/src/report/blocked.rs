//! Replies that a content policy stopped: an outcome of their own.

use crate::{Error, Warehouse, read::Columns};
use serde::Serialize;
use std::collections::BTreeMap;

/// What content policies stopped of a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// Replies of the candidate.
    pub replies: u64,
    /// By whose policy: `filter` of the provider, `refusal` of the model.
    pub by: BTreeMap<String, u64>,
    /// Those of them to whose call the reference's reply was stopped as well.
    pub reference_too: u64,
}

/// What was stopped of every cell of which anything was.
pub(super) async fn blocked(warehouse: &Warehouse) -> Result<BTreeMap<String, Blocked>, Error> {
    let mut cells: BTreeMap<String, Blocked> = BTreeMap::new();
    let text = "SELECT cell, blocked, replies, reference_too FROM blocked";
    for batch in warehouse.rows(text).await? {
        let columns = Columns::of("blocked", &batch);
        for at in 0..batch.num_rows() {
            let cell = cells.entry(columns.text("cell", at)?.to_owned()).or_default();
            let replies = columns.count("replies", at)?;
            cell.by.insert(columns.text("blocked", at)?.to_owned(), replies);
            cell.replies += replies;
            cell.reference_too += columns.count("reference_too", at)?;
        }
    }
    Ok(cells)
}
