//! How the calls of every cell were said to its candidate: what translations lost of them.

use crate::{Error, Warehouse, read::Columns, sql};
use policy::gate::{Lost, Translations};
use std::collections::BTreeMap;

/// The translations of every cell that asked its candidate anything.
pub(crate) async fn translations(
    warehouse: &Warehouse,
) -> Result<BTreeMap<String, Translations>, Error> {
    let mut cells: BTreeMap<String, Translations> = BTreeMap::new();
    for batch in warehouse.rows("SELECT cell, asked, lossy FROM translations").await? {
        let columns = Columns::of("translations", &batch);
        for at in 0..batch.num_rows() {
            let (asked, lossy) = (columns.count("asked", at)?, columns.count("lossy", at)?);
            let translations = Translations { asked, lossy, lost: Vec::new() };
            cells.insert(columns.text("cell", at)?.to_owned(), translations);
        }
    }
    for batch in warehouse.rows(&sql::most_lost()).await? {
        let columns = Columns::of("lost", &batch);
        for at in 0..batch.num_rows() {
            let Some(cell) = cells.get_mut(columns.text("cell", at)?) else { continue };
            let what = columns.text("lost", at)?.to_owned();
            cell.lost.push(Lost { what, calls: columns.count("calls", at)? });
        }
    }
    Ok(cells)
}
