//! Evidence: what is formed of the tables, and the mathematics of `confidence` over it.
//!
//! The units of every cell arrive in the order in which their conversations closed and are folded
//! once: into the histogram (which does not care for the order) and the drift detector (which does).

mod fold;

use crate::{
    Error,
    formed::{Formed, Forming},
    read::Columns,
    sql,
};
use confidence::{Evidence, judge};
use datafusion::execution::context::SessionContext;
use exchange::Timestamp;
use fold::Fold;
use std::collections::BTreeMap;

/// What every cell's units say, in the order of the cells' names.
///
/// # Errors
/// [`Error::Query`] if the lake cannot be read, [`Error::Evidence`] if it holds a loss outside its
/// declared range.
pub(crate) async fn evidence_of(
    session: &SessionContext,
    forming: &Forming,
) -> Result<Vec<Evidence>, Error> {
    let as_of = forming.as_of();
    let mut folds = cells(session, as_of).await?;
    let formed = forming.formed(session).await?;
    add_units(formed, &mut folds).await?;
    add_sampler(formed, &mut folds).await?;
    add_coverage(formed, &mut folds).await?;
    add_noise_floor(session, as_of, &mut folds).await?;
    add_unseen(session, as_of, &mut folds).await?;
    add_calibration(session, as_of, &mut folds).await?;
    folds.into_values().map(Fold::finish).collect()
}

type Folds = BTreeMap<String, Fold>;

const CELLS: &str = "SELECT cell, category, candidate, CAST(epoch AS BIGINT) AS epoch, mode, tau, \
    loss_lo, loss_hi, family_weight, CAST(restarts AS BIGINT) AS restarts FROM opened_cells \
    WHERE opened_at <= ";

async fn cells(session: &SessionContext, as_of: Timestamp) -> Result<Folds, Error> {
    let mut folds = Folds::new();
    let text = format!("{CELLS} TIMESTAMP '{as_of}'");
    for batch in session.sql(&text).await?.collect().await? {
        let columns = Columns::of("cells", &batch);
        for at in 0..batch.num_rows() {
            let fold = Fold::open(&columns, at, as_of)?;
            folds.insert(fold.cell().to_owned(), fold);
        }
    }
    Ok(folds)
}

const UNITS: &str = "SELECT cell, tenant, weight, loss, request_weight, request_loss, lost, counted, \
    CAST(date_part('epoch', closed_at) * 1000000 AS BIGINT) AS closed_us \
    FROM all_units ORDER BY cell, closed_at, conversation";

async fn add_units(formed: &Formed, folds: &mut Folds) -> Result<(), Error> {
    for batch in formed.ask_of_cells(&sql::of_all_units(UNITS)).await? {
        let columns = Columns::of("units", &batch);
        for at in 0..batch.num_rows() {
            if let Some(fold) = folds.get_mut(columns.text("cell", at)?) {
                fold.add_unit(&columns, at)?;
            }
        }
    }
    Ok(())
}

async fn add_sampler(formed: &Formed, folds: &mut Folds) -> Result<(), Error> {
    for batch in formed.ask(sql::SAMPLER).await?.collect().await? {
        let columns = Columns::of("sampler", &batch);
        for at in 0..batch.num_rows() {
            if let Some(fold) = folds.get_mut(columns.text("cell", at)?) {
                fold.add_sampler(&columns, at)?;
            }
        }
    }
    Ok(())
}

async fn add_coverage(formed: &Formed, folds: &mut Folds) -> Result<(), Error> {
    for batch in formed.ask("SELECT * FROM funnel").await?.collect().await? {
        let columns = Columns::of("funnel", &batch);
        for at in 0..batch.num_rows() {
            if let Some(fold) = folds.get_mut(columns.text("cell", at)?) {
                fold.add_outcome(&columns, at)?;
            }
        }
    }
    Ok(())
}

async fn add_noise_floor(
    session: &SessionContext,
    as_of: Timestamp,
    folds: &mut Folds,
) -> Result<(), Error> {
    let text = sql::noise_floor(as_of);
    for batch in session.sql(&text).await?.collect().await? {
        let columns = Columns::of("shadows", &batch);
        for at in 0..batch.num_rows() {
            if let Some(fold) = folds.get_mut(columns.text("cell", at)?) {
                fold.set_noise_floor(columns.known_number("noise_floor", at)?);
            }
        }
    }
    Ok(())
}

/// What resting on a measured judge costs. Where nobody labelled, there is nothing to look for.
async fn add_calibration(
    session: &SessionContext,
    as_of: Timestamp,
    folds: &mut Folds,
) -> Result<(), Error> {
    let is_judged = folds.values().any(Fold::is_judged);
    if !is_judged || session.table("labels").await?.limit(0, Some(1))?.count().await? == 0 {
        return Ok(());
    }
    for batch in session.sql(&sql::measured(as_of)).await?.collect().await? {
        let columns = Columns::of("measured", &batch);
        for at in 0..batch.num_rows() {
            if let Some(fold) = folds.get_mut(columns.text("cell", at)?) {
                fold.set_alpha_c(judge::ALPHA);
            }
        }
    }
    Ok(())
}

async fn add_unseen(
    session: &SessionContext,
    as_of: Timestamp,
    folds: &mut Folds,
) -> Result<(), Error> {
    for batch in session.sql(&sql::unseen(as_of)).await?.collect().await? {
        let columns = Columns::of("meters", &batch);
        for at in 0..batch.num_rows() {
            let share = columns.known_number("unseen", at)?;
            folds.values_mut().for_each(|fold| fold.set_unseen(share));
        }
    }
    Ok(())
}
