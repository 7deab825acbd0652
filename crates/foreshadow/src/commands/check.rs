//! `foreshadow check`: every mistake of a pipeline at its line, in one go, with the remedy.

use crate::{
    cli::{Check, Format, Global},
    clock::WallClock,
    outcome::{Outcome, print},
    place::Place,
    settings::environment,
};
use anyhow::{Context, Result, bail};
use exchange::Clock;
use pipeline::{Mistake, Pipeline, load_with_files, s3_with_files};
use std::{
    fs,
    path::{Path, PathBuf},
};

pub(crate) fn run(global: &Global, args: &Check) -> Result<Outcome> {
    let Some(file) = args.file.as_ref().or(global.pipeline.as_ref()) else {
        bail!("say which pipeline: `foreshadow check FILE` (shipped examples are in pipelines/)");
    };
    let checked = read(file)?;
    let mistakes = match &checked {
        Ok(pipeline) => [pipeline.warnings.clone(), pipeline.aged(WallClock.now())].concat(),
        Err(mistakes) => mistakes.clone(),
    };
    if global.format == Some(Format::Json) {
        print(&format!("{}\n", serde_json::to_string_pretty(&mistakes)?));
    } else {
        print(&in_words(file, &mistakes));
    }
    match checked {
        Ok(pipeline) => {
            if global.format != Some(Format::Json) {
                print(&summary(file, &pipeline));
            }
            Ok(Outcome::Done)
        }
        Err(_) => Ok(Outcome::Wrong),
    }
}

/// The pipeline that a command needs, or its mistakes on standard error.
pub(crate) fn needed(global: &Global, command: &str) -> Result<Result<Pipeline, Outcome>> {
    let Some(file) = &global.pipeline else {
        bail!(
            "`{command}` needs a pipeline: --pipeline FILE (shipped examples are in pipelines/; \
             `foreshadow check FILE` validates one)"
        );
    };
    Ok(read(file)?.map_err(|mistakes| wrong(file, &mistakes)))
}

/// Where a command works that needs no pipeline. The store of a bucket is reached as one says, if one is
/// named, whatever else stands in that file.
pub(crate) fn place(global: &Global) -> Result<Result<Place, Outcome>> {
    let s3 = match &global.pipeline {
        Some(file) if Place::is_bucket(global) => {
            let text = text_of(file)?;
            match s3_with_files(&text, |name| beside(file, name)) {
                Ok(s3) => s3,
                Err(mistakes) => return Ok(Err(wrong(file, &mistakes))),
            }
        }
        Some(_) | None => pipeline::S3::default(),
    };
    Place::of(global, &s3, &environment()).map(Ok)
}

fn wrong(file: &Path, mistakes: &[Mistake]) -> Outcome {
    // Whoever closed our standard error does not want to know.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), in_words(file, mistakes).as_bytes());
    Outcome::Wrong
}

fn read(file: &Path) -> Result<Result<Pipeline, Vec<Mistake>>> {
    Ok(self::text(file, &text_of(file)?))
}

fn text_of(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read the pipeline {}", file.display()))
}

/// What a pipeline of this text would come to if it stood in that file.
pub(crate) fn text(file: &Path, text: &str) -> std::result::Result<Pipeline, Vec<Mistake>> {
    load_with_files(text, |name| beside(file, name))
}

/// A file that the pipeline names.
fn beside(file: &Path, name: &str) -> std::result::Result<String, String> {
    let folder = file.parent().map(PathBuf::from).unwrap_or_default();
    fs::read_to_string(folder.join(name)).map_err(|error| error.to_string())
}

pub(crate) fn in_words(file: &Path, mistakes: &[Mistake]) -> String {
    mistakes.iter().map(|mistake| format!("{}:{mistake}\n", file.display())).collect()
}

fn summary(file: &Path, pipeline: &Pipeline) -> String {
    let cells: usize = pipeline.categories.iter().map(|it| it.candidates.len()).sum();
    format!(
        "{}: pipeline `{}` is valid: {} categories, {cells} cells, {} models of {} providers\n",
        file.display(),
        pipeline.name,
        pipeline.categories.len(),
        pipeline.models.len(),
        pipeline.providers.len(),
    )
}
