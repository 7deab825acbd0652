//! How a schema's patterns search.

use super::PATTERN_SIZE_MAX;
use regex::RegexBuilder;
use serde_json::Value;

/// How patterns search a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// Once, whatever the text.
    Linear,
    /// One of them looks around or back: it may read the whole text at each of its steps.
    LookingAround,
}

/// How the patterns of a schema search. It reads more as a pattern than the schema may mean as one.
pub(super) fn of(schema: &Value) -> Search {
    let all_linear = match schema {
        Value::Object(members) => members.iter().all(|(name, value)| {
            let is_linear = match (name.as_str(), value) {
                ("pattern", Value::String(pattern)) => is_linear(pattern),
                ("patternProperties", Value::Object(named)) => {
                    named.keys().all(|pattern| is_linear(pattern))
                }
                (_, _) => true,
            };
            is_linear && of(value) == Search::Linear
        }),
        Value::Array(items) => items.iter().all(|item| of(item) == Search::Linear),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    };
    if all_linear { Search::Linear } else { Search::LookingAround }
}

/// Whether the linear engine takes it, as the other one lets it wherever it can.
fn is_linear(pattern: &str) -> bool {
    RegexBuilder::new(pattern).size_limit(PATTERN_SIZE_MAX).build().is_ok()
}
