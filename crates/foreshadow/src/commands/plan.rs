//! `foreshadow plan`: what each cell still needs, what tomorrow's money is spent on, and in which order
//! to promote. It changes nothing: the worker goes by the same allotment of itself.

mod words;

use crate::{
    cli::{Format, Global, Plan as Args},
    commands::check,
    outcome::{Outcome, print},
    place::Place,
    rules,
    settings::environment,
    warehouse::moment,
};
use anyhow::{Result, bail};
use report::Outlook;

pub(crate) async fn run(global: &Global, args: &Args) -> Result<Outcome> {
    let pipeline = match check::needed(global, "plan")? {
        Ok(pipeline) => pipeline,
        Err(outcome) => return Ok(outcome),
    };
    let place = Place::of(global, &pipeline.s3, &environment())?;
    let (look, rules) = rules::look(&place, &pipeline, moment(args.as_of)?).await?;
    let spending = rules::spending(&pipeline);
    let outlook = Outlook::gather(&look.warehouse, &rules, &spending).await?;
    print(&written(&outlook, global.format)?);
    Ok(Outcome::Done)
}

fn written(outlook: &Outlook, format: Option<Format>) -> Result<String> {
    match format {
        None | Some(Format::Table) => Ok(words::of(outlook)),
        Some(Format::Json) => Ok(format!("{}\n", serde_json::to_string_pretty(outlook)?)),
        Some(Format::Markdown | Format::Html | Format::Csv | Format::Ndjson | Format::Parquet) => {
            bail!("`plan` writes table or json: choose one with --format")
        }
    }
}
