//! `[judge.anchors]` as it is written.

use super::Value;
use crate::{
    mistake::{Notes, Span},
    section::Section,
};
use serde_spanned::Spanned;

/// `[judge.anchors]`
pub(crate) struct RawAnchors {
    pub(crate) span: Span,
    pub(crate) pairs: Option<Spanned<u64>>,
    pub(crate) every_hours: Option<Spanned<u64>>,
}

impl RawAnchors {
    pub(super) const FIELDS: &'static [&'static str] = &["pairs", "every_hours"];

    pub(super) fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "[judge.anchors]", value, Self::FIELDS)?;
        Some(Self {
            span: section.span(),
            pairs: section.count(notes, "pairs"),
            every_hours: section.count(notes, "every_hours"),
        })
    }
}
