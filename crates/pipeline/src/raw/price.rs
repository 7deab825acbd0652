//! A price of a model, as it stands in the file.

use super::{Value, one};
use crate::{
    mistake::{Notes, Span},
    section::{Section, Written},
};
use exchange::Timestamp;
use serde_spanned::Spanned;

/// One of a model's prices.
pub(crate) struct RawPrice {
    pub(crate) span: Span,
    pub(crate) written: Written,
    pub(crate) from: Option<Spanned<Timestamp>>,
    pub(crate) until: Option<Spanned<Timestamp>>,
    pub(crate) input: Option<Spanned<f64>>,
    pub(crate) cached_input: Option<Spanned<f64>>,
    pub(crate) cache_write: Option<Spanned<f64>>,
    pub(crate) cache_write_1h: Option<Spanned<f64>>,
    pub(crate) output: Option<Spanned<f64>>,
    pub(crate) reasoning: Option<Spanned<f64>>,
    pub(crate) batch_discount: Option<Spanned<f64>>,
    pub(crate) long_prompt: Option<RawLongPrompt>,
    pub(crate) source: Option<Spanned<String>>,
    pub(crate) dollars_per_hour: Option<Spanned<f64>>,
}

impl RawPrice {
    pub(crate) const FIELDS: &'static [&'static str] = &[
        "from",
        "until",
        "input",
        "cached_input",
        "cache_write",
        "cache_write_1h",
        "output",
        "reasoning",
        "batch_discount",
        "long_prompt",
        "source",
        "dollars_per_hour",
    ];

    pub(crate) fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "the price", value, Self::FIELDS)?;
        if section.value("from").is_none() {
            let remedy = "add `from = \"2026-01-01\"`, the first day that it holds";
            notes.error(section.span(), "the price has no `from`", remedy);
        }
        Some(Self {
            span: section.span(),
            written: section.written(),
            from: section.moment(notes, "from"),
            until: section.moment(notes, "until"),
            input: section.number(notes, "input"),
            cached_input: section.number(notes, "cached_input"),
            cache_write: section.number(notes, "cache_write"),
            cache_write_1h: section.number(notes, "cache_write_1h"),
            output: section.number(notes, "output"),
            reasoning: section.number(notes, "reasoning"),
            batch_discount: section.number(notes, "batch_discount"),
            long_prompt: one(notes, &section, "long_prompt", RawLongPrompt::read),
            source: section.text(notes, "source"),
            dollars_per_hour: section.number(notes, "dollars_per_hour"),
        })
    }
}

/// What calls with long prompts cost.
pub(crate) struct RawLongPrompt {
    pub(crate) span: Span,
    pub(crate) over_tokens: Option<Spanned<u64>>,
    pub(crate) input: Option<Spanned<f64>>,
    pub(crate) cached_input: Option<Spanned<f64>>,
    pub(crate) cache_write: Option<Spanned<f64>>,
    pub(crate) cache_write_1h: Option<Spanned<f64>>,
    pub(crate) output: Option<Spanned<f64>>,
}

impl RawLongPrompt {
    pub(crate) const FIELDS: &'static [&'static str] =
        &["over_tokens", "input", "cached_input", "cache_write", "cache_write_1h", "output"];

    fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "`long_prompt`", value, Self::FIELDS)?;
        Some(Self {
            span: section.span(),
            over_tokens: section.count(notes, "over_tokens"),
            input: section.number(notes, "input"),
            cached_input: section.number(notes, "cached_input"),
            cache_write: section.number(notes, "cache_write"),
            cache_write_1h: section.number(notes, "cache_write_1h"),
            output: section.number(notes, "output"),
        })
    }
}
