//! What became of the calls of some days: the losses of their replies or whose fault a failure is,
//! whether a control was asked, how long their prompts were.

use super::{
    cells::{Cells, each},
    entered::Losses,
    names::Names,
};
use crate::{Error, read::Columns, sql};
use arrow::array::{Array, ArrowPrimitiveType, BooleanArray, PrimitiveArray};
use datafusion::{common::Result, execution::context::SessionContext};
use exchange::Timestamp;
use std::collections::{HashMap, HashSet};

/// By exchange, of some days.
#[derive(Default)]
pub(super) struct Became {
    exchanges: Names,
    answers: HashMap<(u32, u32), Answer>,
    faults: Names,
    controls: HashSet<u32>,
    slices: HashMap<u32, i64>,
}

/// What a candidate's asking came to.
#[derive(Clone, Copy, Debug, Default)]
struct Answer {
    losses: Losses,
    is_there: bool,
    fault: Option<u32>,
}

/// A call's reply, as far as it is known.
pub(super) enum Reply<'a> {
    /// It is still out.
    Pending,
    /// There is none, and whose fault that is.
    Failed(&'a str),
    /// It is there.
    There,
}

impl Became {
    /// As known at a moment; `days` has no other days' rows.
    pub(super) async fn of(days: &SessionContext, as_of: Timestamp, cells: &Cells) -> Result<Self> {
        let mut became = Self::default();
        each(days, &sql::answers(as_of), |rows| became.add_answers(rows, cells)).await?;
        each(days, sql::CONTROLS, |rows| became.add_controls(rows)).await?;
        each(days, sql::LENGTHS, |rows| became.add_lengths(rows)).await?;
        Ok(became)
    }

    fn add_answers(&mut self, rows: &Columns, cells: &Cells) -> Result<(), Error> {
        let (exchange, cell) = (rows.texts("exchange_id")?, rows.texts("cell")?);
        let (is_there, is_decided) = (rows.flags("is_there")?, rows.flags("is_decided")?);
        let (fault, candidate) = (rows.texts("fault")?, rows.numbers("loss")?);
        let (reference, control) = (rows.numbers("reference_loss")?, rows.numbers("control_loss")?);
        for at in 0..rows.rows() {
            let Some(cell) = cells.known(cell.value(at)) else { continue };
            let at_fault = fault.is_valid(at).then(|| fault.value(at));
            let losses = Losses {
                candidate: known(candidate, at),
                reference: known(reference, at),
                control: known(control, at),
                failed: at_fault.is_some_and(|fault| matches!(fault, "candidate" | "provider")),
            };
            losses.check().map_err(|source| cells.refused(cell, source))?;
            let answer = Answer {
                losses: if is_set(is_decided, at) { losses } else { Losses::default() },
                is_there: is_set(is_there, at),
                fault: at_fault.map(|fault| self.faults.number(fault)),
            };
            let id = exchange.value(at);
            if self.answers.insert((self.exchanges.number(id), cell), answer).is_some() {
                return Err(cells.twice("shadows", cell, id));
            }
        }
        Ok(())
    }

    fn add_controls(&mut self, rows: &Columns) -> Result<(), Error> {
        for id in rows.texts("exchange_id")?.iter().flatten() {
            if !self.controls.insert(self.exchanges.number(id)) {
                return Err(twice("assignments", id));
            }
        }
        Ok(())
    }

    fn add_lengths(&mut self, rows: &Columns) -> Result<(), Error> {
        let (exchange, tokens) = (rows.texts("exchange_id")?, rows.wholes("input_tokens")?);
        for at in 0..rows.rows() {
            let id = exchange.value(at);
            let slice = slice_from(known(tokens, at));
            if self.slices.insert(self.exchanges.number(id), slice).is_some() {
                return Err(twice("exchanges", id));
            }
        }
        Ok(())
    }

    /// An exchange's number here.
    pub(super) fn exchange(&self, id: &str) -> Option<u32> {
        self.exchanges.known(id)
    }

    /// What the asking of a cell's candidate came to.
    pub(super) fn reply(&self, exchange: Option<u32>, cell: u32) -> Reply<'_> {
        match self.answer(exchange, cell) {
            Answer { is_there: false, .. } => Reply::Pending,
            Answer { fault: Some(fault), .. } => Reply::Failed(self.faults.text(fault)),
            Answer { fault: None, .. } => Reply::There,
        }
    }

    /// The losses of a cell's call, as far as they are decided.
    pub(super) fn losses(&self, exchange: Option<u32>, cell: u32) -> Losses {
        self.answer(exchange, cell).losses
    }

    fn answer(&self, exchange: Option<u32>, cell: u32) -> Answer {
        exchange
            .and_then(|exchange| self.answers.get(&(exchange, cell)))
            .copied()
            .unwrap_or_default()
    }

    /// Whether the reference was asked again.
    pub(super) fn has_control(&self, exchange: Option<u32>) -> bool {
        exchange.is_some_and(|exchange| self.controls.contains(&exchange))
    }

    /// The slice that a call's prompt is in.
    pub(super) fn slice_from(&self, exchange: Option<u32>) -> i64 {
        let known = exchange.and_then(|exchange| self.slices.get(&exchange));
        known.copied().unwrap_or_else(|| slice_from(None))
    }
}

/// The error of a call that has two rows where every cell that saw it would count both.
fn twice(table: &'static str, exchange: &str) -> Error {
    Error::Twice { table, cell: "every cell".to_owned(), exchange: exchange.to_owned() }
}

/// The least length of the slice that a prompt is in, in tokens; -1 where it is not known
/// (`sql/parts.sql`).
fn slice_from(tokens: Option<i64>) -> i64 {
    match tokens {
        None => -1,
        Some(..=128) => 0,
        Some(..=512) => 129,
        Some(..=2048) => 513,
        Some(..=8192) => 2049,
        Some(_) => 8193,
    }
}

/// A row's value, if it has one.
pub(super) fn known<T: ArrowPrimitiveType>(of: &PrimitiveArray<T>, at: usize) -> Option<T::Native> {
    of.is_valid(at).then(|| of.value(at))
}

/// Whether a row's flag is set; one that is not known is not.
pub(super) fn is_set(of: &BooleanArray, at: usize) -> bool {
    of.is_valid(at) && of.value(at)
}
