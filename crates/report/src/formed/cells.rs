//! What units need beside the calls, for all days: what cells were opened with, what was declared
//! for their days, and what people said.

use super::{
    became::known,
    entered::{Block, Terms},
    names::Names,
};
use crate::{Error, by_day::external, read::Columns, sql};
use confidence::Mode;
use datafusion::{common::Result, execution::context::SessionContext};
use exchange::Timestamp;
use futures::StreamExt;
use std::collections::HashMap;

/// The cells, by number.
#[derive(Default)]
pub(super) struct Cells {
    names: Names,
    terms: Vec<Terms>,
    blocks: HashMap<(u32, i32), Block>,
    candidates: Names,
    exchanges: Names,
    labels: HashMap<(u32, u32), bool>,
}

impl Cells {
    /// As known at a moment.
    pub(super) async fn of(session: &SessionContext, as_of: Timestamp) -> Result<Self> {
        let mut cells = Self::default();
        each(session, sql::TERMS, |rows| cells.add_terms(rows)).await?;
        each(session, sql::BLOCKS, |rows| cells.add_blocks(rows)).await?;
        each(session, &sql::labelled(as_of), |rows| cells.add_labels(rows)).await?;
        Ok(cells)
    }

    fn add_terms(&mut self, rows: &Columns) -> Result<(), Error> {
        for at in 0..rows.rows() {
            let name = rows.text("cell", at)?.to_owned();
            let refuse = |source| Error::Evidence { cell: name.clone(), source };
            let mode: Mode = rows.text("mode", at)?.parse().map_err(refuse)?;
            self.names.number(&name);
            self.terms.push(Terms {
                candidate: rows.text("candidate", at)?.to_owned(),
                mode,
                max_wait_s: rows.number("max_wait_s", at)?.unwrap_or(f64::INFINITY),
                loss_hi: rows.known_number("loss_hi", at)?,
                name,
            });
        }
        Ok(())
    }

    fn add_blocks(&mut self, rows: &Columns) -> Result<(), Error> {
        let [eta, a_hat] = [rows.numbers("eta")?, rows.numbers("a_hat")?];
        let [rho, kappa] = [rows.numbers("rho")?, rows.numbers("kappa")?];
        for at in 0..rows.rows() {
            let Some(cell) = self.known(rows.text("cell", at)?) else { continue };
            let block = Block {
                eta: known(eta, at),
                a_hat: known(a_hat, at),
                rho: known(rho, at),
                kappa: known(kappa, at),
            };
            block.check().map_err(|source| self.refused(cell, source))?;
            self.blocks.insert((cell, rows.date("day", at)?.0), block);
        }
        Ok(())
    }

    fn add_labels(&mut self, rows: &Columns) -> Result<(), Error> {
        for at in 0..rows.rows() {
            let (Some(exchange), Some(candidate)) =
                (rows.text_or_null("exchange_id", at)?, rows.text_or_null("candidate", at)?)
            else {
                continue;
            };
            let key = (self.exchanges.number(exchange), self.candidates.number(candidate));
            self.labels.insert(key, rows.flag("acceptable", at)?);
        }
        Ok(())
    }

    /// The number of a cell that was opened.
    pub(super) fn known(&self, cell: &str) -> Option<u32> {
        self.names.known(cell)
    }

    /// What a cell was opened with.
    pub(super) fn terms(&self, cell: u32) -> &Terms {
        &self.terms[cell as usize]
    }

    /// The error of a call that has two rows where it may have one.
    pub(super) fn twice(&self, table: &'static str, cell: u32, exchange: &str) -> Error {
        let cell = self.terms(cell).name.clone();
        Error::Twice { table, cell, exchange: exchange.to_owned() }
    }

    /// The error of a figure that a cell cannot have.
    pub(super) fn refused(&self, cell: u32, source: confidence::Error) -> Error {
        Error::Evidence { cell: self.terms(cell).name.clone(), source }
    }

    /// What was declared for a cell's day.
    pub(super) fn block(&self, cell: u32, day: i32) -> Block {
        self.blocks.get(&(cell, day)).copied().unwrap_or_default()
    }

    /// What the first person said of a reply of a cell's candidate.
    pub(super) fn label(&self, exchange: &str, cell: u32) -> Option<bool> {
        let terms = self.terms(cell);
        if !terms.mode.asks_people() {
            return None;
        }
        let candidate = self.candidates.known(&terms.candidate)?;
        self.labels.get(&(self.exchanges.known(exchange)?, candidate)).copied()
    }
}

/// Shows the answer of a query to `see`, batch by batch.
pub(super) async fn each(
    session: &SessionContext,
    text: &str,
    mut see: impl FnMut(&Columns) -> Result<(), Error>,
) -> Result<()> {
    let mut answer = session.sql(text).await?.execute_stream().await?;
    while let Some(batch) = answer.next().await {
        see(&Columns::of("units", &batch?)).map_err(external)?;
    }
    Ok(())
}
