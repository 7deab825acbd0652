//! `foreshadow rescore`: what the stored replies are worth by today's pipeline.

mod forecast;

use crate::{
    cli::{Format, Global, Rescore as Args},
    clock::WallClock,
    commands::check,
    offline::{Of, Session, no_quota, progress, until_told},
    outcome::{Outcome, print},
    place::Place,
    settings::environment,
};
use anyhow::{Result, bail};
use exchange::Clock;
use pipeline::Pipeline;
use policy::epoch::Poured;
use report::Forecast;
use serde_json::{Value, json};
use shadow::{Choice, Origin, Pouring, Rescored, Survey};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

pub(crate) async fn run(global: &Global, args: &Args) -> Result<Outcome> {
    let pipeline = match check::needed(global, "rescore")? {
        Ok(pipeline) => pipeline,
        Err(outcome) => return Ok(outcome),
    };
    let choice = chosen(&pipeline, args.category.as_ref(), args.candidate.as_ref())?;
    let (secrets, clock) = (environment(), Arc::new(WallClock) as Arc<dyn Clock>);
    let place = Place::of(global, &pipeline.s3, &secrets)?;
    if place.lake().is_empty().await? {
        bail!("there is no lake in {}: nothing was recorded there yet", place.shared());
    }
    let of = Of { place: &place, pipeline: &pipeline, secrets: &secrets, clock: &clock };
    let mut session = Session::open(&of, Origin::Rescore, no_quota()).await?;
    let stop = until_told()?;
    let (mut told, mut left) = (Vec::new(), false);
    for pouring in session.offline.pourings(&choice).await? {
        let survey = session.offline.survey(&pouring).await?;
        let done = match args.dry_run || is_idle(&survey) {
            true => None,
            false => Some(pour(&mut session, &pouring, &survey, &stop).await?),
        };
        left |= done.is_some_and(|done| done.replies < survey.replies);
        told.push(Told { pouring, survey, done });
    }
    let forecasts = forecast::of(&place, &pipeline, &choice).await?;
    if global.format == Some(Format::Json) {
        print(&format!("{}\n", serde_json::to_string_pretty(&in_json(&told, &forecasts))?));
    } else {
        print(&in_words(&told, &forecasts, args.dry_run));
    }
    match left {
        true => bail!("some replies are not scored yet: run `foreshadow rescore` again"),
        false => Ok(Outcome::Done),
    }
}

/// A pouring, what it takes, and what became of it if it was done.
struct Told {
    pouring: Pouring,
    survey: Survey,
    done: Option<Rescored>,
}

async fn pour(
    session: &mut Session,
    pouring: &Pouring,
    survey: &Survey,
    stop: &CancellationToken,
) -> Result<Rescored> {
    let bar = progress(&pouring.cell().cell, survey.replies)?;
    let done = session.offline.rescore(pouring, stop, &|| bar.inc(1)).await;
    bar.finish_and_clear();
    // Whatever stopped it: what was paid is told to the tables.
    session.settle().await?;
    Ok(done?)
}

fn is_idle(survey: &Survey) -> bool {
    survey.draws == 0 && survey.replies == 0
}

/// The cells that are meant; a name that the pipeline does not know is a mistake.
pub(crate) fn chosen(
    pipeline: &Pipeline,
    category: Option<&String>,
    candidate: Option<&String>,
) -> Result<Choice> {
    if let Some(name) = category.filter(|name| pipeline.category(name).is_none()) {
        let known: Vec<_> = pipeline.categories.iter().map(|it| it.name.as_str()).collect();
        bail!("the pipeline has no category `{name}`: it has {}", known.join(", "));
    }
    let on_trial = |name: &String| {
        let of = pipeline.categories.iter().filter(|it| category.is_none_or(|c| *c == it.name));
        of.flat_map(|it| &it.candidates).any(|candidate| candidate == name)
    };
    if let Some(name) = candidate.filter(|name| !on_trial(name)) {
        bail!("no such category has the candidate `{name}`: add it to `candidates`");
    }
    Ok(Choice { category: category.cloned(), candidate: candidate.cloned() })
}

fn in_words(told: &[Told], forecasts: &[Forecast], dry_run: bool) -> String {
    let mut text = String::new();
    for Told { pouring, survey, done } in told.iter().filter(|told| !is_idle(&told.survey)) {
        let cell = pouring.cell();
        let Survey { replies, judge_calls, words_known, cost, .. } = survey;
        let cost = cost.map_or_else(|| "an unknown sum".to_owned(), |it| format!("${it}"));
        text += &format!(
            "{} · {}: {replies} replies into {} ({}), {judge_calls} judge calls, about {cost}",
            cell.category,
            cell.candidate,
            cell.cell,
            price_of(pouring)
        );
        text += &format!("; {words_known} judged already by the same judge\n");
        if let Some(done) = done {
            text += &format!(
                "  scored {}, of which judged {}, without a verdict {}; left for want of budget {}, \
                 call no longer stored {}\n",
                done.replies, done.judged, done.undecided, done.withheld, done.gone
            );
        }
    }
    for Told { pouring, .. } in told.iter().filter(|told| !told.pouring.left.is_empty()) {
        text += &format!(
            "{}: the replies of {} stay where they are: other calls, or a release that did not \
             record which\n",
            pouring.cell().cell,
            pouring.left.join(", ")
        );
    }
    if told.iter().all(|told| is_idle(&told.survey)) {
        text += "no stored reply is to be scored anew: every cell has today's definition\n";
    } else if dry_run {
        text += "nothing was changed\n";
    } else {
        text += "a worker that runs goes on in its old cells until it is started again\n";
    }
    text + &forecast::in_words(forecasts)
}

/// What looking again costs.
fn price_of(pouring: &Pouring) -> String {
    let restarts = pouring.cell().restarts;
    let cost = format!("evidence halved {restarts} times");
    match &pouring.into {
        Poured::Fresh(_) => format!("a new epoch, {cost}"),
        Poured::Open(_) => cost,
    }
}

fn in_json(told: &[Told], forecasts: &[Forecast]) -> Value {
    let cell = |told: &Told| {
        let Told { pouring, survey, done } = told;
        json!({
            "cell": pouring.cell().cell,
            "category": pouring.cell().category,
            "candidate": pouring.cell().candidate,
            "restarts": pouring.cell().restarts,
            "sources": pouring.sources,
            "left": pouring.left,
            "draws": survey.draws,
            "replies": survey.replies,
            "words_known": survey.words_known,
            "judge_calls": survey.judge_calls,
            "judge_usd": survey.cost,
            "done": done.map(|done| json!({
                "draws": done.draws,
                "replies": done.replies,
                "judged": done.judged,
                "undecided": done.undecided,
                "withheld": done.withheld,
                "gone": done.gone,
            })),
        })
    };
    let forecasts: Vec<Value> = forecasts.iter().map(forecast::json).collect();
    json!({ "cells": told.iter().map(cell).collect::<Vec<_>>(), "forecasts": forecasts })
}
