//! `foreshadow report`: what the evidence says, and what it cannot speak for.

use crate::{
    cli::{Format, Global, Report as Args},
    commands::check,
    outcome::{Outcome, on_terminal, print},
    place::Place,
    rules,
    settings::environment,
    warehouse::{self, moment},
};
use anyhow::{Context, Result, bail};
use report::{Digest, Limits, Report, WEEK_US, render};

pub(crate) async fn run(global: &Global, args: &Args) -> Result<Outcome> {
    let pipeline = match check::needed(global, "report")? {
        Ok(pipeline) => pipeline,
        Err(outcome) => return Ok(outcome),
    };
    let place = Place::of(global, &pipeline.s3, &environment())?;
    let as_of = moment(args.as_of)?;
    let (look, rules) = rules::look(&place, &pipeline, as_of).await?;
    let text = if args.weekly {
        let before = warehouse::look(&place, as_of.plus(-WEEK_US), Limits::default()).await?;
        let (now, before) = (&look.warehouse, &before.warehouse);
        let digest = Digest::gather(now, before, &rules, &pipeline.price_book()).await?;
        weekly(&digest, global.format)?
    } else {
        let report = Report::gather(&look.warehouse, &rules).await?;
        written(report, global.format, args.output.is_some())?
    };
    match &args.output {
        Some(file) => std::fs::write(file, text)
            .with_context(|| format!("cannot write the report to {}", file.display()))?,
        None => print(&text),
    }
    Ok(Outcome::Done)
}

/// The digest in the format that was asked for; Markdown where none was.
fn weekly(digest: &Digest, format: Option<Format>) -> Result<String> {
    Ok(match format {
        None | Some(Format::Markdown) => render::weekly(digest),
        Some(Format::Json) => render::weekly_json(digest)?,
        Some(Format::Table | Format::Html | Format::Csv | Format::Ndjson | Format::Parquet) => {
            bail!("`report --weekly` writes markdown or json: choose one with --format")
        }
    })
}

/// The report in the format that was asked for; a table where none was.
pub(crate) fn written(report: Report, format: Option<Format>, to_file: bool) -> Result<String> {
    Ok(match format {
        None | Some(Format::Table) if to_file => {
            render::table(&report, render::WIDTH_DEFAULT, render::Colour::Plain)
        }
        None | Some(Format::Table) => on_screen(&report),
        Some(Format::Json) => render::json(&report.reproducible())?,
        Some(Format::Markdown) => render::markdown(&report),
        Some(Format::Html) => render::html(&report),
        Some(Format::Csv | Format::Ndjson | Format::Parquet) => {
            bail!("`report` writes table, json, markdown or html: choose one with --format")
        }
    })
}

/// The report as whoever is at standard output reads it best.
pub(crate) fn on_screen(report: &Report) -> String {
    let colour = if on_terminal() { render::Colour::Ansi } else { render::Colour::Plain };
    let width = terminal_size::terminal_size().map_or(render::WIDTH_DEFAULT, |(width, _)| width.0);
    render::table(report, width, colour)
}
