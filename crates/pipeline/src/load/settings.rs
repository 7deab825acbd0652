//! The sections that there is one of: judge, budget, mirror, and the defaults of categories.

use super::{ReadFile, anchors::anchors, capability};
use crate::{
    Budget, JudgeDef, JudgeForm, Mirror, Model, Redaction,
    mistake::{Notes, place},
    raw::{RawBudget, RawGate, RawJudge, RawMirror, RawPipeline, RawSampling},
    suggest::did_you_mean,
};
use exchange::NanoUsd;
use policy::{
    GateRule, LossyTranslation, Sampling, Share, UnmeasuredJudge, gate::OBSERVATION_DAYS_FLOOR,
};
use regex::Regex;
use serde_spanned::Spanned;
use std::ops::RangeInclusive;

/// What is mirrored of a body unless the pipeline says otherwise.
const BODY_BYTES_DEFAULT: u64 = 8 << 20;

/// The most that can be mirrored of a body: two of them have to fit one event.
const BODY_BYTES_MAX: u64 = 96 << 20;

/// Models on one panel; each is paid for every pair.
const PANEL_MAX: usize = 5;
/// Asking a judge more often than this says nothing new.
const REPEATS_MAX: u64 = 9;

/// A judge below this tells next to nothing, and shrinks every margin to nothing.
const YOUDENS: RangeInclusive<f64> = 0.01..=1.0;

/// A budget beyond this is a slip of the hand.
const PER_DAY_USD_MAX: f64 = 1e6;

const OBSERVATION_DAYS_MAX: u64 = 366;

/// The share of the asked calls that people are to label, where nothing is written.
const AUDIT_DEFAULT: f64 = 0.1;

/// What holds for a category that does not say otherwise.
pub(super) struct Defaults {
    pub(super) sampling: Sampling,
    pub(super) gate: GateRule,
}

pub(super) fn judge(
    notes: &mut Notes<'_>,
    raw: Option<&RawJudge>,
    models: &[Model],
    read_file: &ReadFile<'_>,
) -> Option<JudgeDef> {
    let raw = raw?;
    if let Some(model) = &raw.model {
        let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
        if !names.contains(&model.get_ref().as_str()) {
            let what = format!("there is no model `{}` to judge", model.get_ref());
            notes.error(model.span(), what, did_you_mean(model.get_ref(), &names));
        }
    }
    let rubric = rubric(notes, raw, read_file);
    let repeats = raw.repeats.as_ref().map_or(1, |repeats| *repeats.get_ref());
    if !(1..=REPEATS_MAX).contains(&repeats) {
        let at = place(raw.repeats.as_ref(), &raw.span);
        let remedy = format!("ask it 1 to {REPEATS_MAX} times");
        notes.error(at, format!("the judge is asked {repeats} times"), remedy);
    }
    let assumed_youden = raw.assumed_youden.as_ref().map(|youden| assumed(notes, youden));
    let youden_min = youden_min(notes, raw);
    let panel = panel(notes, raw, models);
    let model = raw.model.as_ref()?.get_ref().clone();
    let judges = models.iter().filter(|it| it.name == model || panel.contains(&it.name));
    Some(JudgeDef {
        form: form(notes, raw.form.as_ref()).or_else(|| known_form(judges)),
        model,
        panel,
        youden_min,
        rubric: rubric?,
        repeats: u32::try_from(repeats).unwrap_or(1),
        assumed_youden,
        anchors: raw.anchors.as_ref().map(|raw| anchors(notes, raw)),
    })
}

fn rubric(notes: &mut Notes<'_>, raw: &RawJudge, read_file: &ReadFile<'_>) -> Option<String> {
    match (&raw.rubric, &raw.rubric_file) {
        (Some(rubric), None) if !rubric.get_ref().trim().is_empty() => {
            Some(rubric.get_ref().clone())
        }
        (None, Some(file)) => match read_file(file.get_ref()) {
            Ok(text) if text.trim().is_empty() => {
                let what = format!("the rubric `{}` is empty", file.get_ref());
                notes.error(file.span(), what, "say in it what makes a reply acceptable");
                None
            }
            Ok(text) => Some(text),
            Err(why) => {
                let what = format!("the rubric `{}` cannot be read", file.get_ref());
                notes.error(file.span(), what, why);
                None
            }
        },
        (Some(rubric), _) => {
            let what = "the rubric is empty, or there are two";
            notes.error(rubric.span(), what, "write one of `rubric` and `rubric_file`");
            None
        }
        (None, None) if raw.written.has("rubric") || raw.written.has("rubric_file") => None,
        (None, None) => {
            let remedy = "add `rubric = \"\"\"…\"\"\"` or `rubric_file = \"…\"`";
            notes.error(raw.span.clone(), "the judge has no rubric", remedy);
            None
        }
    }
}

/// The models that judge beside the first one. Each is asked everything.
fn panel(notes: &mut Notes<'_>, raw: &RawJudge, models: &[Model]) -> Vec<String> {
    let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
    let mut panel: Vec<String> = Vec::new();
    let Some(written) = &raw.panel else { return panel };
    if written.get_ref().len() >= PANEL_MAX {
        let what = format!("{} models judge beside the first one", written.get_ref().len());
        notes.error(written.span(), what, format!("a panel has at most {PANEL_MAX} models"));
    }
    for name in written.get_ref() {
        let model = name.get_ref();
        let first = raw.model.as_ref().map(|model| model.get_ref());
        if !names.contains(&model.as_str()) {
            let what = format!("there is no model `{model}` to judge");
            notes.error(name.span(), what, did_you_mean(model, &names));
        } else if first == Some(model) || panel.contains(model) {
            let what = format!("`{model}` is on the panel twice");
            notes.error(name.span(), what, "name each model once, or raise `repeats`");
        } else {
            panel.push(model.clone());
        }
    }
    panel
}

/// How the judge is asked for the form of its word.
fn form(notes: &mut Notes<'_>, raw: Option<&Spanned<String>>) -> Option<JudgeForm> {
    let raw = raw?;
    match raw.get_ref().as_str() {
        "schema" => Some(JudgeForm::Schema),
        "words" => Some(JudgeForm::Words),
        other => {
            let remedy = "write \"schema\" (structured output) or \"words\" (for models that refuse \
                          it), or leave it out";
            notes.error(raw.span(), format!("there is no form `{other}`"), remedy);
            None
        }
    }
}

/// Where one of them cannot be held to a schema, all are asked in words: a panel is asked the same.
fn known_form<'a>(mut judges: impl Iterator<Item = &'a Model>) -> Option<JudgeForm> {
    judges.any(|model| !capability::takes_schema(model)).then_some(JudgeForm::Words)
}

fn assumed(notes: &mut Notes<'_>, raw: &Spanned<f64>) -> f64 {
    let youden = *raw.get_ref();
    if is_youden(notes, "assumed_youden", raw) {
        let what = "the judge's error is assumed, not measured";
        notes.warning(raw.span(), what, "for demonstrations only: measure it by labels");
    }
    youden
}

fn youden_min(notes: &mut Notes<'_>, raw: &RawJudge) -> Option<f64> {
    let written = raw.youden_min.as_ref()?;
    is_youden(notes, "youden_min", written);
    if raw.assumed_youden.is_some() {
        let what = "`youden_min` is to be shown by labels and `assumed_youden` is not";
        notes.error(written.span(), what, "keep one of them; real pipelines keep `youden_min`");
    }
    Some(*written.get_ref())
}

fn is_youden(notes: &mut Notes<'_>, field: &str, raw: &Spanned<f64>) -> bool {
    let possible = YOUDENS.contains(raw.get_ref());
    if !possible {
        let remedy = format!("write a number from {} to 1, or leave it out", YOUDENS.start());
        notes.error(raw.span(), format!("`{field}` is {:?}", raw.get_ref()), remedy);
    }
    possible
}

pub(super) fn budget(notes: &mut Notes<'_>, raw: &RawPipeline<'_>) -> Option<Budget> {
    let remedy = "say what may be spent in a day: [budget] and per_day_usd = 10.0";
    if !raw.written.has("budget") {
        notes.error(0..0, "the pipeline has no budget", remedy);
    }
    let raw = raw.budget.as_ref()?;
    if !raw.written.has("per_day_usd") {
        notes.error(raw.span.clone(), "the budget has no `per_day_usd`", remedy);
    }
    amounts(notes, raw)
}

fn amounts(notes: &mut Notes<'_>, raw: &RawBudget) -> Option<Budget> {
    let total = raw.per_day_usd.as_ref()?;
    let amount = |notes: &mut Notes<'_>, field: &str, raw: &Spanned<f64>| {
        let usd = *raw.get_ref();
        if !(0.0..=PER_DAY_USD_MAX).contains(&usd) {
            let what = format!("`{field}` is {usd:?} dollars");
            notes.error(raw.span(), what, format!("write an amount from 0 to {PER_DAY_USD_MAX}"));
        } else if usd > *total.get_ref() {
            let what = format!("`{field}` is more than `per_day_usd`, which holds it anyway");
            notes.warning(raw.span(), what, "lower it, or raise `per_day_usd`");
        }
        NanoUsd::from_usd(usd)
    };
    let mut part =
        |field: &str, raw: Option<&Spanned<f64>>| raw.and_then(|raw| amount(notes, field, raw));
    Some(Budget {
        total: part("per_day_usd", Some(total))?,
        candidate: part("candidate_per_day_usd", raw.candidate_per_day_usd.as_ref()),
        control: part("control_per_day_usd", raw.control_per_day_usd.as_ref()),
        judge: part("judge_per_day_usd", raw.judge_per_day_usd.as_ref()),
    })
}

pub(super) fn mirror(notes: &mut Notes<'_>, raw: Option<&RawMirror>) -> Mirror {
    let Some(raw) = raw else {
        return Mirror { body_bytes_max: BODY_BYTES_DEFAULT, redact: Vec::new() };
    };
    let mut body_bytes_max = BODY_BYTES_DEFAULT;
    if let Some(bytes) = &raw.body_bytes_max {
        body_bytes_max = *bytes.get_ref();
        if !(1..=BODY_BYTES_MAX).contains(&body_bytes_max) {
            let what = format!("`body_bytes_max` is {body_bytes_max}");
            notes.error(bytes.span(), what, format!("write 1 to {BODY_BYTES_MAX} bytes"));
        }
    }
    let mut redact = Vec::new();
    for raw in &raw.redact {
        let Some(pattern) = &raw.pattern else { continue };
        check_pattern(notes, pattern);
        let with = raw.with.as_ref().map_or("[redacted]", |with| with.get_ref());
        let pattern = pattern.get_ref().clone();
        redact.push(Redaction { pattern, with: with.to_owned() });
    }
    Mirror { body_bytes_max, redact }
}

/// Notes a regular expression that does not compile, with the engine's own word on it.
pub(super) fn check_pattern(notes: &mut Notes<'_>, raw: &Spanned<String>) {
    let Err(error) = Regex::new(raw.get_ref()) else { return };
    let text = error.to_string();
    let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let what = format!("`{}` is not a regular expression", raw.get_ref());
    let remedy = format!("the engine says: {why}; use single quotes, so that `\\` is kept");
    notes.error(raw.span(), what, remedy);
}

/// Everything is asked, and of every tenth call a person.
fn usual_sampling() -> Sampling {
    let audit = Share::new(AUDIT_DEFAULT).unwrap_or(Share::NONE);
    Sampling { audit, ..Sampling::ALL }
}

pub(super) fn defaults(
    notes: &mut Notes<'_>,
    raw: &RawPipeline<'_>,
    judge: Option<&JudgeDef>,
) -> Defaults {
    let assumed = judge.is_some_and(|judge| judge.assumed_youden.is_some());
    let unmeasured_judge =
        if assumed { UnmeasuredJudge::IsAssumed } else { UnmeasuredJudge::Holds };
    let rule = GateRule { unmeasured_judge, ..GateRule::default() };
    Defaults {
        sampling: sampling(notes, raw.sampling.as_ref(), usual_sampling()),
        gate: gate(notes, raw.gate.as_ref(), rule),
    }
}

/// What is written over what holds otherwise.
pub(super) fn sampling(
    notes: &mut Notes<'_>,
    raw: Option<&RawSampling>,
    otherwise: Sampling,
) -> Sampling {
    let Some(raw) = raw else { return otherwise };
    let mut share = |field: &str, raw: Option<&Spanned<f64>>, otherwise: Share| {
        let Some(raw) = raw else { return otherwise };
        match Share::new(*raw.get_ref()) {
            Ok(share) if share > Share::NONE => share,
            Ok(_) | Err(_) => {
                let what = format!("`{field}` is {:?}", raw.get_ref());
                let remedy = "write a share over 0 and at most 1; to ask nothing, take out the \
                              candidates";
                notes.error(raw.span(), what, remedy);
                otherwise
            }
        }
    };
    Sampling {
        conversations: share("conversations", raw.conversations.as_ref(), otherwise.conversations),
        calls: share("calls", raw.calls.as_ref(), otherwise.calls),
        audit: audit(notes, raw.audit.as_ref(), otherwise.audit),
    }
}

/// Unlike the others this may be nothing: then no label measures anything.
fn audit(notes: &mut Notes<'_>, raw: Option<&Spanned<f64>>, otherwise: Share) -> Share {
    let Some(raw) = raw else { return otherwise };
    Share::new(*raw.get_ref()).unwrap_or_else(|_| {
        let remedy = "write the share of the asked calls that people are to label, from 0 to 1";
        notes.error(raw.span(), format!("`audit` is {:?}", raw.get_ref()), remedy);
        otherwise
    })
}

/// What is written over what holds otherwise.
pub(super) fn gate(notes: &mut Notes<'_>, raw: Option<&RawGate>, otherwise: GateRule) -> GateRule {
    let Some(raw) = raw else { return otherwise };
    let threshold = raw.threshold.as_ref().map(|threshold| {
        let value = *threshold.get_ref();
        if !(value > 0.5 && value < 1.0) {
            let what = format!("`threshold` is {value:?}");
            let remedy = "write a confidence over 0.5 and under 1, like 0.95";
            notes.error(threshold.span(), what, remedy);
        }
        value
    });
    let floor = u64::from(OBSERVATION_DAYS_FLOOR);
    let observation_days = limit(
        notes,
        "observation_days",
        raw.observation_days.as_ref(),
        floor..=OBSERVATION_DAYS_MAX,
    );
    let units_min = limit(notes, "units_min", raw.units_min.as_ref(), 1..=u64::MAX);
    let words = Words { all: &LossyTranslation::ALL, name: LossyTranslation::name };
    let lossy_translation = word(notes, "lossy_translation", raw.lossy_translation.as_ref(), words);
    let mut share = |field: &str, raw: Option<&Spanned<f64>>, otherwise: f64| {
        let Some(raw) = raw else { return otherwise };
        if !(0.0..=1.0).contains(raw.get_ref()) {
            let what = format!("`{field}` is {:?}", raw.get_ref());
            notes.error(raw.span(), what, "write a share from 0 to 1");
        }
        *raw.get_ref()
    };
    GateRule {
        threshold: threshold.unwrap_or(otherwise.threshold),
        observation_days: observation_days
            .and_then(|days| u32::try_from(days).ok())
            .unwrap_or(otherwise.observation_days),
        units_min: units_min.unwrap_or(otherwise.units_min),
        blind_spot_max: share(
            "blind_spot_max",
            raw.blind_spot_max.as_ref(),
            otherwise.blind_spot_max,
        ),
        lost_max: share("lost_max", raw.lost_max.as_ref(), otherwise.lost_max),
        top_user_max: share("top_user_max", raw.top_user_max.as_ref(), otherwise.top_user_max),
        lossy_translation: lossy_translation.unwrap_or(otherwise.lossy_translation),
        ..otherwise
    }
}

/// The words that a setting may have, and what each of them says.
pub(super) struct Words<'a, T> {
    pub(super) all: &'a [T],
    pub(super) name: fn(T) -> &'static str,
}

/// A setting that is one of some words; `None` where nothing is written, or none of them.
pub(super) fn word<T: Copy>(
    notes: &mut Notes<'_>,
    field: &str,
    raw: Option<&Spanned<String>>,
    words: Words<'_, T>,
) -> Option<T> {
    let raw = raw?;
    let found = words.all.iter().copied().find(|known| (words.name)(*known) == raw.get_ref());
    if found.is_none() {
        let names = words.all.iter().map(|known| format!("\"{}\"", (words.name)(*known)));
        let remedy = format!("write {}", names.collect::<Vec<_>>().join(" or "));
        notes.error(raw.span(), format!("`{field}` is `{}`", raw.get_ref()), remedy);
    }
    found
}

pub(super) fn limit(
    notes: &mut Notes<'_>,
    field: &str,
    raw: Option<&Spanned<u64>>,
    range: RangeInclusive<u64>,
) -> Option<u64> {
    let raw = raw?;
    if !range.contains(raw.get_ref()) {
        let remedy = match *range.end() {
            u64::MAX => format!("write at least {}", range.start()),
            end => format!("write {} to {end}", range.start()),
        };
        notes.error(raw.span(), format!("`{field}` is {}", raw.get_ref()), remedy);
    }
    Some(*raw.get_ref())
}
