//! `[s3]` as it is written.

use super::Value;
use crate::{mistake::Notes, section::Section};
use serde_spanned::Spanned;

/// `[s3]`
pub(crate) struct RawS3 {
    pub(crate) endpoint: Option<Spanned<String>>,
    pub(crate) region: Option<Spanned<String>>,
    pub(crate) path_style: Option<Spanned<bool>>,
    pub(crate) allow_http: Option<Spanned<bool>>,
    pub(crate) ca_file: Option<Spanned<String>>,
    pub(crate) key_id_env: Option<Spanned<String>>,
    pub(crate) key_id_file: Option<Spanned<String>>,
    pub(crate) secret_env: Option<Spanned<String>>,
    pub(crate) secret_file: Option<Spanned<String>>,
    pub(crate) session_env: Option<Spanned<String>>,
    pub(crate) session_file: Option<Spanned<String>>,
}

impl RawS3 {
    pub(super) const FIELDS: &'static [&'static str] = &[
        "endpoint",
        "region",
        "path_style",
        "allow_http",
        "ca_file",
        "key_id_env",
        "key_id_file",
        "secret_env",
        "secret_file",
        "session_env",
        "session_file",
    ];

    pub(crate) fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "[s3]", value, Self::FIELDS)?;
        Some(Self {
            endpoint: section.text(notes, "endpoint"),
            region: section.text(notes, "region"),
            path_style: section.boolean(notes, "path_style"),
            allow_http: section.boolean(notes, "allow_http"),
            ca_file: section.text(notes, "ca_file"),
            key_id_env: section.text(notes, "key_id_env"),
            key_id_file: section.text(notes, "key_id_file"),
            secret_env: section.text(notes, "secret_env"),
            secret_file: section.text(notes, "secret_file"),
            session_env: section.text(notes, "session_env"),
            session_file: section.text(notes, "session_file"),
        })
    }
}
