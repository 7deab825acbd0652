//! A category's scorers: which there are, and in which modes they may speak.

use super::category::shown;
use crate::{
    ScorerDef,
    mistake::{Notes, Span, place},
    raw::RawCategory,
    suggest::did_you_mean,
};
use confidence::Mode;
use serde_json::Value;
use serde_spanned::Spanned;
use toml::de::DeValue;

/// Scorers that need only the reply.
const ABSOLUTE: [&str; 5] = ["expected", "regex", "contains", "json", "json_schema"];

/// Scorers that compare with the reference's reply.
const AGREEMENT: [&str; 3] = ["exact", "fields", "tool_calls"];

/// Tables in tables in tables: no scorer needs more, and a file must not overflow the stack.
const DEPTH_MAX: usize = 32;

pub(super) fn all(
    notes: &mut Notes<'_>,
    raw: &RawCategory<'_>,
    mode: Option<Mode>,
) -> Vec<ScorerDef> {
    let scorers: Vec<_> =
        raw.scorers.iter().filter_map(|value| scorer(notes, value, mode)).collect();
    if let Some(mode) = mode.filter(|_| raw.scorers.is_empty()) {
        check_there_are_some(notes, place(raw.mode.as_ref(), &raw.span), mode);
    }
    scorers
}

fn scorer(
    notes: &mut Notes<'_>,
    value: &Spanned<DeValue<'_>>,
    mode: Option<Mode>,
) -> Option<ScorerDef> {
    let known: Vec<&str> = ABSOLUTE.into_iter().chain(AGREEMENT).collect();
    let kind =
        value.get_ref().get("kind").and_then(|kind| Some((kind.span(), kind.get_ref().as_str()?)));
    let Some((at, kind)) = kind else {
        notes.error(value.span(), "the scorer has no `kind`", did_you_mean("", &known));
        return None;
    };
    if !known.contains(&kind) {
        notes.error(at, format!("there is no scorer `{kind}`"), did_you_mean(kind, &known));
        return None;
    }
    if let Some(mode) = mode {
        check_mode(notes, at, kind, mode);
    }
    Some(ScorerDef { kind: kind.to_owned(), settings: json(value.get_ref(), DEPTH_MAX) })
}

/// Agreement is a distance to one sample of the reference, so it says something only against the
/// reference's distance to itself; and an absolute check has no such floor to be held against.
fn check_mode(notes: &mut Notes<'_>, at: Span, kind: &str, mode: Mode) {
    let is_agreement = AGREEMENT.contains(&kind);
    if is_agreement && mode != Mode::AA {
        let mode = shown(mode);
        let what =
            format!("`{kind}` compares with the reference, which mode {mode} cannot judge by");
        notes.error(at, what, "use mode A/A, or a scorer that needs only the reply");
    } else if !is_agreement && mode == Mode::AA {
        let what = format!("`{kind}` needs only the reply, and mode A/A measures agreement");
        notes.error(at, what, "use mode R or RP, or a scorer that compares with the reference");
    }
}

fn check_there_are_some(notes: &mut Notes<'_>, at: Span, mode: Mode) {
    let wanted: &[&str] = match mode {
        Mode::R | Mode::RP => &ABSOLUTE,
        Mode::AA => &AGREEMENT,
        Mode::H | Mode::PPI | Mode::JP | Mode::JA => return,
    };
    let what = format!("mode {} needs a scorer", shown(mode));
    notes.error(at, what, format!("add `scorers = [{{ kind = \"{}\" }}]`", wanted[0]));
}

fn json(value: &DeValue<'_>, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).map_or(Value::Null, Value::from)
        }
        DeValue::Float(float) => float.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Boolean(boolean) => Value::from(*boolean),
        DeValue::Datetime(moment) => Value::from(moment.to_string()),
        DeValue::Array(array) => {
            array.iter().map(|item| json(item.get_ref(), depth - 1)).collect::<Vec<_>>().into()
        }
        DeValue::Table(table) => {
            let entry =
                |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
                    (key.get_ref().to_string(), json(value.get_ref(), depth - 1))
                };
            Value::Object(table.iter().map(entry).collect())
        }
    }
}
