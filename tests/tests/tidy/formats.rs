//! What is published can at least be read.

use crate::tree::{files, none};

#[test]
fn every_pipeline_and_manifest_is_toml() {
    let broken = |text: &str| text.parse::<toml::Table>().err().map(|error| error.to_string());
    check("pipelines/", ".toml", broken);
}

#[test]
fn every_schema_and_dashboard_is_json() {
    let broken = |text: &str| {
        serde_json::from_str::<serde_json::Value>(text).err().map(|error| error.to_string())
    };
    check("schemas/", ".json", broken);
    check("dashboards/", ".json", broken);
}

fn check(folder: &str, ending: &str, broken: impl Fn(&str) -> Option<String>) {
    // The log of a fixture's table has a value on every line: the lake's tests read it.
    let is_whole = |path: &str| path.starts_with(folder) && !path.contains("/_delta_log/");
    let files: Vec<_> = files(ending).into_iter().filter(|file| is_whole(&file.path)).collect();
    assert!(!files.is_empty(), "there is no {ending} in {folder}");
    let offences: Vec<String> = files
        .iter()
        .filter_map(|file| Some(format!("{}: {}", file.path, broken(&file.text)?)))
        .collect();
    none("a published file cannot be read", &offences);
}
