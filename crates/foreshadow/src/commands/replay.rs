//! `foreshadow replay`: the bake-off on the day that a model appears.

mod beside;

use crate::{
    cli::{Format, Global, Replay as Args},
    clock::WallClock,
    commands::{check, rescore::chosen},
    offline::{Of, Session, no_quota, progress, until_told},
    outcome::{Outcome, print},
    place::Place,
    settings::environment,
};
use anyhow::{Context, Result, bail};
use beside::Beside;
use exchange::{Clock, NanoUsd, Timestamp};
use serde_json::{Value, json};
use shadow::{Origin, Replay, ReplayChoice, Replayed};
use std::sync::Arc;

pub(crate) async fn run(global: &Global, args: &Args) -> Result<Outcome> {
    let pipeline = match check::needed(global, "replay")? {
        Ok(pipeline) => pipeline,
        Err(outcome) => return Ok(outcome),
    };
    chosen(&pipeline, args.category.as_ref(), Some(&args.candidate))?;
    let choice = choice(args)?;
    let (secrets, clock) = (environment(), Arc::new(WallClock) as Arc<dyn Clock>);
    let place = Place::of(global, &pipeline.s3, &secrets)?;
    if place.lake().is_empty().await? {
        bail!("there is no lake in {}: nothing was recorded there yet", place.shared());
    }
    let of = Of { place: &place, pipeline: &pipeline, secrets: &secrets, clock: &clock };
    let mut session = Session::open(&of, Origin::Replay, no_quota()).await?;
    let stop = until_told()?;
    let mut told = Vec::new();
    let mut purse = choice.usd;
    for replay in session.offline.replays(&choice).await? {
        let done = match args.dry_run {
            true => None,
            false => {
                let bar = progress(&replay.cell.cell, replay.left)?;
                let tick = || bar.inc(1);
                let done = session.offline.replay(&replay, purse, (&stop, &tick)).await;
                bar.finish_and_clear();
                // Whatever stopped it: what was paid is told to the tables.
                session.settle().await?;
                Some(done?)
            }
        };
        purse = done.as_ref().map_or(purse, |done| done.purse);
        told.push(Told { replay, done });
    }
    let seen = match args.dry_run {
        true => Vec::new(),
        false => beside::of(&place, &pipeline, told.iter().map(|told| &told.replay)).await?,
    };
    if global.format == Some(Format::Json) {
        print(&format!("{}\n", serde_json::to_string_pretty(&in_json(&told, &seen))?));
    } else {
        print(&in_words(&told, &seen));
    }
    match told.iter().any(|told| told.done.as_ref().is_some_and(|done| done.left > 0)) {
        true => bail!("some drawn calls were not asked: run the same command again"),
        false => Ok(Outcome::Done),
    }
}

/// A draw, and what became of it if it was asked.
struct Told {
    replay: Replay,
    done: Option<Replayed>,
}

fn choice(args: &Args) -> Result<ReplayChoice> {
    let usd = args.usd.map(|usd| {
        let sum = NanoUsd::from_usd(usd).filter(|sum| *sum > NanoUsd::ZERO);
        sum.with_context(|| format!("--usd {usd} is no sum to spend: write dollars, like 2.50"))
    });
    Ok(ReplayChoice {
        candidate: args.candidate.clone(),
        category: args.category.clone(),
        since: args.since.map(Timestamp::date),
        calls: args.calls,
        usd: usd.transpose()?,
    })
}

fn in_words(told: &[Told], seen: &[Beside]) -> String {
    let mut text = String::new();
    for Told { replay, done } in told {
        let cost = replay.cost.map_or_else(|| "an unknown sum".to_owned(), |it| format!("${it}"));
        let draw = if replay.is_resumed() { "drawn by a run before" } else { "drawn now" };
        text += &format!(
            "{} · {}: {} of {} calls that can be replayed, {draw}, about {cost}\n",
            replay.cell.category, replay.cell.candidate, replay.left, replay.eligible
        );
        if let Some(why) = replay.withheld {
            text += &format!("  nobody is asked: {}\n", why.name());
        }
        if let Some(done) = done {
            text += &format!("  asked {}, left {}\n", done.asked, done.left);
        }
    }
    text += &beside::in_words(seen);
    text + "replayed calls compare; they promote nobody. The gate goes by calls as they pass.\n"
}

fn in_json(told: &[Told], seen: &[Beside]) -> Value {
    let draw = |told: &Told| {
        let Told { replay, done } = told;
        json!({
            "cell": replay.cell.cell,
            "category": replay.cell.category,
            "candidate": replay.cell.candidate,
            "resumed": replay.is_resumed(),
            "eligible": replay.eligible,
            "calls": replay.left,
            "usd": replay.cost,
            "withheld": replay.withheld.map(|why| why.name()),
            "asked": done.as_ref().map(|done| done.asked),
            "left": done.as_ref().map(|done| done.left),
        })
    };
    json!({ "draws": told.iter().map(draw).collect::<Vec<_>>(), "beside": seen })
}
