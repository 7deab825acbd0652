//! The table for a reader.

use super::{Capability, Page, Priced, Row};
use exchange::{NanoUsd, Timestamp};
use pipeline::SaidBy;
use serde_json::Value;

pub(super) fn table(rows: &[Row]) -> String {
    rows.iter().map(model).collect::<Vec<_>>().join("\n")
}

fn model(row: &Row) -> String {
    let served = row.provider.as_ref().map(|provider| format!(" at {provider}"));
    let family = row.family.as_ref().map(|family| format!(" (family {family})"));
    let mut text = row.name.clone();
    text.extend([served, family].into_iter().flatten());
    text.push('\n');
    // A row without a family is one of the tables': of what the model takes, or of what it costs.
    if row.capabilities.is_empty() && row.family.is_some() {
        text += "  takes: nothing is known, so everything is taken to be possible\n";
    }
    row.capabilities.iter().for_each(|known| text += &capability(known));
    row.sources.iter().for_each(|source| text += &page(source));
    for priced in row.prices.iter().flatten() {
        text += &price(priced);
    }
    if row.prices.as_ref().is_some_and(Vec::is_empty) {
        text += "  price: none is known where it is served, so it is never called cheaper or promoted\n";
    }
    text
}

fn page(page: &Page) -> String {
    let Page { source, age_days } = page;
    let age = age_days.map(|days| format!(", {days} days ago")).unwrap_or_default();
    format!("  table: {} (read {}{age})\n", source.page, source.read)
}

fn capability(known: &Capability) -> String {
    let value = match &known.value {
        Value::Array(items) if items.is_empty() => "nothing".to_owned(),
        Value::Array(items) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let from = match known.from {
        SaidBy::Table => "table",
        SaidBy::Pipeline => "pipeline",
    };
    format!("  {}: {value} [{from}]\n", known.name)
}

fn price(priced: &Priced) -> String {
    let listed = |rates: &[(&str, NanoUsd)]| -> String {
        let rates = rates.iter().map(|(name, rate)| format!("{name} ${}", dollars(*rate)));
        rates.collect::<Vec<_>>().join(", ")
    };
    let day = |at: Timestamp| at.date().to_string();
    let from =
        priced.from.map_or_else(|| "always".to_owned(), |from| format!("from {}", day(from)));
    let until = priced.until.map(|until| format!(" until {}", day(until))).unwrap_or_default();
    let discount = (priced.batch_discount_ppm > 0)
        .then(|| format!(", batches {} % less", f64::from(priced.batch_discount_ppm) / 10_000.0));
    let long = priced.long_prompt.as_ref();
    let long = long.map(|(over, rates)| format!("; over {over} tokens {}", listed(rates)));
    let source = match priced.said_by {
        SaidBy::Table => "table",
        SaidBy::Pipeline => priced.source.as_deref().unwrap_or("the pipeline names no source"),
    };
    let mark = if priced.holds { "price" } else { "price, not now" };
    format!(
        "  {mark}: {}{}{}, {from}{until} [{source}]\n",
        listed(&priced.rates),
        long.unwrap_or_default(),
        discount.unwrap_or_default(),
    )
}

/// Without the zeros that a price list does not write, but for cents.
fn dollars(rate: NanoUsd) -> String {
    let text = rate.to_string();
    let Some((whole, part)) = text.split_once('.') else { return text };
    let part = part.trim_end_matches('0');
    format!("{whole}.{part:0<2}")
}
