//! `[[model]]`: what the file says of it, and what the shipped tables say where it says nothing.

use super::{capability, names, price};
use crate::{
    Figures, Model, Provider, SaidBy, TableUse, mistake::Notes, raw::RawModel, shipped,
    suggest::did_you_mean,
};
use policy::Price;
use serde_spanned::Spanned;

pub(super) fn all(notes: &mut Notes<'_>, raw: &[RawModel], providers: &[Provider]) -> Vec<Model> {
    names::refuse_twice(notes, "model", raw.iter().filter_map(|raw| raw.name.as_ref()));
    raw.iter().filter_map(|raw| model(notes, raw, providers)).collect()
}

fn model(notes: &mut Notes<'_>, raw: &RawModel, providers: &[Provider]) -> Option<Model> {
    if let Some(provider) = &raw.provider {
        check_provider(notes, provider, providers);
    }
    let written = price::written(notes, raw);
    let name = raw.name.as_ref()?;
    if name.get_ref().is_empty() {
        notes.error(name.span(), "the model's name is empty", "write it as the provider does");
    }
    let (prices, prices_from) = match written {
        Some(prices) => (prices, SaidBy::Pipeline),
        None => (known_prices(raw, name.get_ref(), providers), SaidBy::Table),
    };
    let capabilities = capability::of(notes, raw, name.get_ref());
    let family = raw.family.as_ref().map(|family| family.get_ref().clone());
    Some(Model {
        name: name.get_ref().clone(),
        provider: raw.provider.as_ref().map(|name| name.get_ref().clone()).unwrap_or_default(),
        family: family.unwrap_or_else(|| family_of(name.get_ref())),
        prices,
        prices_from,
        capabilities,
    })
}

/// What the shipped table says that the model costs where it is served.
fn known_prices(raw: &RawModel, name: &str, providers: &[Provider]) -> Vec<Price> {
    let provider = raw.provider.as_ref().map(Spanned::get_ref);
    let provider = providers.iter().find(|it| Some(&it.name) == provider);
    let known = provider.and_then(|provider| shipped::price::known(name, &provider.base_url));
    known.map(|known| known.prices.clone()).unwrap_or_default()
}

/// What was taken from the shipped tables, and how old that is.
pub(super) fn from_tables(
    notes: &Notes<'_>,
    raw: &[RawModel],
    (models, providers): (&[Model], &[Provider]),
) -> Vec<TableUse> {
    let mut uses = Vec::new();
    for model in models {
        let is_it = |name: &Spanned<String>| *name.get_ref() == model.name;
        let Some(written) = raw.iter().find(|raw| raw.name.as_ref().is_some_and(is_it)) else {
            continue;
        };
        let at = written.name.as_ref().map_or(0..0, Spanned::span);
        let provider = providers.iter().find(|provider| provider.name == model.provider);
        let capabilities = capability::takes_from_table(written)
            .then(|| shipped::capability::sources(&model.name));
        let prices = (model.prices_from == SaidBy::Table)
            .then(|| shipped::price::known(&model.name, &provider?.base_url))
            .flatten()
            .map(|known| known.sources());
        let figures = [(Figures::Capabilities, capabilities), (Figures::Prices, prices)];
        for (figures, sources) in figures {
            let oldest = sources.iter().flatten().filter_map(|source| source.read_on()).min();
            uses.extend(oldest.map(|read| TableUse {
                model: model.name.clone(),
                figures,
                read,
                place: notes.place(at.start),
            }));
        }
    }
    uses
}

fn check_provider(notes: &mut Notes<'_>, raw: &Spanned<String>, providers: &[Provider]) {
    let names: Vec<&str> = providers.iter().map(|provider| provider.name.as_str()).collect();
    if !names.contains(&raw.get_ref().as_str()) {
        let what = format!("there is no provider `{}`", raw.get_ref());
        notes.error(raw.span(), what, did_you_mean(raw.get_ref(), &names));
    }
}

/// The letters that a model's name begins with, behind its maker's: `gpt` of `openai/gpt-4.1-mini`.
fn family_of(name: &str) -> String {
    let own = name.rsplit('/').next().unwrap_or(name);
    let letters: String = own.chars().take_while(char::is_ascii_alphabetic).collect();
    if letters.is_empty() { own.to_owned() } else { letters.to_ascii_lowercase() }
}
