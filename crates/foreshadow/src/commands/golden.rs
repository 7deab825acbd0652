//! `foreshadow golden`: the pipeline's own cases, and what a model makes of them now and made before.

use crate::{
    cli::{Format, Global, Golden as Args},
    clock::WallClock,
    commands::{check, rescore::chosen},
    offline::{Session, no_quota, progress, until_told},
    outcome::{Outcome, print},
    place::Place,
    scheduled::is_due,
    settings::{self, environment},
    system::Deployment,
    warehouse::look,
};
use anyhow::{Result, bail};
use exchange::{Clock, NanoUsd};
use report::{Format as Rows, Limits, render_rows};
use serde::{Deserialize, Serialize};
use shadow::{GoldenRun, LowQuota, Origin};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The last run of every case and model. A category's name is one that the pipeline has.
const LAST: &str = "SELECT CAST(run_at AS VARCHAR) AS run_at, category, name, arm, model, score, \
    CAST(run_before AS VARCHAR) AS run_before, score_before, withheld_reason, fault, reason, \
    CAST(cost_usd AS VARCHAR) AS cost_usd, latency_ms \
    FROM golden g WHERE {only} run_at = (SELECT max(run_at) FROM golden WHERE {only} TRUE) \
    ORDER BY category, name, arm DESC, model";

/// What one model made of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    run_at: String,
    category: String,
    name: String,
    arm: String,
    model: Option<String>,
    score: Option<f64>,
    run_before: Option<String>,
    score_before: Option<f64>,
    withheld_reason: Option<String>,
    fault: Option<String>,
    reason: Option<String>,
    cost_usd: Option<NanoUsd>,
    latency_ms: Option<f64>,
}

pub(crate) async fn run(global: &Global, args: &Args) -> Result<Outcome> {
    let pipeline = match check::needed(global, "golden")? {
        Ok(pipeline) => pipeline,
        Err(outcome) => return Ok(outcome),
    };
    chosen(&pipeline, args.category.as_ref(), None)?;
    let secrets = environment();
    let place = Place::of(global, &pipeline.s3, &secrets)?;
    if !args.last {
        let clock = Arc::new(WallClock) as Arc<dyn Clock>;
        let deployment = Deployment::new(place.clone(), pipeline, secrets, clock);
        let run = once(&deployment, args.category.as_ref(), no_quota(), &until_told()?).await?;
        if run.asked == 0 {
            bail!(
                "no model was asked: {} were withheld (`foreshadow golden --last`)",
                run.withheld
            );
        }
    }
    let lines = last(&place, args.category.as_ref()).await?;
    if global.format == Some(Format::Json) {
        print(&format!("{}\n", serde_json::to_string_pretty(&lines)?));
    } else {
        print(&in_words(&lines));
    }
    Ok(Outcome::Done)
}

/// Puts the cases to the models, with a bar where somebody looks.
async fn once(
    deployment: &Deployment,
    category: Option<&String>,
    low_quota: watch::Receiver<LowQuota>,
    stop: &CancellationToken,
) -> Result<GoldenRun> {
    let mut cases = settings::golden(&deployment.pipeline)?;
    cases.retain(|case| category.is_none_or(|category| case.category == *category));
    if cases.is_empty() {
        bail!("the pipeline has no golden case here: add [[golden.case]] to it");
    }
    let mut session = Session::open(&deployment.into(), Origin::Golden, low_quota).await?;
    let bar = progress("golden cases", cases.len() as u64)?;
    let run = session.offline.golden(&cases, stop, &|| bar.inc(1)).await;
    bar.finish_and_clear();
    session.settle().await?;
    Ok(run?)
}

/// Asks the cases if they are due.
pub(crate) async fn if_due(deployment: &Deployment, stop: &CancellationToken) -> Result<()> {
    let Some(hours) = deployment.pipeline.golden.every_hours else { return Ok(()) };
    if is_due(deployment, Origin::Golden, hours).await? {
        Box::pin(once(deployment, None, deployment.quota.watch(), stop)).await?;
    }
    Ok(())
}

async fn last(place: &Place, category: Option<&String>) -> Result<Vec<Line>> {
    let look = look(place, WallClock.now(), Limits::default()).await?;
    let only = category.map(|category| format!("category = '{category}' AND"));
    let question = LAST.replace("{only}", &only.unwrap_or_default());
    let (schema, batches) = look.warehouse.ask(&question).await?;
    Ok(serde_json::from_slice(&render_rows(&schema, &batches, Rows::Json)?)?)
}

fn in_words(lines: &[Line]) -> String {
    let Some(first) = lines.first() else {
        return "no golden case was ever asked: `foreshadow golden` asks them\n".to_owned();
    };
    let cost: NanoUsd = lines.iter().filter_map(|line| line.cost_usd).sum();
    let mut text = format!("golden cases of {}: {} replies, ${cost}\n", first.run_at, lines.len());
    let mut models: BTreeMap<(&str, &str), Vec<&Line>> = BTreeMap::new();
    for line in lines {
        let model = line.model.as_deref().unwrap_or("reference");
        models.entry((&line.category, model)).or_default().push(line);
    }
    for ((category, model), lines) in &models {
        text += &format!("{category} · {model}: {}\n", of_model(lines));
    }
    let changed: Vec<&Line> = lines.iter().filter(|line| change(line) != 0.0).collect();
    text += match changed.is_empty() {
        true => "no score changed\n",
        false => "changed since the run before:\n",
    };
    for line in changed {
        text += &format!(
            "  {} · {} · {}: {:.2}, was {:.2} ({})\n",
            line.category,
            line.name,
            line.model.as_deref().unwrap_or("reference"),
            line.score.unwrap_or_default(),
            line.score_before.unwrap_or_default(),
            plain(line.reason.as_deref().unwrap_or("no reason given"))
        );
    }
    for line in lines.iter().filter(|line| line.score.is_none()) {
        let why = line.withheld_reason.as_deref().or(line.reason.as_deref());
        text += &format!(
            "  {} · {} · {}: no score ({})\n",
            line.category,
            line.name,
            line.model.as_deref().unwrap_or(&line.arm),
            plain(why.unwrap_or("no reason given"))
        );
    }
    text
}

/// One model's scores, in a line.
fn of_model(lines: &[&Line]) -> String {
    let mean = |scores: Vec<f64>| {
        let count = scores.len() as f64;
        (count > 0.0).then(|| scores.into_iter().sum::<f64>() / count)
    };
    let said =
        |mean: Option<f64>| mean.map_or_else(|| "unknown".to_owned(), |it| format!("{it:.3}"));
    let now = mean(lines.iter().filter_map(|line| line.score).collect());
    let both = lines.iter().filter(|line| line.score.is_some());
    let before = mean(both.filter_map(|line| line.score_before).collect());
    let worse = lines.iter().filter(|line| change(line) < 0.0).count();
    let better = lines.iter().filter(|line| change(line) > 0.0).count();
    format!(
        "{} cases, score {}, before {}; {worse} worse, {better} better",
        lines.len(),
        said(now),
        said(before)
    )
}

/// How much the score rose since the run before; nothing where one of the two is missing.
fn change(line: &Line) -> f64 {
    line.score.zip(line.score_before).map_or(0.0, |(now, before)| now - before)
}

/// A model's words, on one line of a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
