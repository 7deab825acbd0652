//! From text to a valid pipeline: syntax, sections, checks. Each step notes what it finds and the
//! next one goes on with what is left, so that one run tells everything.

mod anchors;
mod call_site;
mod capability;
mod category;
mod golden;
mod journal;
mod model;
mod names;
pub(crate) mod price;
pub(crate) mod provider;
mod reach;
mod s3;
mod schedule;
mod scorers;
mod secret;
mod settings;
mod target;
mod verdict;

use crate::{
    CategoryDef, JudgeDef, Mistake, Model, Pipeline, Provider, S3,
    mistake::Notes,
    raw::{RawPipeline, s3::RawS3},
};
use serde_spanned::Spanned;
use std::collections::BTreeSet;
use toml::de::DeTable;

/// No pipeline is longer than this.
pub const PIPELINE_BYTES_MAX: usize = 1 << 20;

/// Reads a pipeline that names no other file.
///
/// # Errors
/// Every mistake, in the order of the file, warnings included.
pub fn load(text: &str) -> Result<Pipeline, Vec<Mistake>> {
    load_with_files(text, |_| Err("no file can be read here".to_owned()))
}

/// Reads a pipeline; `read_file` gives the text of a file that it names, by its path relative to
/// the pipeline, or says why not.
///
/// # Errors
/// Every mistake, in the order of the file, warnings included.
pub fn load_with_files(
    text: &str,
    read_file: impl Fn(&str) -> Result<String, String>,
) -> Result<Pipeline, Vec<Mistake>> {
    let mut notes = Notes::new(text);
    let Some(table) = parsed(&mut notes, text) else { return Err(notes.finish()) };
    let raw = RawPipeline::read(&mut notes, &table);
    let pipeline = check(&mut notes, &raw, &read_file);
    match pipeline {
        Some(pipeline) if !notes.has_errors() => {
            Ok(Pipeline { warnings: notes.finish(), ..pipeline })
        }
        Some(_) | None => Err(notes.finish()),
    }
}

/// Reads of a pipeline how the store is reached, whatever the rest of the file says: what is recorded
/// can be read, and a category demoted, while somebody edits another one.
///
/// # Errors
/// Every mistake of that section, in the order of the file.
pub fn s3_with_files(
    text: &str,
    read_file: impl Fn(&str) -> Result<String, String>,
) -> Result<S3, Vec<Mistake>> {
    let mut notes = Notes::new(text);
    let Some(table) = parsed(&mut notes, text) else { return Err(notes.finish()) };
    let written = table.get_ref().get("s3");
    let raw = written.and_then(|value| RawS3::read(&mut notes, value));
    let s3 = s3::s3(&mut notes, raw.as_ref(), &read_file);
    if notes.has_errors() { Err(notes.finish()) } else { Ok(s3) }
}

/// The file as TOML; where it is none, its mistakes are noted, one for each line.
fn parsed<'t>(notes: &mut Notes<'_>, text: &'t str) -> Option<Spanned<DeTable<'t>>> {
    if text.len() > PIPELINE_BYTES_MAX {
        let what = format!("the pipeline is {} bytes long", text.len());
        notes.error(0..0, what, format!("keep it under {PIPELINE_BYTES_MAX} bytes"));
        return None;
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut lines = BTreeSet::new();
    for error in &errors {
        let at = error.span().unwrap_or(0..0);
        // What follows on the same line is most often the same mistake.
        let before = text.get(..at.start).unwrap_or_default();
        if !lines.insert(before.matches('\n').count()) {
            continue;
        }
        let what = format!("not TOML: {}", error.message().replace('\n', ", "));
        notes.error(at, what, "mend the syntax; the rest is checked after that");
    }
    // What the parser made of broken text would only be held against the user a second time.
    (!notes.has_errors()).then_some(table)
}

/// What sections have been found to say, for those that refer to them.
pub(crate) struct Known<'a> {
    pub(crate) providers: &'a [Provider],
    pub(crate) models: &'a [Model],
    pub(crate) judge: Option<&'a JudgeDef>,
    /// Whether there is a judge, be it a broken one.
    pub(crate) judge_is_written: bool,
    /// The categories, be they broken ones.
    pub(crate) category_names: &'a [&'a str],
    /// Whether it may judge replies of its own family.
    pub(crate) same_family: SameFamily,
}

/// Whether a judge may judge replies of its own family.
#[derive(Clone, Copy)]
pub(crate) enum SameFamily {
    Refused,
    Allowed,
}

impl Known<'_> {
    pub(crate) fn provider_names(&self) -> Vec<&str> {
        self.providers.iter().map(|provider| provider.name.as_str()).collect()
    }

    pub(crate) fn model_names(&self) -> Vec<&str> {
        self.models.iter().map(|model| model.name.as_str()).collect()
    }

    pub(crate) fn model(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.name == name)
    }

    pub(crate) fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == name)
    }
}

/// The text of a file that the pipeline names, or why there is none.
pub(crate) type ReadFile<'f> = dyn Fn(&str) -> Result<String, String> + 'f;

/// `None` where something is missing that has no default; the mistake is noted then.
fn check(
    notes: &mut Notes<'_>,
    raw: &RawPipeline<'_>,
    read_file: &ReadFile<'_>,
) -> Option<Pipeline> {
    let providers = provider::all(notes, &raw.providers, read_file);
    let models = model::all(notes, &raw.models, &providers);
    let from_tables = model::from_tables(notes, &raw.models, (&models, &providers));
    let judge = settings::judge(notes, raw.judge.as_ref(), &models, read_file);
    let budget = settings::budget(notes, raw);
    let mirror = settings::mirror(notes, raw.mirror.as_ref());
    let journal = journal::journal(notes, raw.journal.as_ref(), &mirror, read_file);
    let s3 = s3::s3(notes, raw.s3.as_ref(), read_file);
    let defaults = settings::defaults(notes, raw, judge.as_ref());
    let category_names: Vec<&str> = raw
        .categories
        .iter()
        .filter_map(|category| Some(category.name.as_ref()?.get_ref().as_str()))
        .collect();
    let known = Known {
        providers: &providers,
        models: &models,
        judge: judge.as_ref(),
        judge_is_written: raw.judge.is_some(),
        category_names: &category_names,
        same_family: match raw.judge.as_ref().and_then(|judge| judge.same_family.as_ref()) {
            Some(allowed) if *allowed.get_ref() => SameFamily::Allowed,
            Some(_) | None => SameFamily::Refused,
        },
    };
    let categories: Vec<CategoryDef> = category::all(notes, raw, &known, &defaults);
    let call_sites = call_site::all(notes, &raw.call_sites);
    let golden = golden::golden(notes, raw.golden.as_ref(), (&known, &categories), read_file);
    Some(Pipeline {
        name: raw.name.as_ref()?.get_ref().clone(),
        providers,
        models,
        categories,
        call_sites,
        judge,
        budget: budget?,
        mirror,
        journal,
        s3,
        golden,
        from_tables,
        warnings: Vec::new(),
    })
}
