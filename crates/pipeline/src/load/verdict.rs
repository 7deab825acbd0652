//! How a category's scores add up: `verdict = "all"`, and what each scorer's word is for.

use super::scorers::span_of;
use crate::{
    mistake::{Notes, place},
    raw::RawCategory,
    suggest::did_you_mean,
};
use score::{Combine, Role};
use serde_json::{Map, Value};
use std::ops::RangeInclusive;
use toml::de::{DeTable, DeValue};

/// Weights that a mean can tell from nothing and from everything.
const WEIGHTS: RangeInclusive<f64> = 0.001..=1000.0;
/// What a scorer's word may be for.
const ROLES: [&str; 2] = ["required", "informs"];

/// What a scorer has beside its own settings.
const ROLE: &str = "role";
const WEIGHT: &str = "weight";

/// The category's way to combine losses.
pub(super) fn combine(notes: &mut Notes<'_>, raw: &RawCategory<'_>) -> Combine {
    let Some(written) = &raw.verdict else { return Combine::default() };
    let known = Combine::ALL.into_iter().find(|combine| combine.name() == written.get_ref());
    known.unwrap_or_else(|| {
        let what = format!("there is no verdict `{}`", written.get_ref());
        let names = Combine::ALL.map(Combine::name);
        notes.error(written.span(), what, did_you_mean(written.get_ref(), &names));
        Combine::default()
    })
}

/// Takes what is said of a scorer's role out of its settings, and says what it comes to.
pub(super) fn role(
    notes: &mut Notes<'_>,
    table: &DeTable<'_>,
    settings: &mut Map<String, Value>,
    combine: Combine,
) -> Role {
    let (role, weight) = (settings.remove(ROLE), settings.remove(WEIGHT));
    let weight = weight.map(|weight| weighed(notes, table, &weight, combine));
    match role.as_ref().map(|role| (role, role.as_str())) {
        None | Some((_, Some("required"))) => Role::Required { weight: weight.unwrap_or(1.0) },
        Some((_, Some("informs"))) => {
            if weight.is_some() {
                let what = "the scorer informs, so it has no `weight`";
                notes.error(at(table, WEIGHT), what, "take one of the two out");
            }
            Role::Informs
        }
        Some((other, name)) => {
            let what = format!("a scorer's `role` cannot be {other}");
            notes.error(at(table, ROLE), what, did_you_mean(name.unwrap_or_default(), &ROLES));
            Role::default()
        }
    }
}

/// Where every scorer only informs, nothing can be lost.
pub(super) fn check_some_count(notes: &mut Notes<'_>, raw: &RawCategory<'_>, roles: &[Role]) {
    if !roles.is_empty() && roles.iter().all(|role| *role == Role::Informs) {
        let what = "every scorer only informs, so no reply gets a verdict";
        let remedy = "leave `role` out of those that must pass";
        notes.error(place(raw.mode.as_ref(), &raw.span), what, remedy);
    }
}

fn weighed(notes: &mut Notes<'_>, table: &DeTable<'_>, weight: &Value, combine: Combine) -> f64 {
    if combine != Combine::Mean {
        let what = format!("a `weight` says nothing where the verdict is `{}`", combine.name());
        notes.error(at(table, WEIGHT), what, "write `verdict = \"mean\"`, or take it out");
    }
    match weight.as_f64().filter(|weight| WEIGHTS.contains(weight)) {
        Some(weight) => weight,
        None => {
            let what = format!("a scorer's `weight` cannot be {weight}");
            let remedy = format!("write a number from {} to {}", WEIGHTS.start(), WEIGHTS.end());
            notes.error(at(table, WEIGHT), what, remedy);
            1.0
        }
    }
}

fn at(table: &DeTable<'_>, field: &str) -> crate::mistake::Span {
    let value = table.get(field).map(|value: &serde_spanned::Spanned<DeValue<'_>>| value.span());
    value.or_else(|| span_of(table, field)).unwrap_or(0..0)
}
