//! Which pairs wait for a label, and what they say.

use crate::{cli::LabelChoice, plain};
use anyhow::{Context, Result};
use exchange::ExchangeId;
use policy::label::{Shown, Unlabelled, by_worth};
use report::{Format, Warehouse, render_rows};
use score::judge::{call_text, reply_text};
use serde::{Deserialize, de::DeserializeOwned};
use std::collections::{BTreeMap, HashMap};

/// Pairs that are looked at for an order; the newest where there are more.
const PAIRS_MAX: usize = 50_000;
/// Pairs whose texts are read at once.
pub(super) const TEXTS_MAX: usize = 20;

/// Everything with two replies and no label on the candidate's.
const WAITING: &str = "SELECT DISTINCT s.exchange_id, s.candidate, c.category, \
    CASE WHEN a.audited AND a.sampled THEN a.audit_prob END AS audit_prob, s.loss, s.reference_loss \
    FROM shadows s JOIN opened_cells c ON c.cell = s.cell \
    LEFT JOIN assignments a ON a.exchange_id = s.exchange_id AND a.cell = s.cell \
         AND a.arm = 'candidate' \
    LEFT JOIN (SELECT exchange_id AS labelled_id, candidate AS labelled FROM labels \
               WHERE arm = 'candidate') l \
         ON l.labelled_id = s.exchange_id AND l.labelled = s.candidate \
    WHERE s.arm = 'candidate' AND s.fault IS NULL AND s.response IS NOT NULL \
      AND l.labelled_id IS NULL \
    ORDER BY s.exchange_id DESC, s.candidate, audit_prob NULLS LAST";

const LABELLED: &str = "SELECT c.category, count(*) AS labels FROM labels l \
    JOIN assignments a ON a.exchange_id = l.exchange_id AND a.candidate = l.candidate \
    JOIN opened_cells c ON c.cell = a.cell \
    WHERE l.arm = 'candidate' AND a.audited GROUP BY c.category";

/// The two replies of a pair and their call, as text, A first; harmless for a terminal only once
/// [`plain`] made them so.
#[derive(Clone, Debug)]
pub(super) struct Texts {
    pub(super) call: String,
    pub(super) replies: [String; 2],
}

#[derive(Deserialize)]
struct WaitingRow {
    exchange_id: ExchangeId,
    candidate: String,
    category: String,
    audit_prob: Option<f64>,
    loss: Option<f64>,
    reference_loss: Option<f64>,
}

#[derive(Deserialize)]
struct LabelledRow {
    category: String,
    labels: u64,
}

#[derive(Deserialize)]
struct TextsRow {
    exchange_id: ExchangeId,
    candidate: String,
    request: Option<String>,
    response: Option<String>,
    reply: Option<String>,
}

/// The pairs that wait, in the order in which a label of them buys most.
pub(super) async fn waiting(
    warehouse: &Warehouse,
    choice: &LabelChoice,
) -> Result<Vec<Unlabelled>> {
    let rows: Vec<WaitingRow> = ask(warehouse, &format!("{WAITING} LIMIT {PAIRS_MAX}")).await?;
    let mut pairs: Vec<Unlabelled> = Vec::with_capacity(rows.len());
    for row in rows {
        // A reply may stand in several cells; the drawn one was sorted first.
        let again =
            |last: &Unlabelled| last.exchange == row.exchange_id && last.candidate == row.candidate;
        if pairs.last().is_some_and(again) {
            continue;
        }
        let WaitingRow { exchange_id: exchange, candidate, category, .. } = row;
        let (audit_prob, loss, reference_loss) = (row.audit_prob, row.loss, row.reference_loss);
        pairs.push(Unlabelled { exchange, candidate, category, audit_prob, loss, reference_loss });
    }
    if let Some(category) = &choice.category {
        pairs.retain(|pair| pair.category == *category);
    }
    let labelled: Vec<LabelledRow> = ask(warehouse, LABELLED).await?;
    let labelled: BTreeMap<String, u64> =
        labelled.into_iter().map(|row| (row.category, row.labels)).collect();
    let mut pairs = by_worth(pairs, &labelled);
    pairs.truncate(choice.limit);
    Ok(pairs)
}

/// The texts of at most [`TEXTS_MAX`] pairs, in their order; `None` where they are not stored.
pub(super) async fn texts(
    warehouse: &Warehouse,
    pairs: &[Unlabelled],
) -> Result<Vec<Option<Texts>>> {
    // Ids are UUIDs, so they may stand in a query.
    let ids: Vec<String> = pairs.iter().map(|pair| format!("'{}'", pair.exchange)).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids.join(", ");
    let rows: Vec<TextsRow> = ask(
        warehouse,
        &format!(
            "SELECT s.exchange_id, s.candidate, e.request, e.response, s.response AS reply \
             FROM shadows s JOIN exchanges e ON e.exchange_id = s.exchange_id \
             WHERE s.arm = 'candidate' AND s.fault IS NULL AND s.response IS NOT NULL \
               AND s.exchange_id IN ({ids}) AND e.exchange_id IN ({ids})"
        ),
    )
    .await?;
    let mut known: HashMap<(ExchangeId, String), TextsRow> = HashMap::new();
    for row in rows {
        known.entry((row.exchange_id, row.candidate.clone())).or_insert(row);
    }
    let texts = pairs.iter().map(|pair| {
        let row = known.get(&(pair.exchange, pair.candidate.clone()))?;
        read(row, pair.shown())
    });
    Ok(texts.collect())
}

/// What a person is to see is what a judge would.
fn read(row: &TextsRow, shown: Shown) -> Option<Texts> {
    let (request, response) = (row.request.as_deref()?, row.response.as_deref()?);
    let texts = report::Texts::read(request, response, row.reply.as_deref()?)?;
    let mut replies = [reply_text(&texts.reference), reply_text(&texts.candidate)];
    if shown == Shown::CandidateFirst {
        replies.reverse();
    }
    Some(Texts { call: call_text(&texts.call), replies })
}

impl Texts {
    /// The texts as a terminal may show them.
    pub(super) fn plain(&self) -> Self {
        Self {
            call: plain::lines(&self.call),
            replies: self.replies.each_ref().map(|reply| plain::lines(reply)),
        }
    }
}

async fn ask<Row: DeserializeOwned>(warehouse: &Warehouse, text: &str) -> Result<Vec<Row>> {
    let (schema, batches) = warehouse.ask(text).await?;
    let json = render_rows(&schema, &batches, Format::Json)?;
    serde_json::from_slice(&json).context("the lake's answer is not what was asked for")
}
