//! Names: which characters, which are taken, which are written twice.

use crate::{mistake::Notes, suggest::quoted};
use serde_spanned::Spanned;
use std::collections::BTreeMap;

/// Longer names do not fit a line of a report.
const NAME_CHARS_MAX: usize = 64;

/// Notes a name that could not be part of a path, a header or a cell's name.
pub(super) fn check(notes: &mut Notes<'_>, kind: &str, name: &Spanned<String>, reserved: &[&str]) {
    let text = name.get_ref();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    let begins_well = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !begins_well || !text.chars().all(allowed) || text.chars().count() > NAME_CHARS_MAX {
        notes.error(
            name.span(),
            format!("`{text}` cannot be the name of a {kind}"),
            format!(
                "use at most {NAME_CHARS_MAX} of a-z, 0-9, `-`, `_` and `.`, a letter or digit first"
            ),
        );
    }
    if reserved.contains(&text.as_str()) {
        let what = format!("`{text}` is reserved and cannot be the name of a {kind}");
        notes.error(name.span(), what, format!("choose a name other than {}", quoted(reserved)));
    }
}

/// Notes every name that was written before.
pub(super) fn refuse_twice<'a>(
    notes: &mut Notes<'_>,
    kind: &str,
    names: impl Iterator<Item = &'a Spanned<String>>,
) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        let text = name.get_ref().as_str();
        let times = seen.entry(text).or_default();
        *times += 1;
        if *times > 1 {
            let what = format!("the {kind} `{text}` is written twice");
            notes.error(name.span(), what, "keep one, or give the other another name");
        }
    }
}
