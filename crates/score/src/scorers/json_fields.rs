//! Fields of the reply's JSON are those of the reference's, each within its tolerance: the share
//! of the fields that are, by their weights.
//!
//! ```toml
//! scorers = [{ kind = "json_fields", fields = [{ at = "/total", tolerance = 0.01, weight = 3.0 }, { at = "/currency" }] }]
//! ```
//!
//! A field that both leave out is the same. Two numbers may differ by `tolerance` (a share of the
//! reference's) or `absolute`, whichever allows more; other values are compared as JSON, texts as
//! `text` says. It abstains where the reference's text is not JSON.

mod config;

pub use config::{Config, Field, Text};

use super::{Agreement, check_pass_at, text_of};
use crate::{
    document::{self, Pointer},
    number::Tolerance,
    score::Word,
    text::{normalised, quoted},
};
use exchange::Reply;
use serde_json::Value;

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;
/// No more fields are compared.
const FIELDS_MAX: usize = 256;

pub(crate) struct Scorer {
    config: Config,
    places: Vec<(Pointer, Tolerance)>,
    weight: f64,
}

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    check_pass_at(config.pass_at)?;
    if config.fields.is_empty() {
        return Err("`fields` is empty: name what is compared, like { at = \"/total\" }".to_owned());
    }
    if config.fields.len() > FIELDS_MAX {
        return Err(format!("`fields` has more than {FIELDS_MAX} entries: name fewer"));
    }
    let place = |field: &Field| Ok((Pointer::of(&field.at), tolerance(field)?));
    let places = config.fields.iter().map(place).collect::<Result<_, String>>()?;
    let weight = config.fields.iter().map(|field| field.weight).sum();
    Ok(Scorer { config: config.clone(), places, weight })
}

fn tolerance(field: &Field) -> Result<Tolerance, String> {
    let Field { at, tolerance, absolute, weight, .. } = field;
    if !at.is_empty() && !at.starts_with('/') {
        return Err(format!("`{at}` in `fields` is no JSON pointer: write it like `/name`"));
    }
    if !(*weight > 0.0 && weight.is_finite()) {
        return Err(format!("the weight of `{at}` is {weight}: write a number above 0"));
    }
    Tolerance::new(*tolerance, *absolute)
}

impl Agreement for Scorer {
    fn score(&self, reply: &Reply, reference: &Reply) -> Word {
        let Ok(theirs) = self.config.fence.parse(text_of(reference)) else {
            return Word::abstain("the reference's text is not JSON");
        };
        let ours = match self.config.fence.parse(text_of(reply)) {
            Ok(ours) => ours,
            Err(why) => return Word::fail(why),
        };
        let compared = self.config.fields.iter().zip(&self.places);
        let differing: Vec<&Field> = compared
            .filter(|(field, (at, tolerance))| {
                !same(field, tolerance, at.find(&ours), at.find(&theirs))
            })
            .map(|(field, _)| field)
            .collect();
        let lost: f64 = differing.iter().map(|field| field.weight).sum();
        let value = (1.0 - lost / self.weight).clamp(0.0, 1.0);
        Word::graded(value, self.config.pass_at, || {
            let names: Vec<&str> = differing.iter().map(|field| field.at.as_str()).collect();
            format!("{} differ from the reference's", quoted(&names.join(" ")))
        })
    }
}

fn same(
    field: &Field,
    tolerance: &Tolerance,
    ours: Option<&Value>,
    theirs: Option<&Value>,
) -> bool {
    match (ours, theirs) {
        (None, None) => true,
        (Some(Value::Number(ours)), Some(Value::Number(theirs))) => {
            let near = |ours: f64| theirs.as_f64().is_some_and(|it| tolerance.allows(ours, it));
            document::numbers_equal(ours, theirs) || ours.as_f64().is_some_and(near)
        }
        (Some(Value::String(ours)), Some(Value::String(theirs))) => match field.text {
            Text::Exact => ours == theirs,
            Text::Normalised => normalised(ours) == normalised(theirs),
        },
        (Some(ours), Some(theirs)) => document::equal(ours, theirs),
        (Some(_), None) | (None, Some(_)) => false,
    }
}
