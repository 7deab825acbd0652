//! `[journal]` as it is written.

use super::Value;
use crate::{
    mistake::{Notes, Span},
    section::Section,
};
use serde_spanned::Spanned;

/// `[journal]`
pub(crate) struct RawJournal {
    pub(crate) span: Span,
    pub(crate) brokers: Option<Spanned<Vec<Spanned<String>>>>,
    pub(crate) prefix: Option<Spanned<String>>,
    pub(crate) tls: Option<Spanned<bool>>,
    pub(crate) ca_file: Option<Spanned<String>>,
    pub(crate) sasl: Option<Spanned<String>>,
    pub(crate) user: Option<Spanned<String>>,
    pub(crate) password_env: Option<Spanned<String>>,
    pub(crate) password_file: Option<Spanned<String>>,
    pub(crate) partitions: Option<Spanned<u64>>,
    pub(crate) replication: Option<Spanned<u64>>,
    pub(crate) retention_days: Option<Spanned<u64>>,
    pub(crate) session_seconds: Option<Spanned<u64>>,
    pub(crate) record_bytes_max: Option<Spanned<u64>>,
    pub(crate) spool_bytes_max: Option<Spanned<u64>>,
}

impl RawJournal {
    pub(super) const FIELDS: &'static [&'static str] = &[
        "brokers",
        "prefix",
        "tls",
        "ca_file",
        "sasl",
        "user",
        "password_env",
        "password_file",
        "partitions",
        "replication",
        "retention_days",
        "session_seconds",
        "record_bytes_max",
        "spool_bytes_max",
    ];

    pub(super) fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "[journal]", value, Self::FIELDS)?;
        if section.value("brokers").is_none() {
            let what = "the journal names no brokers";
            let remedy =
                "write brokers = [\"HOST:PORT\"], or leave [journal] out: then it is embedded";
            notes.error(section.span(), what, remedy);
        }
        Some(Self {
            span: section.span(),
            brokers: section.texts(notes, "brokers"),
            prefix: section.text(notes, "prefix"),
            tls: section.boolean(notes, "tls"),
            ca_file: section.text(notes, "ca_file"),
            sasl: section.text(notes, "sasl"),
            user: section.text(notes, "user"),
            password_env: section.text(notes, "password_env"),
            password_file: section.text(notes, "password_file"),
            partitions: section.count(notes, "partitions"),
            replication: section.count(notes, "replication"),
            retention_days: section.count(notes, "retention_days"),
            session_seconds: section.count(notes, "session_seconds"),
            record_bytes_max: section.count(notes, "record_bytes_max"),
            spool_bytes_max: section.count(notes, "spool_bytes_max"),
        })
    }
}
