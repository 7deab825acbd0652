//! `foreshadow lake`: the tables' files for tools that know only Parquet, and upkeep.

use crate::{
    cli::{Global, LakeCommand},
    clock::WallClock,
    commands::check,
    outcome::{Outcome, print},
    recorder::day,
};
use anyhow::{Result, bail};
use exchange::Clock;
use lake::{Lake, Table};
use std::{collections::BTreeMap, time::Duration};

pub(crate) async fn run(global: &Global, command: &LakeCommand) -> Result<Outcome> {
    let lake = match check::place(global)? {
        Ok(place) => place.lake(),
        Err(outcome) => return Ok(outcome),
    };
    match command {
        LakeCommand::Files { table } => files(&lake, table).await?,
        LakeCommand::Views => views(&lake).await?,
        LakeCommand::Compact => compact(&lake).await?,
        LakeCommand::Expire { before, grace_hours } => expire(&lake, before, *grace_hours).await?,
    }
    Ok(Outcome::Done)
}

async fn files(lake: &Lake, name: &str) -> Result<()> {
    let Some(table) = Table::from_name(name) else {
        let known: Vec<_> = Table::ALL.iter().map(|table| table.name()).collect();
        bail!("there is no table `{name}`: the tables are {}", known.join(", "));
    };
    for file in lake.files(table).await? {
        print(&format!("{}\n", file.path));
    }
    Ok(())
}

async fn views(lake: &Lake) -> Result<()> {
    let mut files = BTreeMap::new();
    for table in Table::ALL {
        let paths = lake.files(table).await?.into_iter().map(|file| file.path);
        files.insert(table.name().to_owned(), paths.collect::<Vec<_>>());
    }
    print(&report::views_sql(WallClock.now(), &files));
    Ok(())
}

async fn compact(lake: &Lake) -> Result<()> {
    let today = day(WallClock.now());
    for table in Table::ALL {
        let done = lake.compact(table, &today).await?;
        let swept = lake.sweep(table).await?;
        print(&format!(
            "{}: {} days, {} files became {}; {swept} that nobody reads any more were deleted\n",
            table.name(),
            done.days,
            done.files_before,
            done.files_after
        ));
    }
    Ok(())
}

async fn expire(lake: &Lake, before: &str, grace_hours: u64) -> Result<()> {
    for table in Table::ALL {
        let grace = Duration::from_secs(grace_hours.saturating_mul(3_600));
        let done = lake.expire(table, before, grace).await?;
        print(&format!(
            "{}: {} files left the table, {} the storage\n",
            table.name(),
            done.files_removed,
            done.files_deleted
        ));
    }
    Ok(())
}
