//! The demo on recorded answers instead of a simulated world: the same stage, and providers that say
//! what real models said. The schedule is synthetic; what is right and wrong is not.
//!
//! It promotes nothing: how often each model was right is known from the file, and what the tables
//! hold and the evidence says is there to be compared with it.

use super::{
    books, observe, observed_until,
    stage::{Script, Stage},
    words,
};
use crate::{
    cli::{Demo, Global},
    commands::report::on_screen,
    outcome::{Outcome, print},
};
use anyhow::{Result, bail};
use exchange::DAY_US;
use report::Report;
use std::{path::Path, sync::Arc};
use testkit::{
    LiveCall,
    recorded::{Demand, REFERENCE, Recorded},
    world::{CALLER_SECRET, DAYS, START},
};

pub(super) async fn run(global: &Global, args: &Demo, file: &Path) -> Result<Outcome> {
    let set = Arc::new(Recorded::load(file)?);
    let script = script(&set, demand(args)?).await?;
    let mut stage = Stage::set(global, script).await?;
    print(&words::opening(&stage));
    observe(&mut stage, args).await?;
    let (look, rules) = stage.look(observed_until()).await?;
    let report = Report::gather(&look.warehouse, &rules).await?;
    print(&on_screen(&report));
    print(&books::settle(&mut stage).await?);
    stage.strike().await?;
    Ok(Outcome::Done)
}

fn demand(args: &Demo) -> Result<Demand> {
    match (args.bar, args.margin) {
        (Some(bar), None) => Ok(Demand::Bar(bar)),
        (None, Some(margin)) => Ok(Demand::Margin(margin)),
        (Some(_), Some(_)) | (None, None) => {
            bail!("say what is demanded of the recorded candidate: --bar or --margin")
        }
    }
}

async fn script(set: &Arc<Recorded>, demand: Demand) -> Result<Script> {
    let providers = set.start().await?;
    let pipeline_toml = set.pipeline_toml(&Script::base_urls(&providers), demand);
    let mut days: Vec<Vec<LiveCall>> = vec![Vec::new(); DAYS as usize];
    for call in set.calls(START, REFERENCE, CALLER_SECRET) {
        let day = usize::try_from((call.at.0 - START.0) / DAY_US)?;
        match days.get_mut(day) {
            Some(calls) => calls.push(call),
            None => bail!("a recorded call lies {day} days after the first: {DAYS} are played"),
        }
    }
    Ok(Script { providers, pipeline_toml, days })
}
