//! The watch over what serves: each promoted cell's units since its promotion, in the order in which
//! their conversations closed, through the detectors that warn and demote.
//!
//! It says what it finds; the gate decides. Conversations that the candidate itself served are not
//! among the units: the reference's share of the traffic is what keeps a promoted candidate compared.

use crate::{Error, Rules, Warehouse, read::Columns};
use confidence::{Evidence, LiveWatch, Tolerance, Unit};
use exchange::Timestamp;
use policy::{Promoted, Serving, Watch, promotion::Leave};
use std::{collections::BTreeMap, num::NonZeroU32};

/// A cell whose candidate serves, while its units are read.
struct Watched<'a> {
    promoted: &'a Promoted,
    watch: LiveWatch,
    units: u64,
}

const UNITS: &str = "SELECT cell, weight, loss, \
    CAST(date_part('epoch', closed_at) * 1000000 AS BIGINT) AS closed_us \
    FROM units ORDER BY cell, closed_at, conversation";

/// How every candidate that serves does since it does, by cell.
pub(crate) async fn serving(
    warehouse: &Warehouse,
    rules: &Rules,
    cells: &BTreeMap<(String, String), Evidence>,
) -> Result<BTreeMap<String, Serving>, Error> {
    let promoted = promoted(rules, cells);
    let Some(live) = u32::try_from(promoted.len()).ok().and_then(NonZeroU32::new) else {
        return Ok(BTreeMap::new());
    };
    let mut watched = BTreeMap::new();
    for (cell, promoted) in promoted {
        let watch = watch(cell, promoted, live)
            .map_err(|source| Error::Evidence { cell: cell.cell.clone(), source })?;
        watched.insert(cell.cell.clone(), Watched { promoted, watch, units: 0 });
    }
    for batch in warehouse.formed().await?.ask_of_cells(UNITS).await? {
        let columns = Columns::of("units", &batch);
        for at in 0..batch.num_rows() {
            let name = columns.text("cell", at)?;
            if let Some(watched) = watched.get_mut(name) {
                watched.take(name, &columns, at)?;
            }
        }
    }
    Ok(watched.into_iter().map(|(cell, watched)| (cell, watched.into())).collect())
}

/// The current cell of each candidate that serves.
fn promoted<'a>(
    rules: &'a Rules,
    cells: &'a BTreeMap<(String, String), Evidence>,
) -> Vec<(&'a Evidence, &'a Promoted)> {
    let candidates = rules.categories.iter().flat_map(|category| {
        category.candidates.iter().map(move |candidate| (&category.category, candidate))
    });
    let of = candidates.filter_map(|(category, candidate)| {
        let cell = cells.get(&(category.clone(), candidate.candidate.clone()))?;
        Some((cell, candidate.serving.as_ref()?))
    });
    of.collect()
}

/// The detectors of one cell; `live` of them share the rate of false demotions. Where nothing is
/// known of what was shown at the promotion, or it leaves no class, a warning is about the bar.
fn watch(
    cell: &Evidence,
    promoted: &Promoted,
    live: NonZeroU32,
) -> Result<LiveWatch, confidence::Error> {
    let tolerance = Tolerance::new(cell.tau, cell.loss_lo, cell.loss_hi)?;
    promoted
        .loss_upper
        .and_then(|shown| LiveWatch::new(tolerance, shown, live).ok())
        .map_or_else(|| LiveWatch::new(tolerance, cell.tau, live), Ok)
}

impl Watched<'_> {
    fn take(&mut self, cell: &str, columns: &Columns, at: usize) -> Result<(), Error> {
        if Timestamp(columns.whole("closed_us", at)?) <= self.promoted.since {
            return Ok(());
        }
        let weight = columns.known_number("weight", at)?;
        let weighted_loss = weight * columns.known_number("loss", at)?;
        let refuse = |source| Error::Evidence { cell: cell.to_owned(), source };
        self.watch.update(Unit { weight, weighted_loss }).map_err(refuse)?;
        self.units += 1;
        Ok(())
    }
}

impl From<Watched<'_>> for Serving {
    fn from(watched: Watched<'_>) -> Self {
        let Watched { promoted, watch, units } = watched;
        let says = match promoted.leave {
            Leave::Given => Watch::Says(watch.signal()),
            Leave::Overruled => Watch::Overruled,
        };
        Self { stage: promoted.stage, since: promoted.since, units, watch: says }
    }
}
