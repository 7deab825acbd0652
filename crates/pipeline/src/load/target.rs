//! What a candidate has to reach: a bar or a margin, written or by risk.

use super::category::shown;
use crate::{
    Risk, Target,
    mistake::{Notes, place},
    raw::RawCategory,
    suggest::did_you_mean,
};
use confidence::Mode;
use std::ops::RangeInclusive;

/// Bars and margins that evidence can tell from 0 and 1.
const TARGETS: RangeInclusive<f64> = 0.001..=0.999;

pub(super) fn risk(notes: &mut Notes<'_>, raw: &RawCategory<'_>) -> Option<Risk> {
    let written = raw.risk.as_ref()?;
    let name = written.get_ref();
    let found = Risk::ALL.into_iter().find(|risk| risk.name() == name);
    if found.is_none() {
        let remedy = did_you_mean(name, &Risk::ALL.map(Risk::name));
        notes.error(written.span(), format!("there is no risk `{name}`"), remedy);
    }
    found
}

/// A paired mode has a margin, an absolute one a bar, and none has both. Where neither is written,
/// the risk says how much.
pub(super) fn target(
    notes: &mut Notes<'_>,
    raw: &RawCategory<'_>,
    (mode, risk): (Mode, Option<Risk>),
) -> Option<Target> {
    if mode.is_paired() { margin(notes, raw, (mode, risk)) } else { bar(notes, raw, (mode, risk)) }
}

fn margin(
    notes: &mut Notes<'_>,
    raw: &RawCategory<'_>,
    (mode, risk): (Mode, Option<Risk>),
) -> Option<Target> {
    let example = "`margin = 0.05`: how much worse than the reference it may be";
    let written = Written { wanted: ("margin", &raw.margin), unwanted: ("bar", &raw.bar), example };
    value(notes, raw, mode, &written, risk.map(Risk::margin)).map(Target::Margin)
}

fn bar(
    notes: &mut Notes<'_>,
    raw: &RawCategory<'_>,
    (mode, risk): (Mode, Option<Risk>),
) -> Option<Target> {
    let example = "`bar = 0.90`: the least acceptable quality";
    let written = Written { wanted: ("bar", &raw.bar), unwanted: ("margin", &raw.margin), example };
    value(notes, raw, mode, &written, risk.map(Risk::bar)).map(Target::Bar)
}

type Number<'r> = (&'static str, &'r Option<serde_spanned::Spanned<f64>>);

struct Written<'r> {
    wanted: Number<'r>,
    unwanted: Number<'r>,
    example: &'static str,
}

fn value(
    notes: &mut Notes<'_>,
    raw: &RawCategory<'_>,
    mode: Mode,
    written: &Written<'_>,
    by_risk: Option<f64>,
) -> Option<f64> {
    let Written { wanted: (name, wanted), unwanted: (unwanted_name, unwanted), example } = *written;
    let mode = shown(mode);
    if let Some(unwanted) = unwanted {
        let what = format!("mode {mode} has no `{unwanted_name}`");
        notes.error(unwanted.span(), what, format!("write {example}"));
    }
    let Some(wanted) = wanted else {
        let is_missing = !raw.written.has(name) && unwanted.is_none();
        if is_missing && !raw.written.has("risk") {
            let what = format!("mode {mode} needs a `{name}`");
            notes.error(place(raw.mode.as_ref(), &raw.span), what, format!("add {example}"));
        }
        return by_risk.filter(|_| is_missing);
    };
    let value = *wanted.get_ref();
    if !TARGETS.contains(&value) {
        let what = format!("`{name}` is {value:?}");
        let remedy = format!("write a number from {} to {}", TARGETS.start(), TARGETS.end());
        notes.error(wanted.span(), what, remedy);
        return None;
    }
    Some(value)
}
