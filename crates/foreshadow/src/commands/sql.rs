//! `foreshadow sql`: any question to the lake, read-only and within limits.

use crate::{
    cli::{Format, Global, Sql},
    commands::check,
    outcome::{Outcome, on_terminal},
    warehouse::{look, moment},
};
use anyhow::{Result, bail};
use report::{Format as Rows, Limits, render_rows};
use std::{io::Write, time::Duration};

pub(crate) async fn run(global: &Global, args: &Sql) -> Result<Outcome> {
    let limits = Limits {
        memory_bytes_max: args.memory << 20,
        query_time_max: Duration::from_secs(args.timeout),
        ..Limits::default()
    };
    let format = rows_format(global.format)?;
    let as_of = moment(args.as_of)?;
    let place = match check::place(global)? {
        Ok(place) => place,
        Err(outcome) => return Ok(outcome),
    };
    let look = look(&place, as_of, limits).await?;
    let (schema, batches) = look.warehouse.ask(&args.query).await?;
    // A reader that went away (`| head`) is no failure.
    let _ = std::io::stdout().write_all(&render_rows(&schema, &batches, format)?);
    Ok(Outcome::Done)
}

fn rows_format(format: Option<Format>) -> Result<Rows> {
    Ok(match format {
        None if on_terminal() => Rows::Table,
        None | Some(Format::Csv) => Rows::Csv,
        Some(Format::Table) => Rows::Table,
        Some(Format::Json) => Rows::Json,
        Some(Format::Ndjson) => Rows::Ndjson,
        Some(Format::Parquet) => Rows::Parquet,
        Some(Format::Markdown | Format::Html) => {
            bail!("`sql` writes table, csv, json, ndjson or parquet: choose one with --format")
        }
    })
}
