//! The commands, one file each. This is the program's table of contents.

mod categories;
mod check;
mod demo;
mod demote;
pub(crate) mod explain;
pub(crate) mod golden;
mod journal;
pub(crate) mod judge;
mod label;
mod lake;
mod models;
mod plan;
pub(crate) mod policy;
mod promote;
mod replay;
mod report;
mod rescore;
mod simulate_gate;
mod sql;
pub(crate) mod up;

use crate::{
    cli::{Cli, Command},
    outcome::Outcome,
};
use anyhow::Result;
use up::{Listening, Role};

pub(crate) async fn run(cli: Cli) -> Result<Outcome> {
    let global = cli.global;
    match cli.command {
        Command::Demo(args) => Box::pin(demo::run(&global, &args)).await,
        Command::Up(args) => Box::pin(up::run(&global, Role::All, Listening::live(&args))).await,
        Command::Journal(args) => journal::run(&global, args.command),
        Command::Proxy(args) => {
            Box::pin(up::run(&global, Role::Proxy, Listening::live(&args))).await
        }
        Command::Worker(args) => {
            Box::pin(up::run(&global, Role::Worker, Listening::aside(&args))).await
        }
        Command::Console(args) => {
            Box::pin(up::run(&global, Role::Console, Listening::aside(&args))).await
        }
        Command::Check(args) => check::run(&global, &args),
        Command::Models => models::run(&global),
        Command::Categories(args) => categories::run(&global, &args).await,
        Command::Plan(args) => Box::pin(plan::run(&global, &args)).await,
        Command::Report(args) => report::run(&global, &args).await,
        Command::Sql(args) => sql::run(&global, &args).await,
        Command::Promote(args) => promote::run(&global, &args).await,
        Command::Demote(args) => demote::run(&global, &args).await,
        Command::Policy(args) => policy::run(&global, &args.command).await,
        Command::Label(args) => Box::pin(label::run(&global, &args)).await,
        Command::Judge(args) => Box::pin(judge::run(&global, &args)).await,
        Command::Explain(args) => explain::run(&global, &args).await,
        Command::Golden(args) => Box::pin(golden::run(&global, &args)).await,
        Command::Replay(args) => Box::pin(replay::run(&global, &args)).await,
        Command::Rescore(args) => Box::pin(rescore::run(&global, &args)).await,
        Command::SimulateGate(args) => simulate_gate::run(&global, &args),
        Command::Lake(args) => lake::run(&global, &args.command).await,
    }
}
