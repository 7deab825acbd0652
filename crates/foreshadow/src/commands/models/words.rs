//! The table for a reader.

use super::{Capability, Priced, Row, SaidBy};
use exchange::{NanoUsd, Timestamp};
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
    if row.capabilities.is_empty() {
        text += "  takes: nothing is known, so everything is taken to be possible\n";
    }
    row.capabilities.iter().for_each(|known| text += &capability(known));
    for source in &row.sources {
        text += &format!("  table: {} (read {})\n", source.page, source.read);
    }
    for priced in row.prices.iter().flatten() {
        text += &price(priced);
    }
    if row.prices.as_ref().is_some_and(Vec::is_empty) {
        text += "  price: none, so it is never called cheaper or promoted\n";
    }
    text
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
    let rates = priced.rates.iter().map(|(name, rate)| format!("{name} ${}", dollars(*rate)));
    let day = |at: Timestamp| at.date().to_string();
    let from =
        priced.from.map_or_else(|| "always".to_owned(), |from| format!("from {}", day(from)));
    let until = priced.until.map(|until| format!(" until {}", day(until))).unwrap_or_default();
    let discount = (priced.batch_discount_ppm > 0)
        .then(|| format!(", batches {} % less", f64::from(priced.batch_discount_ppm) / 10_000.0));
    let source = priced.source.as_deref().unwrap_or("the pipeline names no source");
    let mark = if priced.holds { "price" } else { "price, not now" };
    format!(
        "  {mark}: {}{}, {from}{until} [{source}]\n",
        rates.collect::<Vec<_>>().join(", "),
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
