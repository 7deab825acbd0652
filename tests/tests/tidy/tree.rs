//! The files of the project, as text.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders that hold what the project is; beside them lie build results and data.
const FOLDERS: [&str; 9] =
    ["crates", "tests", "fuzz", "benches", "dashboards", "docs", "pipelines", "schemas", ".ci"];
/// Folders inside them that are made, not written.
const MADE: [&str; 4] = ["target", "artifacts", "corpus", "foreshadow-data"];

/// A file of the project: its path from the root, with `/`, and its text.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the root").into()
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// Every text file whose name ends so, sorted by path.
pub(crate) fn files(ending: &str) -> Vec<Source> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        walk(&root().join(folder), ending, &mut found);
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Every Rust file in a crate's `src`.
pub(crate) fn shipped() -> Vec<Source> {
    let mut found = files(".rs");
    found.retain(|file| file.path.starts_with("crates/") && file.path.contains("/src/"));
    found
}

fn walk(folder: &Path, ending: &str, found: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.map(|entry| entry.expect("a folder that opened can be read")) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            if !MADE.contains(&name.as_str()) {
                walk(&path, ending, found);
            }
        } else if name.ends_with(ending) {
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let path = path.strip_prefix(root()).expect("it lies in the root");
            found.push(Source { path: path.to_string_lossy().replace('\\', "/"), text });
        }
    }
}

/// Fails with every offence at once, each on its line.
pub(crate) fn none(rule: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{rule}:\n  {}", offences.join("\n  "));
}
