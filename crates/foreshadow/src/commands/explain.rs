//! `foreshadow explain`: what happened to one exchange, and why.

use crate::{
    cli::{Explain, Format, Global},
    clock::WallClock,
    commands::check,
    outcome::{Outcome, print},
    plain,
    warehouse::look,
};
use anyhow::{Result, bail};
use exchange::{Clock, ExchangeId};
use report::{Format as Rows, Limits, Warehouse, render_rows};
use serde_json::{Map, Value};

/// What is asked of the lake, in the order in which it happened. An id is a UUID, so it may stand
/// in a query.
const QUESTIONS: [(&str, &str); 5] = [
    (
        "exchange",
        "SELECT observed_at, category, category_source, tenant, conversation, model, served_by, \
         route, policy_version, status, capture, input_tokens, output_tokens, usage_source, \
         cost_usd, unused_candidate, unused_why, unused_status, unused_input_tokens, \
         unused_output_tokens, unused_usage_source, unused_cost_usd, latency_ms, ttft_ms, \
         proxy_instance, offer_seq \
         FROM exchanges WHERE exchange_id = '{id}'",
    ),
    (
        "assignments",
        "SELECT arm, candidate, cell, pi, sampled, ineligible_reason, withheld_reason \
         FROM assignments WHERE exchange_id = '{id}' ORDER BY arm, candidate",
    ),
    (
        "shadows",
        "SELECT arm, candidate, model, status, fault, error, blocked, translation, \
         loss, reference_loss, control_loss, \
         verdict_reason, cost_usd, latency_ms, finish_reason \
         FROM shadows WHERE exchange_id = '{id}' ORDER BY arm, candidate",
    ),
    (
        "scores",
        "SELECT arm, candidate, scorer, trial, kind, value, abstained, reason \
         FROM scores WHERE exchange_id = '{id}' ORDER BY candidate, arm, scorer, trial",
    ),
    (
        "calls",
        "SELECT purpose, model, attempt, status, error, cost_usd, latency_ms \
         FROM calls WHERE exchange_id = '{id}' ORDER BY started_at, purpose, model, attempt",
    ),
];

pub(crate) async fn run(global: &Global, args: &Explain) -> Result<Outcome> {
    let place = match check::place(global)? {
        Ok(place) => place,
        Err(outcome) => return Ok(outcome),
    };
    let look = look(&place, WallClock.now(), Limits::default()).await?;
    let Some(sections) = sections(&look.warehouse, args.exchange).await? else {
        bail!("{}", unknown(args.exchange));
    };
    if global.format == Some(Format::Json) {
        print(&format!("{}\n", serde_json::to_string_pretty(&sections)?));
    } else {
        print(&in_words(&sections));
    }
    Ok(Outcome::Done)
}

/// What the lake knows of an exchange, question by question; `None` if it never heard of it.
pub(crate) async fn sections(
    warehouse: &Warehouse,
    id: ExchangeId,
) -> Result<Option<Map<String, Value>>> {
    let mut sections = Map::new();
    for (title, question) in QUESTIONS {
        let (schema, batches) = warehouse.ask(&question.replace("{id}", &id.to_string())).await?;
        let rows: usize = batches.iter().map(|batch| batch.num_rows()).sum();
        if sections.is_empty() && rows == 0 {
            return Ok(None);
        }
        let json = render_rows(&schema, &batches, Rows::Json)?;
        sections.insert(title.to_owned(), serde_json::from_slice(&json)?);
    }
    Ok(Some(sections))
}

/// Why there may be nothing to explain.
pub(crate) fn unknown(id: ExchangeId) -> String {
    format!(
        "the lake has no exchange {id}: it may not have reached the tables yet, or its mirror copy \
         was shed (the report's accounting says how many were)"
    )
}

fn in_words(sections: &Map<String, Value>) -> String {
    let mut text = String::new();
    // A map of JSON has an order of its own.
    for (title, _) in QUESTIONS {
        text += &format!("{title}\n");
        let rows = sections.get(title).and_then(Value::as_array);
        let rows = rows.map(Vec::as_slice).unwrap_or_default();
        if rows.is_empty() {
            text += "  nothing\n";
        }
        for row in rows {
            let fields = row.as_object().into_iter().flatten();
            let known = fields.filter(|(_, value)| !value.is_null());
            let words: Vec<_> =
                known.map(|(name, value)| format!("{name} {}", plain(value))).collect();
            text += &format!("  {}\n", words.join(" · "));
        }
    }
    text
}

fn plain(value: &Value) -> String {
    // A model's words are in reasons and errors.
    plain::one_line(&value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))
}
