//! The command line by itself: what can be typed, how it ends, and what it says when it is wrong.
//! What the commands do is shown by the journeys.

#![cfg(test)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pipeline/tests/pipeline/golden");

/// Runs the binary in a folder that holds nothing.
fn foreshadow(args: &[&str]) -> Output {
    let nothing = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_foreshadow"));
    command.env_clear().current_dir(nothing.path()).args(args).output().unwrap()
}

#[track_caller]
fn check(args: &[&str], code: i32) -> String {
    let output = foreshadow(args);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    said
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|it| it == ending)).collect();
    files.sort();
    files
}

#[test]
fn help_names_every_command() {
    let said = check(&["--help"], 0);
    let commands = [
        "demo",
        "up",
        "check",
        "categories",
        "report",
        "plan",
        "sql",
        "promote",
        "demote",
        "policy",
        "label",
        "judge",
        "explain",
        "lake",
    ];
    for command in commands {
        assert!(said.contains(&format!("  {command} ")), "{command} is not in {said}");
        check(&[command, "--help"], 0);
    }
    for (command, parts) in [
        ("policy", ["show", "history", "rollback"].as_slice()),
        ("lake", &["files", "views"]),
        ("judge", &["anchors"]),
    ] {
        for part in parts {
            check(&[command, part, "--help"], 0);
        }
    }
}

#[test]
fn the_version_is_said() {
    assert_eq!(check(&["--version"], 0), concat!("foreshadow ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn what_was_typed_wrong_ends_with_2() {
    check(&[], 2);
    check(&["shadow"], 2);
    check(&["report", "--format", "pdf"], 2);
    check(&["sql"], 2);
    check(&["promote"], 2);
    check(&["up", "--listen", "everywhere"], 2);
    let said = check(&["report", "--as-of", "yesterday"], 2);
    assert!(said.contains("yesterday") && said.contains("--as-of"), "{said}");
}

#[test]
fn a_command_without_data_says_what_to_start() {
    for args in
        [["sql", "SELECT 1"].as_slice(), &["explain", "01890000-0000-7000-8000-000000000000"]]
    {
        let said = check(args, 1);
        assert!(said.contains("foreshadow up") && said.contains("foreshadow demo"), "{said}");
    }
    assert!(check(&["policy", "show"], 0).contains("observation"));
}

#[test]
fn a_pipeline_that_cannot_be_read_is_named() {
    for args in [["check", "none.toml"].as_slice(), &["up", "--pipeline", "none.toml"]] {
        let output = foreshadow(args);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("none.toml"), "{said}");
    }
}

#[test]
fn the_shipped_pipelines_are_valid() {
    let shipped = files(&Path::new(ROOT).join("pipelines"), "toml");
    assert!(!shipped.is_empty());
    for file in shipped {
        let said = check(&["check", file.to_str().unwrap()], 0);
        assert!(said.contains("is valid"), "{said}");
    }
}

/// `FILE:LINE:COLUMN: what; remedy`, every mistake of the file in one go, and exit 2 if any of them
/// is an error. What comes last in a line may be the system's word for why a file cannot be read.
#[test]
fn every_mistake_of_a_pipeline_is_said_at_its_line() {
    let mut wrong = 0;
    for file in files(Path::new(GOLDEN), "toml") {
        let expected = fs::read_to_string(file.with_extension("expected")).unwrap();
        let is_wrong = expected.lines().any(|line| line.contains(": error: "));
        wrong += usize::from(is_wrong);
        let name = file.to_str().unwrap();
        let said = check(&["check", name], if is_wrong { 2 } else { 0 });
        for mistake in expected.lines() {
            let (what, _) = mistake.split_once("; ").unwrap_or((mistake, ""));
            let line = if what.ends_with("cannot be read") { what } else { mistake };
            let line = format!("{name}:{line}");
            assert!(said.lines().any(|it| it.starts_with(&line)), "not said: {line}\n{said}");
        }
    }
    assert!(wrong >= 20, "{wrong} golden pipelines are wrong");
}
