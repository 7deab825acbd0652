//! `foreshadow judge`: how good the judge is, by what people say of the same replies, and whether it is
//! still what it was.

pub(crate) mod anchors;
mod pairs;
mod words;

use crate::{
    cli::{Format, Global, Judge, JudgeCommand},
    commands::check,
    outcome::{Outcome, print},
    place::Place,
    settings::environment,
    warehouse::{look, moment},
};
use anyhow::{Result, bail};
use pipeline::Pipeline;
use report::{
    Limits,
    judge::{Known, Measured, measured},
};

pub(crate) async fn run(global: &Global, args: &Judge) -> Result<Outcome> {
    if let Some(JudgeCommand::Anchors(args)) = &args.command {
        return anchors::run(global, args).await;
    }
    let measured = match &args.pairs {
        Some(file) => pairs::measured(file)?,
        None => {
            let pipeline = match check::needed(global, "judge")? {
                Ok(pipeline) => pipeline,
                Err(outcome) => return Ok(outcome),
            };
            let place = Place::of(global, &pipeline.s3, &environment())?;
            let look = look(&place, moment(args.as_of)?, Limits::default()).await?;
            measured(&look.warehouse, &known(&pipeline)).await?
        }
    };
    print(&written(&measured, global.format)?);
    Ok(Outcome::Done)
}

fn written(measured: &[Measured], format: Option<Format>) -> Result<String> {
    match format {
        None | Some(Format::Table) => Ok(words::of(measured)),
        Some(Format::Json) => Ok(format!("{}\n", serde_json::to_string_pretty(measured)?)),
        Some(Format::Markdown | Format::Html | Format::Csv | Format::Ndjson | Format::Parquet) => {
            bail!("`judge` writes table or json: choose one with --format")
        }
    }
}

/// Who judges by this pipeline, and who is whose kin.
fn known(pipeline: &Pipeline) -> Known {
    let mut known = Known::default();
    for model in &pipeline.models {
        known.families.insert(model.name.clone(), model.family.clone());
    }
    let Some(judge) = &pipeline.judge else { return known };
    for model in judge.models() {
        let version = score::judge::digest(model, &judge.rubric);
        known.versions.insert(version.clone(), model.to_owned());
        known.today.push(version);
    }
    known
}
