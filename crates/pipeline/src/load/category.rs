//! `[[category]]`: its rule, its mode and target, its candidates.

use super::{
    Known, SameFamily, capability, names, reach, scorers,
    settings::{self, Defaults, Words, check_pattern, word},
    target,
};
use crate::{
    CategoryDef, JudgeDef, JudgeForm, Model, Risk,
    mistake::{Notes, Span, place},
    raw::{RawCategory, RawPipeline, RawTokenRange, RawWhen},
    suggest::{did_you_mean, quoted},
};
use confidence::Mode;
use policy::{
    GateRule, OnBlock, OnStore, Share, TokenRange, When,
    categorize::{self, OTHER},
};
use serde_spanned::Spanned;

/// The least share of labels in mode PPI. The losses go up to one over it, and every bet gets smaller by
/// as much.
const AUDIT_MIN: f64 = 0.01;

/// Names that categories get from traffic begin so.
const CALL_SITE_PREFIX: &str = "site-";

const ON_BLOCK: Words<'_, OnBlock> = Words { all: &OnBlock::ALL, name: OnBlock::name };
const ON_STORE: Words<'_, OnStore> = Words { all: &OnStore::ALL, name: OnStore::name };

pub(super) fn all(
    notes: &mut Notes<'_>,
    pipeline: &RawPipeline<'_>,
    known: &Known<'_>,
    defaults: &Defaults,
) -> Vec<CategoryDef> {
    if !pipeline.written.has("category") {
        notes.error(0..0, "the pipeline has no category", "add [[category]] with name, mode, …");
    }
    let raw = &pipeline.categories;
    names::refuse_twice(notes, "category", raw.iter().filter_map(|raw| raw.name.as_ref()));
    let defined: Vec<(Span, CategoryDef)> = raw
        .iter()
        .filter_map(|raw| {
            let at = place(raw.name.as_ref(), &raw.span);
            Some((at, category(notes, raw, known, defaults)?))
        })
        .collect();
    reach::check(notes, &defined);
    defined.into_iter().map(|(_, category)| category).collect()
}

fn category(
    notes: &mut Notes<'_>,
    raw: &RawCategory<'_>,
    known: &Known<'_>,
    defaults: &Defaults,
) -> Option<CategoryDef> {
    if let Some(name) = &raw.name {
        check_name(notes, name);
    }
    let rule = raw.when.as_ref().map(|when| rule(notes, when, known));
    check_reference_price(notes, raw, known);
    let mode = mode(notes, raw);
    let risk = target::risk(notes, raw);
    let target = mode.and_then(|mode| target::target(notes, raw, (mode, risk)));
    let allowed_providers = allowed_providers(notes, raw, known);
    let candidates = candidates(notes, raw, known, &allowed_providers);
    if let Some(mode) = mode {
        check_judge(notes, raw, known, mode);
    }
    if mode.is_some_and(Mode::asks_judge) {
        check_partiality(notes, raw, known, &allowed_providers);
    }
    let (scorers, verdict) = scorers::all(notes, raw, mode);
    let sampling = settings::sampling(notes, raw.sampling.as_ref(), defaults.sampling);
    if let Some(mode) = mode {
        check_labels(notes, raw, mode, sampling.audit);
    }
    let threshold = risk.map_or(defaults.gate.threshold, Risk::threshold);
    let otherwise = GateRule { threshold, ..defaults.gate.clone() };
    let gate = settings::gate(notes, raw.gate.as_ref(), otherwise);
    let mode = mode?;
    Some(CategoryDef {
        name: raw.name.as_ref()?.get_ref().clone(),
        rule,
        mode,
        risk,
        target: target?,
        candidates,
        control: control(notes, raw, mode),
        allowed_providers,
        scorers,
        verdict,
        sampling,
        gate,
        on_block: word(notes, "on_block", raw.on_block.as_ref(), ON_BLOCK).unwrap_or_default(),
        on_store: word(notes, "on_store", raw.on_store.as_ref(), ON_STORE).unwrap_or_default(),
    })
}

pub(super) fn check_name(notes: &mut Notes<'_>, name: &Spanned<String>) {
    names::check(notes, "category", name, &[OTHER]);
    if name.get_ref().starts_with(CALL_SITE_PREFIX) {
        let what = format!("`{}` is reserved for call sites", name.get_ref());
        let remedy = format!("choose a name that does not begin with `{CALL_SITE_PREFIX}`");
        notes.error(name.span(), what, remedy);
    }
}

fn rule(notes: &mut Notes<'_>, raw: &RawWhen, known: &Known<'_>) -> When {
    if let Some(system) = &raw.system {
        check_pattern(notes, system);
    }
    if let Some(provider) = &raw.provider
        && known.provider(provider.get_ref()).is_none()
    {
        let what = format!("there is no provider `{}`", provider.get_ref());
        notes.error(
            provider.span(),
            what,
            did_you_mean(provider.get_ref(), &known.provider_names()),
        );
    }
    let text = |raw: &Option<Spanned<String>>| raw.as_ref().map(|text| text.get_ref().clone());
    // Header names arrive in lower case, whatever the file says.
    let header = raw.header.iter().map(|(name, value)| (name.to_lowercase(), value.clone()));
    When {
        header: header.collect(),
        provider: text(&raw.provider),
        path: text(&raw.path),
        model: text(&raw.model),
        system: text(&raw.system),
        tools: texts(raw.tools.as_ref()),
        response_format: text(&raw.response_format),
        metadata: raw.metadata.clone(),
        prompt_tokens: raw.prompt_tokens.as_ref().map(|range| token_range(notes, range)),
        tenant: text(&raw.tenant),
        priority: text(&raw.priority),
    }
}

fn token_range(notes: &mut Notes<'_>, raw: &RawTokenRange) -> TokenRange {
    let min = raw.min.as_ref().map(|min| *min.get_ref());
    let max = raw.max.as_ref().map(|max| *max.get_ref());
    if let (Some(least), Some(most)) = (min, max)
        && least > most
    {
        let at = place(raw.min.as_ref(), &raw.span);
        let what = format!("no prompt has at least {least} and at most {most} tokens");
        notes.error(at, what, "swap `min` and `max`, or leave one out");
    }
    TokenRange { min, max }
}

fn texts(raw: Option<&Spanned<Vec<Spanned<String>>>>) -> Vec<String> {
    let items = raw.map(|raw| raw.get_ref().as_slice()).unwrap_or_default();
    items.iter().map(|item| item.get_ref().clone()).collect()
}

fn mode(notes: &mut Notes<'_>, raw: &RawCategory<'_>) -> Option<Mode> {
    let Some(written) = &raw.mode else {
        if raw.written.has("mode") {
            return None;
        }
        let remedy = "add `mode = \"R\"` (rules), `\"RP\"` (rules, paired), `\"JP\"` (judge, \
                      paired) or `\"A/A\"` (agreement)";
        notes.error(raw.span.clone(), "the category has no `mode`", remedy);
        return None;
    };
    let name = match written.get_ref().as_str() {
        "A/A" => Mode::AA.name(),
        other => other,
    };
    match name.parse::<Mode>() {
        Ok(mode) => Some(mode),
        Err(_) => {
            let what = format!("there is no mode `{}`", written.get_ref());
            let known = ["R", "RP", "H", "PPI", "JP", "JA", "A/A"];
            notes.error(written.span(), what, format!("use one of {}", quoted(&known)));
            None
        }
    }
}

fn allowed_providers(
    notes: &mut Notes<'_>,
    raw: &RawCategory<'_>,
    known: &Known<'_>,
) -> Vec<String> {
    let written = raw.allowed_providers.as_ref();
    for name in written.map(|raw| raw.get_ref().as_slice()).unwrap_or_default() {
        if known.provider(name.get_ref()).is_none() {
            let what = format!("there is no provider `{}`", name.get_ref());
            notes.error(name.span(), what, did_you_mean(name.get_ref(), &known.provider_names()));
        }
    }
    if let Some(written) = written.filter(|written| written.get_ref().is_empty()) {
        let what = "`allowed_providers` is empty, which would allow none";
        notes.error(written.span(), what, "name providers, or leave it out to allow every one");
    }
    texts(written)
}

fn candidates(
    notes: &mut Notes<'_>,
    raw: &RawCategory<'_>,
    known: &Known<'_>,
    allowed: &[String],
) -> Vec<String> {
    let written = raw.candidates.as_ref().map(|raw| raw.get_ref().as_slice()).unwrap_or_default();
    let is_broken = raw.candidates.is_none() && raw.written.has("candidates");
    if written.is_empty() && !is_broken {
        let at = place(raw.candidates.as_ref(), &raw.span);
        let remedy = "add `candidates = [\"…\"]` with the names of cheaper models";
        notes.error(at, "the category has no candidates", remedy);
    }
    names::refuse_twice(notes, "candidate", written.iter());
    for candidate in written {
        check_candidate(notes, raw, known, (candidate, allowed));
    }
    texts(raw.candidates.as_ref())
}

fn check_candidate(
    notes: &mut Notes<'_>,
    raw: &RawCategory<'_>,
    known: &Known<'_>,
    (candidate, allowed): (&Spanned<String>, &[String]),
) {
    let name = candidate.get_ref();
    let Some(model) = known.model(name) else {
        let what = format!("there is no model `{name}`");
        notes.error(candidate.span(), what, did_you_mean(name, &known.model_names()));
        return;
    };
    check_allowed(notes, (candidate.span(), "candidate"), model, (known, allowed));
    capability::check(notes, candidate.span(), model, raw.when.as_ref());
    if model.prices.is_empty() {
        let what = format!("`{name}` has no price, so it is never called cheaper or promoted");
        notes.warning(candidate.span(), what, "add `price` to the model");
    }
    let reference = raw.when.as_ref().and_then(|when| when.model.as_ref());
    let Some(reference) = reference.map(Spanned::get_ref) else { return };
    if reference == name {
        let what = format!("the candidate `{name}` is the reference itself");
        notes.error(candidate.span(), what, "name a cheaper model");
    } else if categorize::matches(reference, name) {
        let what = format!("`{reference}` also claims calls to the candidate `{name}` itself");
        notes.warning(candidate.span(), what, "narrow `model` in `when`");
    }
}

/// A copy of a call goes only where its category and its provider allow.
fn check_allowed(
    notes: &mut Notes<'_>,
    (at, what): (Span, &str),
    model: &Model,
    (known, allowed): (&Known<'_>, &[String]),
) {
    let Model { name, provider, .. } = model;
    let Some(found) = known.provider(provider) else { return };
    if !found.allowed {
        let mistake =
            format!("the {what} `{name}` is served by `{provider}`, which is not allowed");
        notes.error(at, mistake, format!("take out `allowed = false` of `{provider}`"));
    } else if !allowed.is_empty() && !allowed.contains(provider) {
        let mistake =
            format!("the {what} `{name}` is served by `{provider}`, which this category forbids");
        notes.error(at, mistake, format!("add \"{provider}\" to `allowed_providers`"));
    }
}

/// A judged mode needs the judge, and no other mode asks it.
fn check_judge(notes: &mut Notes<'_>, raw: &RawCategory<'_>, known: &Known<'_>, mode: Mode) {
    let written = raw.judge.as_ref();
    let at = place(raw.mode.as_ref(), &raw.span);
    let asks_judge = mode.asks_judge();
    let instead = if mode.asks_people() { "use mode H" } else { "use mode R or RP" };
    let mode = shown(mode);
    match (asks_judge, written.map(|judge| *judge.get_ref())) {
        (true, Some(false)) => {
            let what = format!("mode {mode} is judged, and `judge` is false");
            notes.error(place(written, &at), what, format!("take out `judge`, or {instead}"));
        }
        (false, Some(true)) => {
            let what = format!("mode {mode} asks no judge");
            notes.error(place(written, &at), what, "use mode JP, or take out `judge`");
        }
        (true, Some(true) | None) if !known.judge_is_written => {
            let what = format!("mode {mode} needs a judge, and there is none");
            notes.error(at, what, "add [judge] with model and rubric");
        }
        (true, Some(true) | None) | (false, Some(false) | None) => {}
    }
}

/// Where people decide, somebody has to be asked; and where a label stands for all that were not drawn
/// beside it, none may stand for too many.
fn check_labels(notes: &mut Notes<'_>, raw: &RawCategory<'_>, mode: Mode, audit: Share) {
    let written = raw.sampling.as_ref().and_then(|sampling| sampling.audit.as_ref());
    let at = place(written, &place(raw.mode.as_ref(), &raw.span));
    if mode.asks_people() && audit <= Share::NONE {
        let what = format!("mode {} rests on labels, and `audit` is 0", shown(mode));
        notes.error(at, what, "write `sampling = { audit = 0.1 }`, or use a mode without labels");
    } else if mode == Mode::PPI && audit.value() < AUDIT_MIN {
        let what = format!("`audit` is {:?}, and in mode PPI a label would count", audit.value());
        let what = format!("{what} {:.0} times", 1.0 / audit.value());
        notes.error(at, what, format!("write at least {AUDIT_MIN}, or use mode H"));
    }
}

/// A judge favours its own answers and those of its kin, and sees the call: it must be neither of
/// the models it compares, nor sit where the call may not go.
fn check_partiality(
    notes: &mut Notes<'_>,
    raw: &RawCategory<'_>,
    known: &Known<'_>,
    allowed: &[String],
) {
    let judges = known.judge.into_iter().flat_map(JudgeDef::models);
    for judge in judges.filter_map(|name| known.model(name)) {
        check_partial(notes, raw, (known, judge), allowed);
    }
}

fn check_partial(
    notes: &mut Notes<'_>,
    raw: &RawCategory<'_>,
    (known, judge): (&Known<'_>, &Model),
    allowed: &[String],
) {
    let at = place(raw.mode.as_ref(), &raw.span);
    check_allowed(notes, (at.clone(), "judge"), judge, (known, allowed));
    if let Some(JudgeForm::Schema) = known.judge.and_then(|judge| judge.form) {
        capability::check_judge(notes, at.clone(), judge);
    }
    let candidates = raw.candidates.as_ref().map(|raw| raw.get_ref().as_slice());
    let candidates = candidates.unwrap_or_default().iter();
    for name in candidates {
        let model = known.model(name.get_ref());
        refuse_partial(notes, (known, judge), (name.span(), "candidate"), model);
    }
    for (at, model) in references(raw, known) {
        refuse_partial(notes, (known, judge), (at, "reference"), Some(model));
    }
    let kin = unnamed_references(raw, known).find(|model| model.family == judge.family);
    refuse_partial(notes, (known, judge), (at, "reference"), kin);
}

/// Whom a judge may meet as the reference where the rule names no model: every one of the file that is
/// neither on trial in the category nor a judge.
fn unnamed_references<'a>(
    raw: &RawCategory<'_>,
    known: &Known<'a>,
) -> impl Iterator<Item = &'a Model> {
    let is_named = raw.when.as_ref().is_some_and(|when| when.model.is_some());
    let candidates = raw.candidates.as_ref().map(|raw| raw.get_ref().as_slice());
    let is_candidate = move |model: &Model| {
        candidates.unwrap_or_default().iter().any(|name| *name.get_ref() == model.name)
    };
    let judges = move |model: &Model| {
        known.judge.is_some_and(|judge| judge.models().any(|name| name == model.name))
    };
    known.models.iter().filter(move |it| !is_named && !is_candidate(it) && !judges(it))
}

fn refuse_partial(
    notes: &mut Notes<'_>,
    (known, judge): (&Known<'_>, &Model),
    (at, arm): (Span, &str),
    model: Option<&Model>,
) {
    let Some(model) = model else { return };
    let Model { name, family, .. } = judge;
    if model.name == *name {
        let what = format!("the judge `{name}` would judge its own replies as {arm}");
        notes.error(at, what, "choose a judge that serves neither arm");
    } else if model.family == *family {
        let what =
            format!("the judge `{name}` is of the {arm}'s family, `{family}`, and favours it");
        let remedy = "choose a judge of another family, write `family` where the name misleads, or \
                      allow it by [judge] same_family = true";
        match known.same_family {
            SameFamily::Refused => notes.error(at, what, remedy),
            SameFamily::Allowed => {
                notes.warning(at, what, "watch its kindness to kin in `foreshadow judge`");
            }
        }
    }
}

/// The models that the rule lets a client ask for, as far as the file names them.
fn references<'a>(raw: &RawCategory<'_>, known: &Known<'a>) -> Vec<(Span, &'a Model)> {
    let Some(pattern) = raw.when.as_ref().and_then(|when| when.model.as_ref()) else {
        return Vec::new();
    };
    let claimed = known.models.iter().filter(|m| categorize::matches(pattern.get_ref(), &m.name));
    claimed.map(|model| (pattern.span(), model)).collect()
}

/// Nothing is cheaper than what has no price.
fn check_reference_price(notes: &mut Notes<'_>, raw: &RawCategory<'_>, known: &Known<'_>) {
    let Some(pattern) = raw.when.as_ref().and_then(|when| when.model.as_ref()) else { return };
    if references(raw, known).iter().any(|(_, model)| !model.prices.is_empty()) {
        return;
    }
    let what = format!("the reference `{}` has no price, so nothing is cheaper", pattern.get_ref());
    notes.warning(pattern.span(), what, "add it as [[model]] with `price`");
}

/// The mode as people write it.
pub(super) fn shown(mode: Mode) -> &'static str {
    match mode {
        Mode::AA => "A/A",
        Mode::R | Mode::RP | Mode::H | Mode::PPI | Mode::JP | Mode::JA => mode.name(),
    }
}

/// Agreement is measured in excess of the reference's disagreement with itself.
fn control(notes: &mut Notes<'_>, raw: &RawCategory<'_>, mode: Mode) -> bool {
    let written = raw.control.as_ref();
    if let (Mode::AA, Some(control)) = (mode, written.filter(|control| !control.get_ref())) {
        let what = "mode A/A needs a control, and `control` is false";
        notes.error(control.span(), what, "take out `control`");
    }
    written.map_or(mode == Mode::AA, |control| *control.get_ref())
}
