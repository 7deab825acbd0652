//! `foreshadow report`: what the evidence says, and what it cannot speak for.

use crate::{
    cli::{Format, Global, Report as Args},
    commands::check,
    outcome::{Outcome, on_terminal, print},
    place::Place,
    rules,
    warehouse::moment,
};
use anyhow::{Context, Result, bail};
use report::{Report, render};

pub(crate) async fn run(global: &Global, args: &Args) -> Result<Outcome> {
    let pipeline = match check::needed(global, "report")? {
        Ok(pipeline) => pipeline,
        Err(outcome) => return Ok(outcome),
    };
    let place = Place::new(&global.data);
    let as_of = moment(args.as_of)?;
    let (look, rules) = rules::look(&place, &pipeline, as_of).await?;
    let report = Report::gather(&look.warehouse, &rules).await?;
    let text = written(report, global.format, args.output.is_some())?;
    match &args.output {
        Some(file) => std::fs::write(file, text)
            .with_context(|| format!("cannot write the report to {}", file.display()))?,
        None => print(&text),
    }
    Ok(Outcome::Done)
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
