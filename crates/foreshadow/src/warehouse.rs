//! One look at a deployment's lake, for every command that asks it something.

use crate::{clock::WallClock, place::Place};
use anyhow::{Result, bail};
use exchange::{Clock, Timestamp};
use lake::Table;
use report::{Limits, Warehouse};
use std::collections::BTreeMap;

/// A look, and the versions of the tables that it sees.
pub(crate) struct Look {
    pub(crate) warehouse: Warehouse,
    pub(crate) versions: BTreeMap<String, u64>,
}

/// The moment that a person asked to look from; now, unless they named one. What is still to come
/// is refused: from there every reply that is out would seem overdue.
pub(crate) fn moment(as_of: Option<Timestamp>) -> Result<Timestamp> {
    let now = WallClock.now();
    match as_of {
        Some(as_of) if as_of > now => bail!("--as-of {as_of} is still to come: it is {now} now"),
        Some(as_of) => Ok(as_of),
        None => Ok(now),
    }
}

/// Looks at the lake as of a moment.
pub(crate) async fn look(place: &Place, as_of: Timestamp, limits: Limits) -> Result<Look> {
    let lake = place.lake();
    let known = lake.versions().await?;
    if known.is_empty() {
        bail!(
            "there is no lake in {}: start `foreshadow up` with the same --data, or try \
             `foreshadow demo`",
            place.shared()
        );
    }
    let mut versions = BTreeMap::new();
    let mut tables = Vec::new();
    for table in Table::ALL {
        let version = known.get(&table).copied();
        tables.push((table.name().to_owned(), lake.provider(table, version).await?));
        if let Some(version) = version.and_then(|version| u64::try_from(version).ok()) {
            versions.insert(table.name().to_owned(), version);
        }
    }
    Ok(Look { warehouse: Warehouse::over(tables, as_of, limits).await?, versions })
}
