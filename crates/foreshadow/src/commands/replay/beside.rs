//! A replayed candidate beside the reference and the other candidates, each on the calls that both
//! answered.

use crate::{clock::WallClock, place::Place, warehouse::look};
use anyhow::Result;
use exchange::{Clock, NanoUsd};
use pipeline::Pipeline;
use report::{Format, Limits, Warehouse, render_rows};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use shadow::Replay;

/// What the cell's closed conversations say.
const ITSELF: &str = "SELECT units, pending, quality, quality_lower, quality_upper, confidence \
    FROM evidence WHERE cell = {cell}";

/// The replies of the cell beside the reference's to the same calls.
const REFERENCE: &str = "SELECT count(*) AS calls, avg(1.0 - s.loss) AS quality, \
    avg(1.0 - s.reference_loss) AS other_quality, \
    CAST(sum(s.cost_usd) AS VARCHAR) AS usd, CAST(sum(e.cost_usd) AS VARCHAR) AS other_usd, \
    approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY s.latency_ms) AS latency_ms, \
    approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY e.latency_ms) AS other_latency_ms, \
    count(s.fault) AS failed \
    FROM shadows s JOIN exchanges e ON e.exchange_id = s.exchange_id \
    WHERE s.cell = {cell} AND s.arm = 'candidate'";

/// Beside another candidate's, by the definition that the pipeline has of it now.
const OTHER: &str = "SELECT count(*) AS calls, avg(1.0 - s.loss) AS quality, \
    avg(1.0 - o.loss) AS other_quality, \
    CAST(sum(s.cost_usd) AS VARCHAR) AS usd, CAST(sum(o.cost_usd) AS VARCHAR) AS other_usd, \
    approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY s.latency_ms) AS latency_ms, \
    approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY o.latency_ms) AS other_latency_ms, \
    count(s.fault) AS failed \
    FROM shadows s JOIN (SELECT r.*, row_number() OVER (PARTITION BY r.exchange_id \
        ORDER BY r.asked_at DESC, c.epoch DESC) AS nth \
        FROM shadows r JOIN opened_cells c ON c.cell = r.cell \
        WHERE r.arm = 'candidate' AND c.category = {category} AND c.candidate = {other} \
        AND c.definition_digest = {digest}) AS o ON o.exchange_id = s.exchange_id AND o.nth = 1 \
    WHERE s.cell = {cell} AND s.arm = 'candidate'";

/// What is said of one replayed cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Beside {
    cell: String,
    category: String,
    candidate: String,
    itself: Option<Itself>,
    reference: Option<Pair>,
    others: Vec<Other>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Itself {
    units: u64,
    pending: u64,
    quality: Option<f64>,
    quality_lower: Option<f64>,
    quality_upper: Option<f64>,
    confidence: Option<f64>,
}

/// The replayed candidate and another on the calls that both answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pair {
    calls: u64,
    failed: u64,
    quality: Option<f64>,
    other_quality: Option<f64>,
    usd: Option<NanoUsd>,
    other_usd: Option<NanoUsd>,
    latency_ms: Option<f64>,
    other_latency_ms: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Other {
    candidate: String,
    #[serde(flatten)]
    pair: Pair,
}

/// Looks at every replayed cell.
pub(crate) async fn of(
    place: &Place,
    pipeline: &Pipeline,
    replays: impl Iterator<Item = &Replay>,
) -> Result<Vec<Beside>> {
    let look = look(place, WallClock.now(), Limits::default()).await?;
    let mut seen = Vec::new();
    for replay in replays {
        let cell = &replay.cell;
        let own = |question: &str| question.replace("{cell}", &text(&cell.cell));
        let others = pipeline.category(&cell.category).map(|it| it.candidates.as_slice());
        let mut beside = Beside {
            cell: cell.cell.clone(),
            category: cell.category.clone(),
            candidate: cell.candidate.clone(),
            itself: rows(&look.warehouse, &own(ITSELF)).await?.pop(),
            reference: rows::<Pair>(&look.warehouse, &own(REFERENCE)).await?.pop(),
            others: Vec::new(),
        };
        for other in others.unwrap_or_default().iter().filter(|it| **it != cell.candidate) {
            let digest = pipeline.definition_digest(&cell.category, other).unwrap_or_default();
            let question = own(OTHER)
                .replace("{category}", &text(&cell.category))
                .replace("{other}", &text(other))
                .replace("{digest}", &text(&digest));
            let pair = rows::<Pair>(&look.warehouse, &question).await?.pop();
            let pair = pair.filter(|pair| pair.calls > 0);
            beside.others.extend(pair.map(|pair| Other { candidate: other.clone(), pair }));
        }
        seen.push(beside);
    }
    Ok(seen)
}

/// A text as SQL writes it.
fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

async fn rows<Row: DeserializeOwned>(warehouse: &Warehouse, question: &str) -> Result<Vec<Row>> {
    let (schema, batches) = warehouse.ask(question).await?;
    Ok(serde_json::from_slice(&render_rows(&schema, &batches, Format::Json)?)?)
}

/// A paragraph for each cell.
pub(crate) fn in_words(seen: &[Beside]) -> String {
    let mut text = String::new();
    for beside in seen {
        text += &format!("{} · {} ({})\n", beside.category, beside.candidate, beside.cell);
        if let Some(itself) = &beside.itself {
            text += &format!(
                "  {} closed conversations, {} open: quality {} [{}–{}]\n",
                itself.units,
                itself.pending,
                figure(itself.quality),
                figure(itself.quality_lower),
                figure(itself.quality_upper)
            );
        }
        if let Some(pair) = &beside.reference {
            text += &line("the reference", pair);
        }
        for Other { candidate, pair } in &beside.others {
            text += &line(candidate, pair);
        }
    }
    text
}

fn line(other: &str, pair: &Pair) -> String {
    let usd =
        |usd: Option<NanoUsd>| usd.map_or_else(|| "unknown".to_owned(), |it| format!("${it}"));
    let took = |millis: Option<f64>| {
        millis.map_or_else(|| "unknown".to_owned(), |millis| format!("{millis:.0} ms"))
    };
    format!(
        "  beside {other} on {} calls ({} failed): quality {}, {other} {}; {}, {other} {}; \
         half within {}, {other} {}\n",
        pair.calls,
        pair.failed,
        figure(pair.quality),
        figure(pair.other_quality),
        usd(pair.usd),
        usd(pair.other_usd),
        took(pair.latency_ms),
        took(pair.other_latency_ms)
    )
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |value| format!("{value:.3}"))
}
