//! The day after: live traffic under the new policy, who answered what, and what it saved.

use super::stage::Stage;
use anyhow::{Context, Result};
use exchange::{DAY_US, NanoUsd, Timestamp, Usage, UsageSource};
use report::{Format, Limits, render_rows};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt::Write as _};
use testkit::{
    client::Played,
    world::{DAYS, START, World},
};

/// The first whole day after the promotion.
const DAY: u32 = DAYS + 1;

/// What the day came to.
pub(super) struct Served {
    pub(super) text: String,
    /// A call that a candidate answered.
    pub(super) exchange: Option<String>,
}

/// Plays one more day and says who served it.
pub(super) async fn day_after(stage: &mut Stage, world: &World) -> Result<Served> {
    let calls = world.day(DAY);
    let played = stage.play(&calls).await?;
    stage.drain_until(DAY + 1).await?;
    let mut text = format!("\nthe day after: {} live calls under the new policy\n", played.len());
    let rows = rows(stage).await?;
    text += &routes(&rows);
    text += &realised(stage, &rows).await?;
    let by_candidate = played.iter().find(|it| header(it, "x-foreshadow-route") == Some("live"));
    let exchange = by_candidate.and_then(|it| header(it, "x-foreshadow-exchange"));
    Ok(Served { text, exchange: exchange.map(ToOwned::to_owned) })
}

fn header<'a>(played: &'a Played, name: &str) -> Option<&'a str> {
    played.headers.get(name)?.to_str().ok()
}

/// Who answered how many calls of a category, with which usage.
#[derive(Deserialize)]
struct Row {
    category: String,
    model: String,
    served_by: Option<String>,
    route: String,
    calls: u64,
    input_tokens: u64,
    cached_tokens: u64,
    output_tokens: u64,
    cost_usd: NanoUsd,
}

fn since() -> Timestamp {
    START.plus(i64::from(DAY) * DAY_US)
}

async fn rows(stage: &Stage) -> Result<Vec<Row>> {
    ask(
        stage,
        &format!(
            "SELECT category, model, served_by, route, count(*) AS calls, \
             sum(input_tokens) AS input_tokens, sum(coalesce(cached_tokens, 0)) AS cached_tokens, \
             sum(output_tokens) AS output_tokens, CAST(sum(cost_usd) AS VARCHAR) AS cost_usd \
             FROM exchanges WHERE observed_at >= TIMESTAMP '{}' \
             GROUP BY category, model, served_by, route ORDER BY category, route",
            since()
        ),
    )
    .await
}

async fn ask<T: for<'de> Deserialize<'de>>(stage: &Stage, query: &str) -> Result<Vec<T>> {
    let now = stage.deployment.clock.now();
    let look = crate::warehouse::look(&stage.deployment.place, now, Limits::default()).await?;
    let (schema, batches) = look.warehouse.ask(query).await?;
    let json = render_rows(&schema, &batches, Format::Json)?;
    serde_json::from_slice(&json).context("an answer of another shape than asked for")
}

fn routes(rows: &[Row]) -> String {
    let mut by_category: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for row in rows {
        let routes = by_category.entry(&row.category).or_default();
        *routes.entry(&row.route).or_default() += row.calls;
    }
    let mut text = String::new();
    for (category, routes) in by_category {
        let said: Vec<_> = routes.iter().map(|(route, calls)| format!("{route} {calls}")).collect();
        // Writing into a text cannot fail.
        let _ = writeln!(text, "  {category:<14} {}", said.join(", "));
    }
    text
}

/// What the candidates' replies cost against what the reference would have cost for the same
/// tokens, less what the day's shadow cost, and what candidates were paid for replies that nobody got.
async fn realised(stage: &Stage, rows: &[Row]) -> Result<String> {
    #[derive(Deserialize)]
    struct Spent {
        cost_usd: Option<NanoUsd>,
    }
    let prices = stage.deployment.pipeline.price_book();
    let (mut would, mut did) = (NanoUsd::ZERO, NanoUsd::ZERO);
    for row in rows.iter().filter(|row| row.route == "live" || row.route == "canary") {
        let usage = Usage {
            input_tokens: row.input_tokens,
            cached_tokens: row.cached_tokens,
            output_tokens: row.output_tokens,
            ..Usage::none(UsageSource::Reported)
        };
        let at_reference = prices.cost(&row.model, since(), &usage, 0);
        would = would + at_reference.with_context(|| format!("no price of {}", row.model))?;
        did = did + row.cost_usd;
        debug_assert!(row.served_by.is_some());
    }
    let shadow: Vec<Spent> = ask(
        stage,
        &format!(
            "SELECT CAST(sum(cost_usd) AS VARCHAR) AS cost_usd FROM ( \
             SELECT started_at AS paid_at, cost_usd FROM calls UNION ALL \
             SELECT observed_at AS paid_at, unused_cost_usd AS cost_usd FROM exchanges) \
             WHERE paid_at >= TIMESTAMP '{}'",
            since()
        ),
    )
    .await?;
    let shadow: NanoUsd = shadow.iter().filter_map(|spent| spent.cost_usd).sum();
    let gross = NanoUsd(would.0 - did.0);
    let net = NanoUsd(gross.0 - shadow.0);
    Ok(format!(
        "  the reference would have cost ${:.4} for what candidates served at ${:.4}\n  \
         realised saving ${:.4}; less ${:.4} for the day's shadow calls and unused replies: net ${:.4}\n",
        would.usd(),
        did.usd(),
        gross.usd(),
        shadow.usd(),
        net.usd(),
    ))
}
