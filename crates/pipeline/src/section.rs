//! Reading one section of the file: fields by name and type, each with its place.
//!
//! A derived deserializer stops at its first mistake; this one notes it and reads on, so that a
//! wrong type here does not hide a misspelt name there.

use crate::{
    mistake::{Notes, Span},
    suggest::did_you_mean,
};
use exchange::Timestamp;
use serde_spanned::Spanned;
use std::collections::{BTreeMap, BTreeSet};
use toml::de::{DeTable, DeValue};

/// Names under which people write keys into files.
const CREDENTIAL_FIELDS: [&str; 8] =
    ["key", "api_key", "apikey", "token", "secret", "password", "authorization", "bearer"];

/// A table of the file, with the fields that it may have.
#[derive(Clone, Debug)]
pub(crate) struct Section<'t> {
    title: &'static str,
    table: &'t DeTable<'t>,
    span: Span,
}

impl<'t> Section<'t> {
    /// Takes a value as a table and notes every field that is not in `fields`.
    pub(crate) fn open(
        notes: &mut Notes<'_>,
        title: &'static str,
        value: &'t Spanned<DeValue<'t>>,
        fields: &[&str],
    ) -> Option<Self> {
        let Some(table) = value.get_ref().as_table() else {
            wrong_type(notes, value, title, "a table");
            return None;
        };
        let section = Self { title, table, span: value.span() };
        section.refuse_unknown(notes, fields);
        Some(section)
    }

    /// The whole file as a section.
    pub(crate) fn root(
        notes: &mut Notes<'_>,
        table: &'t Spanned<DeTable<'t>>,
        fields: &[&str],
    ) -> Self {
        let section = Self { title: "the pipeline", table: table.get_ref(), span: 0..0 };
        section.refuse_unknown(notes, fields);
        section
    }

    fn refuse_unknown(&self, notes: &mut Notes<'_>, fields: &[&str]) {
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if fields.contains(&name) {
                continue;
            }
            if CREDENTIAL_FIELDS.contains(&name) {
                notes.error(
                    key.span(),
                    format!("{} holds a credential in `{name}`", self.title),
                    "take it out, put it into the environment, and name the variable in `key_env`",
                );
            } else {
                let what = format!("{} has no field `{name}`", self.title);
                notes.error(key.span(), what, did_you_mean(name, fields));
            }
        }
    }

    /// Where the section stands.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// The fields that are there, be they right or wrong: a wrong one is not missing too.
    pub(crate) fn written(&self) -> Written {
        Written(self.table.keys().map(|key| key.get_ref().to_string()).collect())
    }

    pub(crate) fn value(&self, field: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table.get(field)
    }

    pub(crate) fn text(&self, notes: &mut Notes<'_>, field: &str) -> Option<Spanned<String>> {
        let value = self.value(field)?;
        text(notes, value, field)
    }

    /// A text that has to be there.
    pub(crate) fn required_text(
        &self,
        notes: &mut Notes<'_>,
        field: &str,
    ) -> Option<Spanned<String>> {
        if self.value(field).is_none() {
            let what = format!("{} has no `{field}`", self.title);
            notes.error(self.span(), what, format!("add `{field} = \"…\"`"));
        }
        self.text(notes, field)
    }

    /// A number, with or without a decimal point.
    pub(crate) fn number(&self, notes: &mut Notes<'_>, field: &str) -> Option<Spanned<f64>> {
        let value = self.value(field)?;
        let number = match value.get_ref() {
            DeValue::Float(float) => float.as_str().parse::<f64>().ok(),
            DeValue::Integer(integer) => {
                i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|n| n as f64)
            }
            DeValue::String(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => {
                wrong_type(notes, value, &format!("`{field}`"), "a number");
                return None;
            }
        };
        let number = number.filter(|number| number.is_finite());
        if number.is_none() {
            let what = format!("`{field}` is no number that can be reckoned with");
            notes.error(value.span(), what, "write one that is not nan and not so large");
        }
        number.map(|number| Spanned::new(value.span(), number))
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&self, notes: &mut Notes<'_>, field: &str) -> Option<Spanned<u64>> {
        let value = self.value(field)?;
        let Some(integer) = value.get_ref().as_integer() else {
            wrong_type(notes, value, &format!("`{field}`"), "a whole number that is not negative");
            return None;
        };
        let count = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        if count.is_none() {
            let what =
                format!("`{field}` is negative, or beyond all numbers that can be counted with");
            notes.error(value.span(), what, "write a whole number that is not negative");
        }
        count.map(|count| Spanned::new(value.span(), count))
    }

    pub(crate) fn boolean(&self, notes: &mut Notes<'_>, field: &str) -> Option<Spanned<bool>> {
        let value = self.value(field)?;
        let boolean = value.get_ref().as_bool();
        if boolean.is_none() {
            wrong_type(notes, value, &format!("`{field}`"), "true or false");
        }
        boolean.map(|boolean| Spanned::new(value.span(), boolean))
    }

    /// A day or a moment, as a text or as a date of TOML's own.
    pub(crate) fn moment(&self, notes: &mut Notes<'_>, field: &str) -> Option<Spanned<Timestamp>> {
        let value = self.value(field)?;
        let written = match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Datetime(moment) => Some(moment.to_string()),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => None,
        };
        let moment = written.and_then(|text| text.parse().ok());
        if moment.is_none() {
            let remedy = "write a date like \"2026-01-01\"";
            notes.error(value.span(), format!("`{field}` is no date"), remedy);
        }
        moment.map(|moment| Spanned::new(value.span(), moment))
    }

    /// A list of texts; a single text counts as a list of one.
    pub(crate) fn texts(
        &self,
        notes: &mut Notes<'_>,
        field: &str,
    ) -> Option<Spanned<Vec<Spanned<String>>>> {
        let value = self.value(field)?;
        if value.get_ref().is_str() {
            let one = text(notes, value, field)?;
            return Some(Spanned::new(value.span(), vec![one]));
        }
        let Some(array) = value.get_ref().as_array() else {
            wrong_type(notes, value, &format!("`{field}`"), "a list of texts");
            return None;
        };
        let texts: Vec<_> = array.iter().filter_map(|item| text(notes, item, field)).collect();
        (texts.len() == array.len()).then(|| Spanned::new(value.span(), texts))
    }

    /// Texts by name.
    pub(crate) fn texts_by_name(
        &self,
        notes: &mut Notes<'_>,
        field: &str,
    ) -> BTreeMap<String, String> {
        let Some(value) = self.value(field) else { return BTreeMap::new() };
        let Some(table) = value.get_ref().as_table() else {
            wrong_type(notes, value, &format!("`{field}`"), "a table of texts");
            return BTreeMap::new();
        };
        let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let key: &std::borrow::Cow<'_, str> = key.get_ref();
            Some((key.to_string(), text(notes, value, key)?.into_inner()))
        };
        table.iter().filter_map(entry).collect()
    }

    /// The tables of a list, `[[field]]` or `field = [{ … }]`.
    pub(crate) fn items(
        &self,
        notes: &mut Notes<'_>,
        field: &str,
    ) -> Vec<&'t Spanned<DeValue<'t>>> {
        let Some(value) = self.value(field) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            let remedy = format!("write it as a list: [[{field}]]");
            notes.error(value.span(), format!("`{field}` is not a list"), remedy);
            return Vec::new();
        };
        array.iter().collect()
    }
}

/// The names of the fields that are there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written(BTreeSet<String>);

impl Written {
    pub(crate) fn has(&self, field: &str) -> bool {
        self.0.contains(field)
    }
}

fn text(
    notes: &mut Notes<'_>,
    value: &Spanned<DeValue<'_>>,
    field: &str,
) -> Option<Spanned<String>> {
    match value.get_ref().as_str() {
        Some(text) => Some(Spanned::new(value.span(), text.to_owned())),
        None => {
            wrong_type(notes, value, &format!("`{field}`"), "a text in quotes");
            None
        }
    }
}

fn wrong_type(notes: &mut Notes<'_>, value: &Spanned<DeValue<'_>>, what: &str, wanted: &str) {
    let found = match value.get_ref() {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    notes.error(value.span(), format!("{what} is {found}"), format!("write {wanted}"));
}
