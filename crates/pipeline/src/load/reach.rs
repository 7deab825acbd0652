//! Whether a category's rule can be reached: the first that matches takes the call.

use crate::{
    CategoryDef,
    mistake::{Notes, Span},
};
use policy::{TokenRange, When, categorize::matches};
use std::collections::BTreeMap;

/// Warns of each rule that claims nothing because an earlier one claims all that it would. Patterns of
/// system prompts are compared as they are written, so it misses some.
pub(super) fn check(notes: &mut Notes<'_>, categories: &[(Span, CategoryDef)]) {
    for (at, (place, later)) in categories.iter().enumerate() {
        let claims_all = |earlier: &CategoryDef| {
            earlier
                .rule
                .as_ref()
                .zip(later.rule.as_ref())
                .is_some_and(|(wide, narrow)| covers(wide, narrow))
        };
        let earlier = categories[..at].iter().map(|(_, earlier)| earlier);
        if let Some(earlier) = earlier.into_iter().find(|earlier| claims_all(earlier)) {
            let what =
                format!("`{}` above claims every call that `{}` would", earlier.name, later.name);
            notes.warning(place.clone(), what, "put the narrower rule first, or take one out");
        }
    }
}

/// Whether every call that meets `narrow` meets `wide`.
fn covers(wide: &When, narrow: &When) -> bool {
    let globs = [
        (&wide.provider, &narrow.provider),
        (&wide.path, &narrow.path),
        (&wide.model, &narrow.model),
        (&wide.response_format, &narrow.response_format),
        (&wide.tenant, &narrow.tenant),
        (&wide.priority, &narrow.priority),
    ];
    globs.into_iter().all(|(wide, narrow)| is_within(wide.as_deref(), narrow.as_deref()))
        && (wide.system.is_none() || wide.system == narrow.system)
        && wide.tools.iter().all(|tool| narrow.tools.contains(tool))
        && all_within(&wide.header, &narrow.header)
        && all_within(&wide.metadata, &narrow.metadata)
        && wide
            .prompt_tokens
            .is_none_or(|wide| narrow.prompt_tokens.is_some_and(|it| is_inside(it, wide)))
}

/// A pattern that matches another one as a text matches whatever that one does.
fn is_within(wide: Option<&str>, narrow: Option<&str>) -> bool {
    wide.is_none_or(|wide| narrow.is_some_and(|narrow| matches(wide, narrow)))
}

fn all_within(wide: &BTreeMap<String, String>, narrow: &BTreeMap<String, String>) -> bool {
    wide.iter().all(|(key, wide)| is_within(Some(wide), narrow.get(key).map(String::as_str)))
}

fn is_inside(narrow: TokenRange, wide: TokenRange) -> bool {
    let (least, most) =
        (|it: TokenRange| it.min.unwrap_or(0), |it: TokenRange| it.max.unwrap_or(u64::MAX));
    least(wide) <= least(narrow) && most(narrow) <= most(wide)
}
