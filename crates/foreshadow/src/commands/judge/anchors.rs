//! `foreshadow judge anchors`: frozen pairs, put to the judge again, and whether it moved, or the model.

use super::{known, words};
use crate::{
    cli::{Anchors as Args, Format, Global},
    clock::WallClock,
    commands::{check, rescore::chosen},
    offline::{Session, no_quota, progress, until_told},
    outcome::{Outcome, print},
    place::Place,
    scheduled::is_due,
    settings::environment,
    system::Deployment,
    warehouse::look,
};
use anyhow::{Result, bail};
use confidence::judge::Standing;
use exchange::Clock;
use pipeline::{Anchors, Pipeline};
use report::{
    Limits,
    judge::{Measured, measured},
};
use shadow::{AnchorSet, Anchored, LowQuota, Origin};
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Of which categories what set is put to the judge.
struct Choice<'a> {
    anchors: Anchors,
    category: Option<&'a String>,
    set: AnchorSet,
}

pub(crate) async fn run(global: &Global, args: &Args) -> Result<Outcome> {
    let pipeline = match check::needed(global, "judge")? {
        Ok(pipeline) => pipeline,
        Err(outcome) => return Ok(outcome),
    };
    let category = args.category.as_ref();
    chosen(&pipeline, category, None)?;
    let Some(anchors) = pipeline.anchors() else {
        bail!("the pipeline freezes no pairs: add [judge.anchors] to it");
    };
    let (secrets, clock) = (environment(), Arc::new(WallClock) as Arc<dyn Clock>);
    let place = Place::of(global, &pipeline.s3, &secrets)?;
    let deployment = Deployment::new(place, pipeline, secrets, clock);
    if !args.last {
        let set = if args.freeze { AnchorSet::Fresh } else { AnchorSet::Kept };
        let choice = Choice { anchors, category, set };
        let told = Box::pin(once(&deployment, &choice, no_quota(), &until_told()?)).await?;
        refuse_nothing(&told, anchors)?;
    }
    let found = found(&deployment, category).await?;
    if global.format == Some(Format::Json) {
        print(&format!("{}\n", serde_json::to_string_pretty(&found)?));
    } else {
        print(&words::of_anchors(&found));
    }
    Ok(Outcome::Done)
}

/// Asks about the frozen pairs if they are due, and says aloud whose judge moved.
pub(crate) async fn if_due(deployment: &Deployment, stop: &CancellationToken) -> Result<()> {
    let anchors = deployment.pipeline.anchors();
    let Some((anchors, hours)) = anchors.and_then(|it| Some((it, it.every_hours?))) else {
        return Ok(());
    };
    if deployment.lake().is_empty().await? || !is_due(deployment, Origin::Anchor, hours).await? {
        return Ok(());
    }
    let choice = Choice { anchors, category: None, set: AnchorSet::Kept };
    let told = Box::pin(once(deployment, &choice, deployment.quota.watch(), stop)).await?;
    if !told.iter().any(|(_, told)| matches!(told, Anchored::Asked(_))) {
        return Ok(());
    }
    for measured in found(deployment, None).await? {
        let moved = measured.anchors.filter(|it| it.judge.standing == Standing::Moved);
        if let Some(anchors) = moved {
            let (category, p_value) = (measured.category, anchors.judge.p_value);
            let version = measured.version.as_deref().unwrap_or("panel");
            tracing::warn!(category, version, p_value, "the judge is another than it was");
        }
    }
    Ok(())
}

/// Puts the sets to the judge, with a bar where somebody looks.
async fn once(
    deployment: &Deployment,
    choice: &Choice<'_>,
    low_quota: watch::Receiver<LowQuota>,
    stop: &CancellationToken,
) -> Result<Vec<(String, Anchored)>> {
    let categories = judged(&deployment.pipeline, choice.category);
    if categories.is_empty() {
        bail!("no such category is judged: `mode` is JP or JA where one is");
    }
    let mut session = Session::open(&deployment.into(), Origin::Anchor, low_quota).await?;
    let pairs = choice.anchors.pairs;
    let bar = progress("frozen pairs", (pairs * categories.len()) as u64)?;
    let tick = || bar.inc(1);
    let (mut told, mut ran) = (Vec::new(), Ok(()));
    for category in categories {
        let asked = session.offline.anchors(&category, (choice.set, pairs), (stop, &tick));
        match Box::pin(asked).await {
            Ok(anchored) => told.push((category, anchored)),
            Err(error) => {
                ran = Err(error);
                break;
            }
        }
    }
    bar.finish_and_clear();
    // What was paid before it failed is paid.
    session.settle().await?;
    ran?;
    Ok(told)
}

fn judged(pipeline: &Pipeline, category: Option<&String>) -> Vec<String> {
    let judged = pipeline.categories.iter().filter(|it| it.asks_judge());
    let chosen = judged.filter(|it| category.is_none_or(|category| it.name == *category));
    chosen.map(|it| it.name.clone()).collect()
}

/// A run that asked nothing failed, and says why, category by category.
fn refuse_nothing(told: &[(String, Anchored)], anchors: Anchors) -> Result<()> {
    let mut whys = Vec::new();
    for (category, told) in told {
        match told {
            Anchored::NotJudged => {}
            Anchored::Asked(run) if run.asked > 0 => return Ok(()),
            Anchored::Asked(run) => whys.push(format!("{category}: {} withheld", run.withheld)),
            Anchored::Waiting(found) => {
                whys.push(format!("{category}: {found} of {} pairs are judged yet", anchors.pairs));
            }
        }
    }
    bail!("the judge was asked nothing ({})", whys.join("; "))
}

/// What the last looks found.
async fn found(deployment: &Deployment, category: Option<&String>) -> Result<Vec<Measured>> {
    let Deployment { place, pipeline, clock, .. } = deployment;
    let look = look(place, clock.now(), Limits::default()).await?;
    let mut measured = measured(&look.warehouse, &known(pipeline)).await?;
    measured.retain(|it| it.anchors.is_some() && category.is_none_or(|name| it.category == *name));
    Ok(measured)
}
