//! One cell day by day: what each day's conversations were worth, and what all until then say.

use crate::{Error, Warehouse, read::Columns, sql};
use confidence::{Evidence, Histogram, Level, Tolerance, Unit, family, process};
use exchange::Date;
use serde::Serialize;
use std::collections::BTreeMap;

/// Days that are told one by one, the latest ones; earlier ones are in what all until then say.
pub const DAYS_MAX: usize = 60;

/// The conversations that closed on one day, and all until its end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DayQuality {
    /// The day, UTC.
    pub day: Date,
    /// The conversations.
    pub units: u64,
    /// Their mean quality.
    pub quality: f64,
    /// What all conversations until the end of the day say.
    pub so_far: SoFar,
}

/// What the evidence said at the end of a day, of the conversations that are counted today.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SoFar {
    /// Conversations counted.
    pub units: u64,
    /// Their mean quality.
    pub quality: Option<f64>,
    /// Lower bound on it, valid whenever one looks.
    pub quality_lower: f64,
    /// Upper bound on it.
    pub quality_upper: f64,
    /// Confidence after the family and the restarts were paid for.
    pub confidence_adj: f64,
}

/// One day of a cell: its units, equal ones counted together.
#[derive(Clone, Debug, Default)]
pub(super) struct Day {
    mean: Option<f64>,
    units: Vec<(Unit, u64)>,
}

/// The days of one cell.
pub(super) type Days = BTreeMap<Date, Day>;

const UNITS: &str = "SELECT cell, CAST(closed_at AS DATE) AS day, weight, loss, count(*) AS units \
    FROM units GROUP BY cell, CAST(closed_at AS DATE), weight, loss ORDER BY cell, day, weight, loss";

/// The days of every cell.
pub(super) async fn days(warehouse: &Warehouse) -> Result<BTreeMap<String, Days>, Error> {
    let mut cells: BTreeMap<String, Days> = BTreeMap::new();
    let formed = warehouse.formed().await?;
    for batch in formed.ask_of_cells(sql::QUALITY_BY_DAY).await? {
        let columns = Columns::of("quality_by_day", &batch);
        for at in 0..batch.num_rows() {
            let days = cells.entry(columns.text("cell", at)?.to_owned()).or_default();
            let mean = Some(columns.known_number("quality", at)?);
            days.insert(columns.date("day", at)?, Day { mean, units: Vec::new() });
        }
    }
    for batch in formed.ask_of_cells(UNITS).await? {
        let columns = Columns::of("units", &batch);
        for at in 0..batch.num_rows() {
            let days = cells.entry(columns.text("cell", at)?.to_owned()).or_default();
            let weight = columns.known_number("weight", at)?;
            let weighted_loss = weight * columns.known_number("loss", at)?;
            let day = days.entry(columns.date("day", at)?).or_default();
            day.units.push((Unit { weight, weighted_loss }, columns.count("units", at)?));
        }
    }
    Ok(cells)
}

/// Each day with what all until its end say. Whatever is counted today is counted in its day: that
/// a reply came late does not show.
pub(super) fn told(evidence: &Evidence, days: &Days) -> Result<Vec<DayQuality>, Error> {
    let refuse = |source| Error::Evidence { cell: evidence.cell.clone(), source };
    let tolerance = Tolerance::new(evidence.tau, evidence.loss_lo, evidence.loss_hi);
    let tolerance = tolerance.map_err(refuse)?;
    let (mut histogram, mut weight, mut loss) = (Histogram::new(), 0.0, 0.0);
    let mut told = Vec::new();
    for (place, (day, of)) in days.iter().enumerate() {
        for &(unit, count) in &of.units {
            histogram.add_many(unit, count, tolerance.range()).map_err(refuse)?;
            weight += unit.weight * count as f64;
            loss += unit.weighted_loss * count as f64;
        }
        let (Some(quality), true) = (of.mean, place + DAYS_MAX >= days.len()) else { continue };
        let summary = process::summarize(&histogram, tolerance, Level::FIVE_PERCENT, 0.0);
        let (share, restarts) = (evidence.family_weight, evidence.restarts);
        let adjusted = family::adjusted_log_e(summary.log_e, share, restarts);
        told.push(DayQuality {
            day: *day,
            units: of.units.iter().map(|(_, count)| count).sum(),
            quality,
            so_far: SoFar {
                units: summary.units,
                quality: (weight > 0.0).then(|| 1.0 - loss / weight),
                quality_lower: summary.accept_lower,
                quality_upper: summary.accept_upper,
                confidence_adj: process::confidence(adjusted, evidence.alpha_c),
            },
        });
    }
    Ok(told)
}
