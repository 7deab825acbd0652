//! `foreshadow journal dead`: what no worker could read, and the way back.

use crate::{
    between::Between,
    cli::{Dead, Global, JournalCommand},
    clock::WallClock,
    commands::check,
    outcome::{Outcome, print},
    place::Place,
    plain::one_line,
    settings::environment,
    system::Deployment,
};
use anyhow::{Context, Result};
use journal::{
    Log, Position,
    dead::{self, Buried, DEAD_TOPIC},
};
use std::sync::Arc;

/// Letters that are read at once.
const AT_ONCE: usize = 256;

pub(crate) fn run(global: &Global, command: JournalCommand) -> Result<Outcome> {
    let JournalCommand::Dead(args) = command;
    let pipeline = match check::needed(global, "journal dead")? {
        Ok(pipeline) => pipeline,
        Err(outcome) => return Ok(outcome),
    };
    let secrets = environment();
    let place = Place::of(global, &pipeline.s3, &secrets)?;
    let deployment = Deployment::new(place, pipeline, secrets, Arc::new(WallClock));
    let log = Between::open(&deployment)?.log();
    match args {
        Dead { replay: None } => list(&*log)?,
        Dead { replay: Some(place) } => replay(&*log, &place)?,
    }
    Ok(Outcome::Done)
}

fn list(log: &dyn Log) -> Result<()> {
    let mut letters = 0;
    for partition in 0..log.partitions(DEAD_TOPIC)? {
        let mut offset = log.kept(DEAD_TOPIC, partition)?.start;
        loop {
            let buried = dead::list(log, Position { partition, offset }, AT_ONCE)?;
            let Some(last) = buried.last() else { break };
            offset = last.at.offset + 1;
            letters += buried.len();
            buried.iter().for_each(|buried| print(&line(buried)));
        }
    }
    let many = if letters == 1 { "letter" } else { "letters" };
    print(&format!("{letters} dead {many}\n"));
    Ok(())
}

fn line(Buried { at, letter }: &Buried) -> String {
    let place = format!("{}:{}", at.partition, at.offset);
    match letter {
        None => format!("{place}  written by another program, or a newer one\n"),
        Some(letter) => format!(
            "{place}  from {} {}:{}, {} bytes: {}\n",
            letter.topic,
            letter.origin.partition,
            letter.origin.offset,
            letter.payload.len(),
            one_line(&letter.reason)
        ),
    }
}

fn replay(log: &dyn Log, place: &str) -> Result<()> {
    let numbers = place.split_once(':');
    let read = |(partition, offset): (&str, &str)| {
        Some(Position { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
    };
    let at = numbers.and_then(read).with_context(|| {
        format!("`{}` is no place: write it as `journal dead` lists it, 0:17", one_line(place))
    })?;
    let letter = dead::replay(log, at)?;
    print(&format!("{place} is in {} again; a worker reads it next\n", letter.topic));
    Ok(())
}
