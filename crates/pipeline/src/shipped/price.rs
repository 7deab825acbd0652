//! The table of what models cost at their makers, as it ships. It is read as a pipeline's prices are.

use super::source::{self, Source};
use crate::{
    load,
    mistake::{Mistake, Notes},
    raw::{self, price::RawPrice},
    section::Section,
};
use policy::{Price, categorize};
use serde::Deserialize;
use serde_spanned::Spanned;
use std::sync::LazyLock;
use toml::de::{DeTable, DeValue};

const TABLE: &str = include_str!("prices.toml");

/// What a model costs at one address.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its name there; `*` stands for any characters.
    pub name: String,
    /// The host that serves it at these prices.
    pub at: String,
    /// What it costs, by the day from which each price holds.
    pub prices: Vec<Price>,
    sources: Vec<String>,
}

impl Known {
    /// The pages that the prices follow.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        source::named(&SHIPPED.sources, &self.sources).into_iter().cloned().collect()
    }
}

/// What a model costs by its name at a provider whose paths begin at `base_url`; `None` where the table does
/// not speak of it there.
#[must_use]
pub fn known(model: &str, base_url: &str) -> Option<&'static Known> {
    let host = host(base_url)?;
    SHIPPED.rows.iter().find(|row| row.at == host && categorize::matches(&row.name, model))
}

/// The table, row by row.
#[must_use]
pub fn table() -> &'static [Known] {
    &SHIPPED.rows
}

/// What is wrong with the table: nothing, as a test says.
#[must_use]
pub fn mistakes() -> &'static [Mistake] {
    &SHIPPED.mistakes
}

/// The host of an address that has no port of its own: elsewhere nobody's list holds.
fn host(base_url: &str) -> Option<&str> {
    let rest = base_url.strip_prefix("https://")?;
    Some(rest.split('/').next().unwrap_or(rest))
}

struct Table {
    sources: Vec<Source>,
    rows: Vec<Known>,
    mistakes: Vec<Mistake>,
}

#[derive(Default, Deserialize)]
struct Sources {
    source: Vec<Source>,
}

static SHIPPED: LazyLock<Table> = LazyLock::new(|| {
    let mut notes = Notes::new(TABLE);
    let (table, errors) = DeTable::parse_recoverable(TABLE);
    for error in &errors {
        notes.error(error.span().unwrap_or(0..0), error.message(), "mend the table");
    }
    let sources = toml::from_str::<Sources>(TABLE).unwrap_or_default().source;
    let root = Section::root(&mut notes, &table, &["source", "model"]);
    let rows = raw::all(&mut notes, &root, "model", row);
    Table { sources, rows, mistakes: notes.finish() }
});

fn row(notes: &mut Notes<'_>, value: &Spanned<DeValue<'_>>) -> Option<Known> {
    let section = Section::open(notes, "the model", value, &["name", "at", "sources", "price"])?;
    let name = section.required_text(notes, "name")?.into_inner();
    let at = section.required_text(notes, "at")?.into_inner();
    let sources = section.texts(notes, "sources")?.into_inner();
    let prices = raw::all(notes, &section, "price", RawPrice::read);
    let prices = load::price::entries(notes, &prices);
    let sources = sources.into_iter().map(Spanned::into_inner).collect();
    Some(Known { name, at, prices, sources })
}
