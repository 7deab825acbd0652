//! The digest of a cell's definition: everything that its evidence depends on, and nothing else.
//! Reordering fields, comments, prices, budgets, sampling and the gate leave it as it is; of the gate only
//! whether calls that a translation takes something from are asked counts, of the provider what was said of
//! its forms, and of the sampling the share of labels where the range of losses follows from it.

use crate::{
    CategoryDef, JudgeFigures, Pipeline, Target, load::provider::has_responses, pipeline::tolerance,
};
use confidence::{Mode, Tolerance};
use policy::{LossyTranslation, OnStore, When};
use score::{Role, VerdictRule};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

pub(crate) fn definition(pipeline: &Pipeline, category: &str, candidate: &str) -> Option<String> {
    let category = pipeline.category(category)?;
    category.candidates.iter().find(|name| *name == candidate)?;
    let tolerance = tolerance(category, pipeline.figures(JudgeFigures::FLAWLESS)).ok()?;
    Some(cell(pipeline, category, candidate, tolerance))
}

pub(crate) fn cell(
    pipeline: &Pipeline,
    category: &CategoryDef,
    candidate: &str,
    tolerance: Tolerance,
) -> String {
    let judge = pipeline.judge.as_ref().filter(|_| category.asks_judge());
    let canonical = Canonical {
        format: format(category.mode),
        rules: rules(pipeline, category),
        call_sites: call_sites(pipeline, category),
        mode: category.mode.name(),
        target: match category.target {
            Target::Bar(bar) => ("bar", bar),
            Target::Margin(margin) => ("margin", margin),
        },
        tau: tolerance.tau(),
        audit: (category.mode == Mode::PPI).then(|| category.sampling.audit.value()),
        scorers: scorers(category),
        verdict: verdict(&category.verdict),
        judge: judge.map(|judge| Judge {
            model: &judge.model,
            rubric: &judge.rubric,
            repeats: judge.repeats,
            panel: &judge.panel,
        }),
        control: category.control,
        candidate,
        provider: pipeline.model(candidate).map(|model| model.provider.as_str()),
        responses: responses(pipeline, candidate),
        lossy_translation: refusal(category),
        on_store: waiver(category),
    };
    of(&canonical)
}

/// Which way of making a loss the evidence rests on: in JP the reference's was once the rules' word where
/// that was worse than the judge's.
fn format(mode: Mode) -> u32 {
    match mode {
        Mode::JP => 2,
        Mode::R | Mode::RP | Mode::H | Mode::PPI | Mode::JA | Mode::AA => 1,
    }
}

/// What decides which replies there are: which calls the category claims, whom they are put to, and
/// whether a control is. Scorers, judge, mode and bar only say what is made of them.
pub(crate) fn replies(pipeline: &Pipeline, category: &CategoryDef, candidate: &str) -> String {
    of(&Replies {
        format: 1,
        rules: rules(pipeline, category),
        call_sites: call_sites(pipeline, category),
        control: category.control,
        candidate,
        provider: pipeline.model(candidate).map(|model| model.provider.as_str()),
        responses: responses(pipeline, candidate),
        lossy_translation: refusal(category),
        on_store: waiver(category),
    })
}

/// Whether the candidate's provider has Responses, where that is not what its address says: calls are said
/// otherwise to it then.
fn responses(pipeline: &Pipeline, candidate: &str) -> Option<bool> {
    let provider = pipeline.provider(&pipeline.model(candidate)?.provider)?;
    let known = has_responses(&provider.dialect, &provider.base_url);
    (provider.responses != known).then_some(provider.responses)
}

/// Whether calls are left out that a translation takes something from: others than before are asked then.
fn refusal(category: &CategoryDef) -> Option<&'static str> {
    match category.gate.lossy_translation {
        LossyTranslation::Allowed => None,
        LossyTranslation::Refused => Some(LossyTranslation::Refused.name()),
    }
}

/// Whether calls are asked whose reply their provider would keep: fewer are otherwise.
fn waiver(category: &CategoryDef) -> Option<&'static str> {
    match category.on_store {
        OnStore::AskReference => None,
        OnStore::SwitchOff => Some(OnStore::SwitchOff.name()),
    }
}

/// Rules are asked in order, so one above can take calls away from one below.
fn rules<'a>(
    pipeline: &'a Pipeline,
    category: &'a CategoryDef,
) -> Vec<(&'a str, Option<&'a When>)> {
    let above = pipeline.categories.iter().take_while(|other| other.name != category.name);
    above.chain([category]).map(|other| (other.name.as_str(), other.rule.as_ref())).collect()
}

/// The call sites that have the category's name.
fn call_sites<'a>(pipeline: &'a Pipeline, category: &CategoryDef) -> Vec<&'a str> {
    let named = pipeline.call_sites.iter().filter(|named| named.name == category.name);
    let mut sites: Vec<&str> = named.map(|named| named.site.as_str()).collect();
    sites.sort_unstable();
    sites
}

fn of(canonical: &impl Serialize) -> String {
    // Texts and finite numbers always have a JSON form; an empty one would still be a stable one.
    let text = serde_json::to_vec(canonical).unwrap_or_default();
    format!("{:x}", Sha256::digest(text))
}

/// Fields in a fixed order and maps sorted, so that equal definitions have equal bytes.
#[derive(Serialize)]
struct Canonical<'a> {
    format: u32,
    rules: Vec<(&'a str, Option<&'a When>)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    call_sites: Vec<&'a str>,
    mode: &'static str,
    target: (&'static str, f64),
    tau: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    audit: Option<f64>,
    scorers: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Rule<'a>>,
    judge: Option<Judge<'a>>,
    control: bool,
    candidate: &'a str,
    provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    responses: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lossy_translation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_store: Option<&'static str>,
}

/// The digest of each scorer that does not count like the others, with its weight if it counts at all.
#[derive(Serialize)]
struct Rule<'a> {
    combine: &'static str,
    roles: BTreeMap<&'a str, Option<f64>>,
}

#[derive(Serialize)]
struct Replies<'a> {
    format: u32,
    rules: Vec<(&'a str, Option<&'a When>)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    call_sites: Vec<&'a str>,
    control: bool,
    candidate: &'a str,
    provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    responses: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lossy_translation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_store: Option<&'static str>,
}

#[derive(Serialize)]
struct Judge<'a> {
    model: &'a str,
    rubric: &'a str,
    repeats: u32,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    panel: &'a [String],
}

/// How scores add up, where that is not the usual way.
fn verdict(rule: &VerdictRule) -> Option<Rule<'_>> {
    let weight = |role: &Role| match role {
        Role::Required { weight } => Some(*weight),
        Role::Informs => None,
    };
    (*rule != VerdictRule::default()).then(|| Rule {
        combine: rule.combine.name(),
        roles: rule.roles.iter().map(|(scorer, role)| (scorer.as_str(), weight(role))).collect(),
    })
}

/// Which scorers there are, whatever their order. The scorers of a loaded pipeline compile.
fn scorers(category: &CategoryDef) -> Option<String> {
    let scorers = score::Scorers::compile(&category.scorers).ok()?;
    Some(scorers.digest().to_owned())
}
