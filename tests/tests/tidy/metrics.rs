//! Metrics: what is counted, what is described and what is looked at are one list.

use crate::tree::{files, none, shipped};
use std::collections::BTreeSet;

/// Where metrics are described, and so named without being counted.
const DESCRIBED: &str = "crates/console/src/describe.rs";
const PREFIX: &str = "foreshadow_";

#[test]
fn dashboards_and_rules_name_metrics_that_are_counted() {
    let counted = counted();
    let mut looked_at = BTreeSet::new();
    for ending in [".json", ".yml"] {
        for file in files(ending).iter().filter(|file| file.path.starts_with("dashboards/")) {
            let names = names(&file.text, |c| c.is_alphanumeric() || c == '_');
            // A histogram is looked at by its buckets.
            looked_at.extend(names.iter().map(|name| name.trim_end_matches("_bucket").to_owned()));
        }
    }
    assert!(looked_at.len() > 10, "the dashboards look at {looked_at:?} only");
    let unknown: Vec<String> = looked_at.difference(&counted).cloned().collect();
    none("a dashboard looks at a metric that nobody counts", &unknown);
}

#[test]
fn every_metric_is_described() {
    let sources = shipped();
    let described = sources.iter().find(|file| file.path == DESCRIBED);
    let mut described = names(&described.expect("metrics are described").text, |c| c != '"');
    // Its own metric is described by the constant's name.
    described.insert("foreshadow_ready".to_owned());
    let counted = counted();
    none(
        "a metric is counted and not described",
        &counted.difference(&described).cloned().collect::<Vec<_>>(),
    );
    none(
        "a metric is described and not counted",
        &described.difference(&counted).cloned().collect::<Vec<_>>(),
    );
}

/// Every metric name that stands as a whole string in shipped code, descriptions aside.
fn counted() -> BTreeSet<String> {
    let sources = shipped();
    let counting = sources.iter().filter(|file| file.path != DESCRIBED);
    counting.flat_map(|file| names(&file.text, |c| c != '"')).collect()
}

/// The metric names of a text, each preceded by a character that `begins` does not refuse.
fn names(text: &str, refuses: impl Fn(char) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices(PREFIX) {
        let before = text[..at].chars().next_back().unwrap_or(' ');
        let rest = &text[at..];
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        if !refuses(before) && end > PREFIX.len() {
            found.insert(rest[..end].to_owned());
        }
    }
    found
}
