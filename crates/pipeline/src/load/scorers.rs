//! A category's scorers: what each is set to, and whether it may speak in the category's mode.
//!
//! What a scorer can be set to is the scorers' own business. Their specs are read through serde,
//! and serde's words are turned into mistakes at their places.

use super::{category::shown, verdict};
use crate::{
    mistake::{Notes, Span, place},
    raw::RawCategory,
    suggest::did_you_mean,
};
use confidence::Mode;
use score::{Combine, Nature, Role, ScorerSpec, Scorers, VerdictRule};
use serde::Deserialize;
use serde_json::{Map, Value};
use serde_spanned::Spanned;
use std::borrow::Cow;
use toml::de::{DeTable, DeValue};

/// Tables in tables in tables: no schema needs more, and a file must not overflow the stack.
const DEPTH_MAX: usize = 64;

/// What is told of the fields of one scorer.
const UNKNOWN_FIELDS_MAX: usize = 8;

type Item<'t> = Spanned<DeValue<'t>>;

/// The scorers of a category, and how their scores add up.
pub(super) fn all(
    notes: &mut Notes<'_>,
    raw: &RawCategory<'_>,
    mode: Option<Mode>,
) -> (Vec<ScorerSpec>, VerdictRule) {
    let combine = verdict::combine(notes, raw);
    let listed = raw.scorers.iter().filter_map(|value| scorer(notes, value, mode, combine));
    let (specs, roles): (Vec<_>, Vec<_>) = listed.unzip();
    if specs.len() == raw.scorers.len() {
        check_together(notes, raw, &specs);
        verdict::check_some_count(notes, raw, &roles);
    }
    if let Some(mode) = mode.filter(|_| raw.scorers.is_empty()) {
        check_there_are_some(notes, place(raw.mode.as_ref(), &raw.span), mode);
    }
    let named = specs.iter().zip(roles).filter(|(_, role)| *role != Role::default());
    let roles = named.map(|(spec, role)| (spec.digest(), role)).collect();
    (specs, VerdictRule { combine, roles })
}

fn scorer(
    notes: &mut Notes<'_>,
    value: &Item<'_>,
    mode: Option<Mode>,
    combine: Combine,
) -> Option<(ScorerSpec, Role)> {
    let Some(table) = value.get_ref().as_table() else {
        notes.error(value.span(), "the scorer is no table", "write { kind = \"…\" }");
        return None;
    };
    let Some(mut settings) = json_of_table(table, DEPTH_MAX) else {
        let what = "the scorer has a value that JSON cannot hold, or is nested too deep";
        notes.error(value.span(), what, format!("keep it under {DEPTH_MAX} levels"));
        return None;
    };
    let role = verdict::role(notes, table, &mut settings, combine);
    let spec = spec(notes, value, table, settings)?;
    if let Some(mode) = mode {
        check_mode(notes, kind_span(value, table), &spec, mode);
    }
    if let Err(score::Error::Scorer { why, .. }) = Scorers::compile(std::slice::from_ref(&spec)) {
        let at = span_of(table, "pattern").unwrap_or_else(|| value.span());
        let what = format!("the scorer `{}` makes no sense", spec.name());
        notes.error(at, what, one_line(&why));
        return None;
    }
    Some((spec, role))
}

/// Reads the settings, noting each unknown field and reading again without it.
fn spec(
    notes: &mut Notes<'_>,
    value: &Item<'_>,
    table: &DeTable<'_>,
    mut settings: Map<String, Value>,
) -> Option<ScorerSpec> {
    let mut is_whole = true;
    for _ in 0..UNKNOWN_FIELDS_MAX {
        let error = match ScorerSpec::deserialize(Value::Object(settings.clone())) {
            Ok(spec) => return is_whole.then_some(spec),
            Err(error) => error.to_string(),
        };
        is_whole = false;
        let unknown = note_error(notes, value, table, &error)?;
        settings.remove(&unknown);
    }
    None
}

/// Notes what serde said. Gives back the name of the unknown field, if that is what it was.
fn note_error(
    notes: &mut Notes<'_>,
    value: &Item<'_>,
    table: &DeTable<'_>,
    error: &str,
) -> Option<String> {
    let words = quoted_words(error);
    let (written, known) = words.split_first().unwrap_or((&"", &[]));
    let kind = table.get("kind").and_then(|kind| kind.get_ref().as_str());
    if error.starts_with("unknown field") {
        let at = span_of(table, written).unwrap_or_else(|| value.span());
        let what = format!("the scorer has no field `{written}`");
        let is_there = table.get(*written).is_some();
        let remedy =
            if known.is_empty() { "take it out".to_owned() } else { did_you_mean(written, known) };
        notes.error(at, what, remedy);
        return is_there.then(|| (*written).to_owned());
    }
    if error.starts_with("unknown variant") && kind == Some(*written) {
        let what = format!("there is no scorer `{written}`");
        notes.error(kind_span(value, table), what, did_you_mean(written, known));
    } else if error.starts_with("unknown variant") {
        let what = format!("a scorer cannot be set to `{written}`");
        notes.error(value.span(), what, did_you_mean(written, known));
    } else if error.starts_with("missing field") {
        let what = format!("the scorer has no `{written}`");
        let remedy = match *written {
            "kind" => did_you_mean("", &kinds().iter().map(String::as_str).collect::<Vec<_>>()),
            field => format!("add `{field} = …`"),
        };
        notes.error(value.span(), what, remedy);
    } else {
        notes.error(value.span(), "the scorer cannot be read", one_line(error));
    }
    None
}

/// Every kind of scorer, by what serde says when it knows none of that name.
fn kinds() -> Vec<String> {
    let nothing = Map::from_iter([("kind".to_owned(), Value::from(""))]);
    let Err(error) = ScorerSpec::deserialize(Value::Object(nothing)) else { return Vec::new() };
    let error = error.to_string();
    quoted_words(&error).into_iter().skip(1).map(ToOwned::to_owned).collect()
}

/// What stands between backticks.
fn quoted_words(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Agreement is a distance to one sample of the reference, so it says something only against the
/// reference's distance to itself; and an absolute check has no such floor to be held against.
fn check_mode(notes: &mut Notes<'_>, at: Span, spec: &ScorerSpec, mode: Mode) {
    let name = spec.name();
    match (spec.nature(), mode == Mode::AA) {
        (Nature::Agreement, false) => {
            let mode = shown(mode);
            let what =
                format!("`{name}` compares with the reference, which mode {mode} cannot judge by");
            notes.error(at, what, "use mode A/A, or a scorer that needs only the reply");
        }
        (Nature::Absolute, true) => {
            let what = format!("`{name}` needs only the reply, and mode A/A measures agreement");
            let remedy = "use mode R or RP, or a scorer that compares with the reference";
            notes.error(at, what, remedy);
        }
        (Nature::Agreement, true) | (Nature::Absolute, false) => {}
    }
}

/// What can be wrong only of the list: too many, or one twice.
fn check_together(notes: &mut Notes<'_>, raw: &RawCategory<'_>, specs: &[ScorerSpec]) {
    let Err(error) = Scorers::compile(specs) else { return };
    match error {
        score::Error::Scorer { index, name, why } => {
            let at = raw.scorers.get(index).map_or_else(|| raw.span.clone(), |v| v.span());
            let (what, remedy) = why.split_once(": ").unwrap_or((&why, "change or remove it"));
            notes.error(at, format!("the scorer `{name}` {what}"), one_line(remedy));
        }
        score::Error::TooMany(_) => {
            let at = raw.scorers.last().map_or_else(|| raw.span.clone(), |v| v.span());
            notes.error(at, error.to_string(), "split the category, or drop scorers");
        }
    }
}

fn check_there_are_some(notes: &mut Notes<'_>, at: Span, mode: Mode) {
    let example = match mode {
        Mode::R | Mode::RP => "valid_json",
        Mode::AA => "exact",
        Mode::H | Mode::PPI | Mode::JP | Mode::JA => return,
    };
    let what = format!("mode {} needs a scorer", shown(mode));
    notes.error(at, what, format!("add `scorers = [{{ kind = \"{example}\" }}]`"));
}

fn kind_span(value: &Item<'_>, table: &DeTable<'_>) -> Span {
    table.get("kind").map_or_else(|| value.span(), Spanned::span)
}

/// Where a field's value stands.
pub(super) fn span_of(table: &DeTable<'_>, field: &str) -> Option<Span> {
    table.get_key_value(field).map(|(key, _)| key.span())
}

/// The last line says what is wrong; those before it draw the place in a text of its own.
fn one_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned()
}

fn json_of_table(table: &DeTable<'_>, depth: usize) -> Option<Map<String, Value>> {
    let entry = |(key, value): (&Spanned<Cow<'_, str>>, &Item<'_>)| {
        Some((key.get_ref().to_string(), json(value.get_ref(), depth)?))
    };
    table.iter().map(entry).collect()
}

fn json(value: &DeValue<'_>, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    Some(match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(integer) => {
            Value::from(i64::from_str_radix(integer.as_str(), integer.radix()).ok()?)
        }
        DeValue::Float(float) => {
            let float = float.as_str().parse::<f64>().ok().filter(|float| float.is_finite())?;
            Value::from(float)
        }
        DeValue::Boolean(boolean) => Value::from(*boolean),
        DeValue::Datetime(moment) => Value::from(moment.to_string()),
        DeValue::Array(array) => {
            let items = array.iter().map(|item| json(item.get_ref(), depth));
            Value::Array(items.collect::<Option<_>>()?)
        }
        DeValue::Table(table) => Value::Object(json_of_table(table, depth)?),
    })
}
