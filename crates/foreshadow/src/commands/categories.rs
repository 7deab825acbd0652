//! `foreshadow categories`: the kinds of call there are, what each costs, and the code that sends
//! them; rules for what nothing claims yet; and a name for a call site.
//!
//! The names stand in the pipeline file, not among the data: they decide which calls are put to whom,
//! so they are reviewed with the rules, and every proxy and worker reads the same ones.

mod naming;
mod proposal;
mod shown;
mod traffic;

use crate::{
    cli::{Categories, CategoriesCommand, Format, Global},
    commands::check,
    outcome::{Outcome, print},
    place::Place,
    settings::environment,
    warehouse::{look, moment},
};
use anyhow::{Result, bail};
use report::Limits;
use traffic::Traffic;

pub(crate) async fn run(global: &Global, args: &Categories) -> Result<Outcome> {
    match &args.command {
        None => list(global, args).await,
        Some(CategoriesCommand::Propose) => propose(global, args).await,
        Some(CategoriesCommand::Name { site, name }) => naming::name(global, site, name),
    }
}

async fn list(global: &Global, args: &Categories) -> Result<Outcome> {
    let place = match check::place(global)? {
        Ok(place) => place,
        Err(outcome) => return Ok(outcome),
    };
    let traffic = gather(&place, args).await?;
    match global.format {
        None | Some(Format::Table) => print(&shown::table(&traffic)),
        Some(Format::Json) => print(&format!("{}\n", serde_json::to_string_pretty(&traffic)?)),
        Some(Format::Markdown | Format::Html | Format::Csv | Format::Ndjson | Format::Parquet) => {
            bail!(
                "`categories` writes table or json; the view `call_sites` of `foreshadow sql` has \
                 the rest"
            )
        }
    }
    Ok(Outcome::Done)
}

async fn propose(global: &Global, args: &Categories) -> Result<Outcome> {
    let pipeline = match check::needed(global, "categories propose")? {
        Ok(pipeline) => pipeline,
        Err(outcome) => return Ok(outcome),
    };
    let place = Place::of(global, &pipeline.s3, &environment())?;
    let traffic = gather(&place, args).await?;
    print(&proposal::toml(&traffic, &pipeline));
    Ok(Outcome::Done)
}

async fn gather(place: &Place, args: &Categories) -> Result<Traffic> {
    let look = look(place, moment(args.as_of)?, Limits::default()).await?;
    Traffic::gather(&look.warehouse).await
}
