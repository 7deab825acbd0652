//! `[golden]` as it is written.

use super::{Value, all};
use crate::{
    mistake::{Notes, Span},
    section::{Section, Written},
};
use serde_spanned::Spanned;
use std::collections::BTreeMap;

/// `[golden]`
pub(crate) struct RawGolden {
    pub(crate) span: Span,
    pub(crate) written: Written,
    pub(crate) every_hours: Option<Spanned<u64>>,
    pub(crate) cases: Vec<RawGoldenCase>,
}

impl RawGolden {
    pub(super) const FIELDS: &'static [&'static str] = &["every_hours", "case"];

    pub(super) fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "[golden]", value, Self::FIELDS)?;
        Some(Self {
            span: section.span(),
            written: section.written(),
            every_hours: section.count(notes, "every_hours"),
            cases: all(notes, &section, "case", RawGoldenCase::read),
        })
    }
}

/// `[[golden.case]]`
pub(crate) struct RawGoldenCase {
    pub(crate) span: Span,
    pub(crate) written: Written,
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) category: Option<Spanned<String>>,
    pub(crate) model: Option<Spanned<String>>,
    pub(crate) system: Option<Spanned<String>>,
    pub(crate) prompt: Option<Spanned<String>>,
    pub(crate) call_file: Option<Spanned<String>>,
    pub(crate) expected: Option<Spanned<String>>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) answer: Option<Spanned<String>>,
}

impl RawGoldenCase {
    pub(super) const FIELDS: &'static [&'static str] = &[
        "name",
        "category",
        "model",
        "system",
        "prompt",
        "call_file",
        "expected",
        "metadata",
        "answer",
    ];

    fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "the golden case", value, Self::FIELDS)?;
        Some(Self {
            span: section.span(),
            written: section.written(),
            name: section.required_text(notes, "name"),
            category: section.required_text(notes, "category"),
            model: section.text(notes, "model"),
            system: section.text(notes, "system"),
            prompt: section.text(notes, "prompt"),
            call_file: section.text(notes, "call_file"),
            expected: section.text(notes, "expected"),
            metadata: section.texts_by_name(notes, "metadata"),
            answer: section.text(notes, "answer"),
        })
    }
}
