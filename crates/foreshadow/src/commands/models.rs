//! `foreshadow models`: what is held to be true of every model, from where, and how old that is: what it takes
//! and costs, by the tables that ship and by what the pipeline writes instead.

mod words;

use crate::{
    cli::{Format, Global},
    clock::WallClock,
    commands::check,
    outcome::{Outcome, print},
};
use anyhow::Result;
use exchange::{Clock, DAY_US, NanoUsd, Timestamp};
use pipeline::{
    Model, Pipeline, SaidBy,
    shipped::{self, Source, capability},
};
use policy::{Capabilities, Price, StructuredOutput, Tariff};
use serde::Serialize;
use serde_json::Value;

pub(crate) fn run(global: &Global) -> Result<Outcome> {
    let now = WallClock.now();
    let rows = match &global.pipeline {
        None => tables(now),
        Some(_) => match check::needed(global, "models")? {
            Ok(pipeline) => in_effect(&pipeline, now),
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
    /// What it takes; nothing where the row is of its prices alone.
    capabilities: Vec<Capability>,
    /// The pages that the table of what models take follows, and those that the table of prices does.
    sources: Vec<Page>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prices: Option<Vec<Priced>>,
}

/// A page that a table follows.
#[derive(Debug, Serialize)]
struct Page {
    #[serde(flatten)]
    source: Source,
    age_days: Option<i64>,
}

/// One thing that is known.
#[derive(Debug, Serialize)]
struct Capability {
    name: &'static str,
    value: Value,
    from: SaidBy,
}

/// One price, in dollars for a million tokens or for an hour.
#[derive(Debug, Serialize)]
struct Priced {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    /// Whether it holds at this moment.
    holds: bool,
    source: Option<String>,
    /// The pipeline, or the table that ships.
    said_by: SaidBy,
    rates: Vec<(&'static str, NanoUsd)>,
    /// In millionths of the price.
    batch_discount_ppm: u32,
    /// What calls cost whose prompts are longer than so many tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    long_prompt: Option<(u64, Vec<(&'static str, NanoUsd)>)>,
}

/// Both tables, row by row.
fn tables(now: Timestamp) -> Vec<Row> {
    let takes = capability::table().into_iter().map(|(name, takes)| Row {
        sources: pages(capability::sources(&name), now),
        capabilities: known(&takes, &takes),
        name,
        provider: None,
        family: None,
        prices: None,
    });
    let costs = shipped::price::table().iter().map(|known| Row {
        name: known.name.clone(),
        provider: Some(known.at.clone()),
        family: None,
        capabilities: Vec::new(),
        sources: pages(known.sources(), now),
        prices: Some(prices(&known.prices, SaidBy::Table, now)),
    });
    takes.chain(costs).collect()
}

fn in_effect(pipeline: &Pipeline, now: Timestamp) -> Vec<Row> {
    let row = |model: &Model| {
        let base_url =
            pipeline.provider(&model.provider).map(|provider| provider.base_url.as_str());
        let priced = base_url
            .filter(|_| model.prices_from == SaidBy::Table)
            .and_then(|base_url| shipped::price::known(&model.name, base_url))
            .map(shipped::price::Known::sources);
        let sources =
            capability::sources(&model.name).into_iter().chain(priced.unwrap_or_default());
        Row {
            name: model.name.clone(),
            provider: Some(model.provider.clone()),
            family: Some(model.family.clone()),
            capabilities: known(&model.capabilities, &capability::known(&model.name)),
            sources: pages(sources, now),
            prices: Some(prices(&model.prices, model.prices_from, now)),
        }
    };
    pipeline.models.iter().map(row).collect()
}

fn pages(sources: impl IntoIterator<Item = Source>, now: Timestamp) -> Vec<Page> {
    let age = |read: Timestamp| now.0.saturating_sub(read.0).div_euclid(DAY_US);
    let page = |source: Source| Page { age_days: source.read_on().map(age), source };
    sources.into_iter().map(page).collect()
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

fn prices(prices: &[Price], said_by: SaidBy, now: Timestamp) -> Vec<Priced> {
    let next = |at: usize| prices.get(at + 1).map(|price| price.from);
    let priced = |(at, price): (usize, &Price)| {
        let until = price.until.or_else(|| next(at));
        Priced {
            from: (price.from.0 != i64::MIN).then_some(price.from),
            until,
            holds: price.from <= now && until.is_none_or(|until| now < until),
            source: price.source.clone(),
            said_by,
            rates: rates(price.tariff),
            batch_discount_ppm: discount(price.tariff),
            long_prompt: long_prompt(price.tariff),
        }
    };
    prices.iter().enumerate().map(priced).collect()
}

fn discount(tariff: Tariff) -> u32 {
    match tariff {
        Tariff::Hour(_) => 0,
        Tariff::Tokens(rates) => rates.batch_discount_ppm,
    }
}

fn long_prompt(tariff: Tariff) -> Option<(u64, Vec<(&'static str, NanoUsd)>)> {
    match tariff {
        Tariff::Hour(_) => None,
        Tariff::Tokens(usual) => {
            let over_tokens = usual.long_prompt?.over_tokens;
            let long = usual.of_prompt(over_tokens.saturating_add(1));
            Some((over_tokens, rates(Tariff::Tokens(long))))
        }
    }
}

/// What is charged, with what stands for a rate that is not written.
fn rates(tariff: Tariff) -> Vec<(&'static str, NanoUsd)> {
    match tariff {
        Tariff::Hour(rate) => vec![("dollars_per_hour", rate)],
        Tariff::Tokens(rates) => {
            let written = rates.cache_write.unwrap_or(rates.input);
            vec![
                ("input", rates.input),
                ("cached_input", rates.cached_input.unwrap_or(rates.input)),
                ("cache_write", written),
                ("cache_write_1h", rates.cache_write_1h.unwrap_or(written)),
                ("output", rates.output),
                ("reasoning", rates.reasoning.unwrap_or(rates.output)),
            ]
        }
    }
}
