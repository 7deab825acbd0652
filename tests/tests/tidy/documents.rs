//! Documents say what is there.

use crate::tree::{exists, files, none, read};
use std::collections::BTreeSet;

const README_LINES_MAX: usize = 150;
const ARCHITECTURE_LINES_MAX: usize = 250;
const INVARIANTS: usize = 12;

#[test]
fn documents_stay_short() {
    for (path, lines_max) in
        [("README.md", README_LINES_MAX), ("ARCHITECTURE.md", ARCHITECTURE_LINES_MAX)]
    {
        let lines = read(path).lines().count();
        assert!(lines <= lines_max, "{path} has {lines} lines; {lines_max} may be");
    }
}

#[test]
fn ci_runs_what_the_readme_says() {
    let (readme, ci) = (read("README.md"), read(".ci/run"));
    let commands: Vec<&str> =
        readme.lines().map(str::trim).filter(|line| is_ci_command(line)).collect();
    assert!(commands.len() >= 2, "README has no apt line or no test command: {commands:?}");
    for command in commands {
        assert!(ci.contains(command), ".ci/run does not have README's `{command}`");
    }
}

fn is_ci_command(line: &str) -> bool {
    line.starts_with("apt-get install ") || line.starts_with("cargo test")
}

#[test]
fn every_limit_of_the_live_path_is_told() {
    let (config, told) = (read("crates/proxy/src/config.rs"), read("docs/operating.md"));
    let (_, limits) = config.split_once("pub struct Limits {").expect("limits are listed");
    let (limits, _) = limits.split_once("\n}\n").expect("the list ends");
    let names: Vec<&str> = limits
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(':').map(|(name, _)| name))
        .collect();
    assert!(names.len() > 20, "{names:?}");
    let untold = names.iter().filter(|name| !told.contains(&format!("`{name}`")));
    none(
        "a limit has no row in docs/operating.md",
        &untold.map(|name| (*name).to_owned()).collect::<Vec<_>>(),
    );
}

#[test]
fn what_documents_point_at_exists() {
    let mut offences = Vec::new();
    for (path, text) in documents() {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for target in links(&text) {
            if !exists(&joined(folder, target)) {
                offences.push(format!("{path}: {target}"));
            }
        }
    }
    none("a document points at what is not there", &offences);
}

#[test]
fn functions_that_documents_name_exist() {
    let mut offences = Vec::new();
    let mut named = 0;
    for (path, text) in documents() {
        for function in functions(&text) {
            named += 1;
            if !is_there(&function) {
                offences.push(format!("{path}: {}::{}", function.file, function.name));
            }
        }
    }
    assert!(named > 20, "the documents name {named} functions only");
    none("a document names a function that is not there", &offences);
}

#[test]
fn every_invariant_names_its_test() {
    let architecture = read("ARCHITECTURE.md");
    let section = section(&architecture, "## Invariants");
    for number in 1..=INVARIANTS {
        let own = item(section, number);
        let tests: Vec<Function> = functions(own)
            .into_iter()
            .filter(|function| function.file.contains("tests/"))
            .collect();
        assert!(!tests.is_empty(), "invariant {number} names no test: {own}");
        for test in tests {
            let source = if exists(&test.file) { read(&test.file) } else { String::new() };
            assert!(
                is_test(&source, &test.name),
                "invariant {number}: {}::{} is no test",
                test.file,
                test.name
            );
        }
    }
}

#[test]
fn every_crate_is_on_the_map() {
    let architecture = read("ARCHITECTURE.md");
    let map = section(&architecture, "## Code map");
    let on_map: BTreeSet<&str> = links(map).collect();
    let mut offences = Vec::new();
    for manifest in files("Cargo.toml") {
        let folder = manifest.path.trim_end_matches("/Cargo.toml");
        if folder.starts_with("crates/") && !on_map.contains(folder) {
            offences.push(folder.to_owned());
        }
    }
    none("a crate is not on ARCHITECTURE's map", &offences);
}

#[test]
fn every_direct_dependency_has_its_reason() {
    let architecture = read("ARCHITECTURE.md");
    let table = section(&architecture, "## Dependencies");
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let mut wanted = BTreeSet::new();
    for manifest_of_crate in files("Cargo.toml") {
        if !manifest_of_crate.path.starts_with("crates/") {
            continue;
        }
        let own: toml::Table = manifest_of_crate.text.parse().unwrap();
        let dependencies = own.get("dependencies").and_then(toml::Value::as_table);
        wanted.extend(dependencies.into_iter().flat_map(|table| table.keys().cloned()));
    }
    let shared = manifest["workspace"]["dependencies"].as_table().unwrap();
    let is_ours = |name: &str| shared.get(name).is_some_and(|entry| entry.get("path").is_some());
    let offences: Vec<String> = wanted
        .into_iter()
        .filter(|name| !is_ours(name) && !table.contains(&format!("`{name}`")))
        .collect();
    none("ARCHITECTURE does not say why a dependency is there", &offences);
}

#[test]
fn the_pipelines_of_documents_are_valid() {
    let mut count = 0;
    for (path, text) in documents() {
        let blocks = text.split("```toml\n").skip(1);
        for block in blocks.filter_map(|block| block.split("```").next()) {
            count += 1;
            let mistakes = pipeline::load(block).err();
            assert!(mistakes.is_none(), "{path}: {mistakes:#?}");
        }
    }
    assert!(count > 0, "no document shows a pipeline");
}

/// `docs/pipeline.md` has a table for each section of a pipeline, with a row for each field, the
/// default that the schema says, and an example that has them all.
#[test]
fn the_page_about_pipelines_has_every_field_and_its_default() {
    let page = read("docs/pipeline.md");
    let schema: serde_json::Value =
        serde_json::from_str(&read("schemas/pipeline.v1.json")).unwrap();
    let example = page.split("## An example with every field").nth(1).unwrap();
    let mut offences = Vec::new();
    for (name, fields) in pipeline::sections().into_iter().filter(|(name, _)| !name.is_empty()) {
        let own = section(&page, &format!("\n## `{name}`\n"));
        let rows: Vec<Vec<&str>> = own
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| line.split('|').map(str::trim).collect())
            .collect();
        let written: BTreeSet<&str> = rows.iter().map(|row| row[1].trim_matches('`')).collect();
        if written != fields.iter().copied().collect() {
            offences.push(format!("{name} has {written:?}, not {fields:?}"));
        }
        for row in rows {
            let field = row[1].trim_matches('`');
            let default = &schema["$defs"][name]["properties"][field]["default"];
            let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
            if default != "null" && row[2] != format!("`{default}`") {
                offences
                    .push(format!("{name}: the default of {field} is {default}, not {}", row[2]));
            }
            if !example.contains(field) {
                offences.push(format!("{name}: the example has no {field}"));
            }
        }
    }
    none("docs/pipeline.md is not what is read", &offences);
}

/// A function as documents name it: `crates/x/src/y.rs::name`.
struct Function {
    file: String,
    name: String,
}

fn functions(text: &str) -> Vec<Function> {
    let spans = text.split('`').skip(1).step_by(2);
    let pairs = spans.filter_map(|span| span.split_once(".rs::"));
    pairs
        .map(|(file, name)| Function { file: format!("{file}.rs"), name: name.to_owned() })
        .collect()
}

fn is_there(function: &Function) -> bool {
    exists(&function.file) && place(&read(&function.file), &function.name).is_some()
}

fn place(source: &str, name: &str) -> Option<usize> {
    let forms = [format!("fn {name}("), format!("fn {name}<")];
    forms.iter().find_map(|form| source.find(form.as_str()))
}

/// A test has its attribute within the few lines above it.
fn is_test(source: &str, name: &str) -> bool {
    place(source, name).is_some_and(|at| {
        let above: Vec<&str> = source[..at].lines().rev().take(12).collect();
        let nearest = above.iter().skip(1).position(|line| line.contains("fn "));
        let own = &above[..nearest.map_or(above.len(), |end| end + 1)];
        own.iter().any(|line| line.contains("#[test]") || line.contains("::test"))
    })
}

/// The local targets of a document's links.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let targets = targets.filter_map(|target| target.split('#').next());
    targets.filter(|target| !target.is_empty() && !target.contains("://"))
}

fn joined(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let at = text.find(heading).unwrap_or_else(|| panic!("there is no section {heading}"));
    let own = &text[at + heading.len()..];
    own.find("\n## ").map_or(own, |end| &own[..end])
}

/// The numbered item of a list, to the beginning of the next.
fn item(section: &str, number: usize) -> &str {
    let start = format!("\n{number}. ");
    let at = section.find(&start).unwrap_or_else(|| panic!("there is no invariant {number}"));
    let own = &section[at + 1..];
    own.find(&format!("\n{}. ", number + 1)).map_or(own, |end| &own[..end])
}

fn documents() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"]
        .into_iter()
        .map(|path| (path.to_owned(), read(path)))
        .collect();
    found.extend(files(".md").into_iter().map(|file| (file.path, file.text)));
    found
}
