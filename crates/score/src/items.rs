//! Lists in texts: a JSON array, or what stands between line breaks or commas.

use crate::{
    document::{Fence, canonical},
    number::Number,
    text::normalised,
};
use serde_json::Value;

/// Longer lists are not compared.
pub(crate) const ITEMS_MAX: usize = 4096;

/// The items of a text, each in a form in which the same item is written the same.
///
/// `None` where the text has none and is no empty JSON array: then it is no list.
pub(crate) fn of(text: &str, separator: Option<&str>) -> Option<Vec<String>> {
    if let Ok(Value::Array(items)) = Fence::Allowed.parse(text) {
        return Some(items.iter().map(of_value).collect());
    }
    let text = text.trim();
    let items = match separator {
        Some(separator) => all_of(text.split(separator)),
        // One character is found faster than a text of one.
        None => all_of(text.split(if text.contains('\n') { '\n' } else { ',' })),
    };
    (!items.is_empty()).then_some(items)
}

fn all_of<'t>(parts: impl Iterator<Item = &'t str>) -> Vec<String> {
    parts.map(unmarked).filter(|item| !item.is_empty()).map(of_text).collect()
}

fn of_value(value: &Value) -> String {
    match value {
        Value::String(text) => of_text(text),
        Value::Number(number) => of_text(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => canonical(value),
    }
}

/// However a number is written, it is that number.
fn of_text(text: &str) -> String {
    Number::whole(text).map_or_else(|| normalised(text), |number| number.to_string())
}

/// Without the mark that a list item begins with: `- a`, `* a`, `• a`, `12. a`, `3) a`.
fn unmarked(item: &str) -> &str {
    let item = item.trim();
    if let Some(rest) = ["- ", "* ", "• "].into_iter().find_map(|mark| item.strip_prefix(mark)) {
        return rest.trim_start();
    }
    let rest = item.trim_start_matches(|mark: char| mark.is_ascii_digit());
    let numbered = rest.len() < item.len();
    match rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") ")) {
        Some(rest) if numbered => rest.trim_start(),
        Some(_) | None => item,
    }
}

/// The harmonic mean of precision and recall: twice what is common, of all.
pub(crate) fn f1(common: usize, ours: usize, theirs: usize) -> f64 {
    if ours + theirs == 0 { 1.0 } else { 2.0 * common as f64 / (ours + theirs) as f64 }
}

/// Refuses a separator that separates nothing.
pub(crate) fn check_separator(separator: Option<&str>) -> Result<(), String> {
    match separator {
        Some("") => Err("`separator` is empty: write what stands between items".to_owned()),
        Some(_) | None => Ok(()),
    }
}
