//! The calls on which a candidate and its reference differ most: what a person should look at first.
//!
//! An exchange in which anything was redacted is never among them, and of the others only a bounded
//! beginning is shown, without control characters.

use crate::{Error, Texts, Warehouse, read::Columns, sql, texts::excerpt};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Disagreements that are shown of a cell.
pub const DISAGREEMENTS_MAX: usize = 5;
/// Characters that are shown of a call, of a reply, and of a reason.
pub const EXCERPT_CHARS_MAX: usize = 300;
/// Disagreements of a cell that are looked at, worst first, until enough may be shown.
pub(crate) const LOOKED_AT_MAX: usize = 20;

/// One call that the candidate answered worse than the reference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Disagreement {
    /// The exchange, for `foreshadow explain`.
    pub exchange_id: String,
    /// The loss of the candidate's reply.
    pub loss: f64,
    /// The loss of the reference's, where the mode asks for it.
    pub reference_loss: Option<f64>,
    /// Why the verdict is what it is.
    pub reason: Option<String>,
    /// What was said; `None` where the bodies were not kept or not understood.
    pub said: Option<Said>,
}

/// The beginnings of what was said.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Said {
    /// The last turn of the call.
    pub asked: String,
    /// The reference's reply.
    pub reference: String,
    /// The candidate's.
    pub candidate: String,
}

/// The worst disagreements of some cells.
pub(super) async fn worst(
    warehouse: &Warehouse,
    cells: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Vec<Disagreement>>, Error> {
    let mut worst: BTreeMap<String, Vec<Disagreement>> = BTreeMap::new();
    for batch in warehouse.rows(&sql::disagreements(warehouse.as_of())).await? {
        let columns = Columns::of("shadows", &batch);
        for at in 0..batch.num_rows() {
            let cell = columns.text("cell", at)?;
            if !cells.contains(cell) {
                continue;
            }
            let reason = columns.text_or_null("verdict_reason", at)?;
            worst.entry(cell.to_owned()).or_default().push(Disagreement {
                exchange_id: columns.text("exchange_id", at)?.to_owned(),
                loss: columns.known_number("loss", at)?,
                reference_loss: columns.number("reference_loss", at)?,
                reason: reason.map(|reason| excerpt(reason, EXCERPT_CHARS_MAX)),
                said: None,
            });
        }
    }
    for (cell, found) in &mut worst {
        let mut told = said(warehouse, cell, found).await?;
        found.retain_mut(|one| match told.remove(&one.exchange_id) {
            Some(said) => {
                one.said = said;
                true
            }
            None => false,
        });
        found.truncate(DISAGREEMENTS_MAX);
    }
    Ok(worst)
}

/// What was said in those that may be shown.
async fn said(
    warehouse: &Warehouse,
    cell: &str,
    found: &[Disagreement],
) -> Result<BTreeMap<String, Option<Said>>, Error> {
    let ids: Vec<&str> = found.iter().map(|one| one.exchange_id.as_str()).collect();
    let mut told = BTreeMap::new();
    for batch in warehouse.rows(&sql::disagreement_texts(&ids)).await? {
        let columns = Columns::of("disagreement_texts", &batch);
        for at in 0..batch.num_rows() {
            if columns.text_or_null("cell", at)? != Some(cell) {
                continue;
            }
            let text = |column| columns.text_or_null(column, at);
            let texts = match (text("request")?, text("response")?, text("reply")?) {
                (Some(request), Some(response), Some(reply)) => {
                    Texts::read(request, response, reply)
                }
                (_, _, _) => None,
            };
            told.insert(columns.text("exchange_id", at)?.to_owned(), texts.as_ref().map(Said::of));
        }
    }
    Ok(told)
}

impl Said {
    fn of(texts: &Texts) -> Self {
        let asked = texts.call.transcript.last().map_or("", |(_, text)| text.as_str());
        let reply = |reply| excerpt(&score::judge::reply_text(reply), EXCERPT_CHARS_MAX);
        Self {
            asked: excerpt(asked, EXCERPT_CHARS_MAX),
            reference: reply(&texts.reference),
            candidate: reply(&texts.candidate),
        }
    }
}
