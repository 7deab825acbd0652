//! Every kind of mistake: `golden/NAME.toml` is the file, `golden/NAME.expected` what is said of
//! it, line by line. Together they are the documentation of the messages.

use pipeline::{Mistake, load};
use std::{collections::BTreeSet, fs, path::Path};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pipeline/golden");

fn names() -> BTreeSet<String> {
    let files = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let toml = files.filter(|path| path.extension().is_some_and(|ext| ext == "toml"));
    toml.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// Every golden pipeline by its name.
pub(crate) fn files() -> Vec<(String, String)> {
    let text =
        |name: &String| fs::read_to_string(Path::new(FOLDER).join(name).with_extension("toml"));
    names().into_iter().map(|name| (name.clone(), text(&name).unwrap())).collect()
}

fn said_of(text: &str) -> String {
    let mistakes = match load(text) {
        Ok(pipeline) => pipeline.warnings,
        Err(mistakes) => mistakes,
    };
    mistakes.iter().map(|mistake| format!("{mistake}\n")).collect()
}

#[test]
fn each_mistake_is_told_at_its_line_with_the_remedy() {
    let mut wrong = Vec::new();
    for name in names() {
        let path = Path::new(FOLDER).join(&name);
        let said = said_of(&fs::read_to_string(path.with_extension("toml")).unwrap());
        let expected = fs::read_to_string(path.with_extension("expected")).unwrap_or_default();
        if said != expected || said.is_empty() {
            wrong.push(format!("=== {name}: said\n{said}--- expected\n{expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_golden_files_cover_the_kinds_of_mistake() {
    assert!(names().len() >= 40, "{}", names().len());
}

#[test]
fn a_credential_in_the_file_is_refused_without_repeating_it() {
    let text = fs::read_to_string(Path::new(FOLDER).join("key_in_the_file.toml")).unwrap();
    assert!(text.contains("sk-live-"));
    let said = said_of(&text);
    assert!(said.matches("credential").count() >= 4, "{said}");
    assert!(!said.contains("sk-live-"), "{said}");
}

#[test]
fn warnings_alone_do_not_refuse_a_pipeline() {
    let text = fs::read_to_string(Path::new(FOLDER).join("warnings.toml")).unwrap();
    assert_eq!(load(&text).unwrap().warnings.len(), 3);
}

#[test]
fn mistakes_are_told_in_the_order_of_the_file() {
    for name in names() {
        let text = fs::read_to_string(Path::new(FOLDER).join(name).with_extension("toml")).unwrap();
        let Err(mistakes) = load(&text) else { continue };
        let places: Vec<_> = mistakes.iter().map(|m: &Mistake| (m.line, m.column)).collect();
        assert!(places.is_sorted(), "{places:?}");
        let lines = text.lines().count();
        assert!(places.iter().all(|(line, _)| (1..=lines + 1).contains(line)), "{places:?}");
    }
}

#[test]
fn a_flood_of_mistakes_is_cut_and_counted() {
    let fields: String = (0..500).map(|number| format!("field_{number} = 1\n")).collect();
    let mistakes = load(&format!("{fields}[pipeline]\nname = \"a\"\n")).unwrap_err();
    assert_eq!(mistakes.len(), 100);
    assert!(mistakes.last().unwrap().remedy.contains("more mistakes"));
}

#[test]
fn a_file_beyond_the_limit_is_not_read() {
    let text = "#".repeat(pipeline::PIPELINE_BYTES_MAX + 1);
    let mistakes = load(&text).unwrap_err();
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].what.contains("bytes long"));
}
