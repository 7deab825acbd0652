//! `foreshadow label`: people say which replies would do, without knowing whose they are.

mod given;
mod queue;
mod screen;
mod session;
mod sheet;

use crate::{
    cli::{Global, Label, LabelCommand},
    outcome::Outcome,
};
use anyhow::Result;

pub(crate) async fn run(global: &Global, args: &Label) -> Result<Outcome> {
    match &args.command {
        None => session::run(global, &args.choice).await,
        Some(LabelCommand::Export { choice }) => sheet::export(global, choice).await,
        Some(LabelCommand::Import { file, by }) => sheet::import(global, file, by.as_deref()).await,
    }
}
