//! `foreshadow models`: what is held to be true of every model, and from where: what it takes, by the table
//! that ships and by what the pipeline writes instead, and what it costs.

mod words;

use crate::{
    cli::{Format, Global},
    clock::WallClock,
    commands::check,
    outcome::{Outcome, print},
};
use anyhow::Result;
use exchange::{Clock, NanoUsd, Timestamp};
use pipeline::{
    Model, Pipeline,
    capability::{self, Source},
};
use policy::{Capabilities, Price, StructuredOutput, Tariff};
use serde::Serialize;
use serde_json::Value;

pub(crate) fn run(global: &Global) -> Result<Outcome> {
    let rows = match &global.pipeline {
        None => capability::table().iter().map(|(name, takes)| shipped(name, takes)).collect(),
        Some(_) => match check::needed(global, "models")? {
            Ok(pipeline) => in_effect(&pipeline, WallClock.now()),
            Err(outcome) => return Ok(outcome),
        },
    };
    if global.format == Some(Format::Json) {
        let models = serde_json::json!({ "models": rows });
        print(&format!("{}\n", serde_json::to_string_pretty(&models)?));
    } else {
        print(&words::table(&rows));
    }
    Ok(Outcome::Done)
}

/// What is held to be true of one model.
#[derive(Debug, Serialize)]
struct Row {
    /// Its name; a pattern where no pipeline is given.
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<String>,
    capabilities: Vec<Capability>,
    /// The pages that the shipped table follows.
    sources: Vec<Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prices: Option<Vec<Priced>>,
}

/// One thing that is known.
#[derive(Debug, Serialize)]
struct Capability {
    name: &'static str,
    value: Value,
    from: SaidBy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum SaidBy {
    /// The table that ships.
    Table,
    /// The pipeline says so, and the table something else or nothing.
    Pipeline,
}

/// One price, in dollars for a million tokens or for an hour.
#[derive(Debug, Serialize)]
struct Priced {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    /// Whether it holds at this moment.
    holds: bool,
    source: Option<String>,
    rates: Vec<(&'static str, NanoUsd)>,
    /// In millionths of the price.
    batch_discount_ppm: u32,
}

fn shipped(name: &str, takes: &Capabilities) -> Row {
    Row {
        name: name.to_owned(),
        provider: None,
        family: None,
        capabilities: known(takes, takes),
        sources: capability::sources(name),
        prices: None,
    }
}

fn in_effect(pipeline: &Pipeline, now: Timestamp) -> Vec<Row> {
    let row = |model: &Model| Row {
        name: model.name.clone(),
        provider: Some(model.provider.clone()),
        family: Some(model.family.clone()),
        capabilities: known(&model.capabilities, &capability::known(&model.name)),
        sources: capability::sources(&model.name),
        prices: Some(prices(model, now)),
    };
    pipeline.models.iter().map(row).collect()
}

/// What is known of what a model takes, and whether `table` says the same.
fn known(takes: &Capabilities, table: &Capabilities) -> Vec<Capability> {
    let said = |of: &Capabilities| {
        let form = of.structured_output.map(StructuredOutput::name);
        [
            ("context_tokens", of.context_tokens.map(Value::from)),
            ("output_tokens", of.output_tokens.map(Value::from)),
            ("input", of.input.clone().map(Value::from)),
            ("structured_output", form.map(Value::from)),
            ("refuses", (!of.refuses.is_empty()).then(|| Value::from(of.refuses.clone()))),
        ]
    };
    let told =
        said(takes).into_iter().zip(said(table)).filter_map(|((name, value), (_, table))| {
            let from = if value == table { SaidBy::Table } else { SaidBy::Pipeline };
            Some(Capability { name, value: value?, from })
        });
    told.collect()
}

fn prices(model: &Model, now: Timestamp) -> Vec<Priced> {
    let next = |at: usize| model.prices.get(at + 1).map(|price| price.from);
    let priced = |(at, price): (usize, &Price)| {
        let until = price.until.or_else(|| next(at));
        let (rates, batch_discount_ppm) = rates(price.tariff);
        Priced {
            from: (price.from.0 != i64::MIN).then_some(price.from),
            until,
            holds: price.from <= now && until.is_none_or(|until| now < until),
            source: price.source.clone(),
            rates,
            batch_discount_ppm,
        }
    };
    model.prices.iter().enumerate().map(priced).collect()
}

/// What is charged, with what stands for a rate that is not written.
fn rates(tariff: Tariff) -> (Vec<(&'static str, NanoUsd)>, u32) {
    match tariff {
        Tariff::Hour(rate) => (vec![("dollars_per_hour", rate)], 0),
        Tariff::Tokens(rates) => {
            let written = rates.cache_write.unwrap_or(rates.input);
            let told = vec![
                ("input", rates.input),
                ("cached_input", rates.cached_input.unwrap_or(rates.input)),
                ("cache_write", written),
                ("cache_write_1h", rates.cache_write_1h.unwrap_or(written)),
                ("output", rates.output),
                ("reasoning", rates.reasoning.unwrap_or(rates.output)),
            ];
            (told, rates.batch_discount_ppm)
        }
    }
}
