//! The JSON Schema organisation's test suite, drafts 4 to 2020-12, through the scorer.
//!
//! No registry has the suite by itself; the source package of the Python validator carries it.

use crate::support::{call, said, say, scorers};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The package, and its digest, so that what is tested against is always the same.
const PACKAGE: &str = "jsonschema==4.25.1 \
    --hash=sha256:e4a9655ce0da0c0b67a085847e00a3a51449e1157f4f75e9fb5aa545e122eb85";
const ARCHIVE: &str = "jsonschema-4.25.1";

/// Each draft's folder, its setting, and the least number of cases that it must have.
const DRAFTS: [(&str, &str, usize); 5] = [
    ("draft4", "4", 500),
    ("draft6", "6", 700),
    ("draft7", "7", 800),
    ("draft2019-09", "2019-09", 1_100),
    ("draft2020-12", "2020-12", 1_200),
];

/// The suite's folder, fetched once and kept under the target folder.
fn suite() -> PathBuf {
    static SUITE: OnceLock<PathBuf> = OnceLock::new();
    SUITE.get_or_init(fetched).clone()
}

fn fetched() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("json-schema-suite");
    let tests = folder.join(ARCHIVE).join("json/tests");
    if folder.join("ready").exists() {
        return tests;
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("wanted.txt"), PACKAGE).unwrap();
    run(Command::new("python3").args(["-m", "venv"]).arg(folder.join("python")));
    let mut pip = Command::new(folder.join("python/bin/python"));
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    pip.args(["--no-binary", "jsonschema", "--require-hashes", "-r", "wanted.txt"]);
    run(pip.current_dir(&folder));
    let archive = folder.join(format!("{ARCHIVE}.tar.gz"));
    assert!(archive.exists(), "pip left no {}", archive.display());
    let mut unpack = Command::new("python3");
    run(unpack.args(["-m", "tarfile", "-e"]).arg(&archive).current_dir(&folder));
    fs::write(folder.join("ready"), "").unwrap();
    tests
}

#[track_caller]
fn run(command: &mut Command) {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {said}");
}

#[derive(Default)]
struct Tally {
    right: usize,
    /// The schema asks for another document, or for what no value can be held against.
    abstained: usize,
    wrong: Vec<String>,
}

fn play(file: &Path, settings: &Value, tally: &mut Tally) {
    let groups: Vec<Value> = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    for group in groups {
        let mut settings = settings.clone();
        // What the schema says itself must be enough.
        if group["schema"].get("$schema").is_some() {
            settings.as_object_mut().unwrap().remove("draft");
        }
        let scorers = scorers(&[settings]);
        let call = call(&json!({"schema": group["schema"]}));
        for test in group["tests"].as_array().unwrap() {
            let score = scorers.score_absolute(&call, &said(&test["data"].to_string())).remove(0);
            let wanted = f64::from(u8::from(test["valid"].as_bool().unwrap()));
            match score.value {
                None => tally.abstained += 1,
                Some(value) if value == wanted => tally.right += 1,
                Some(value) => tally.wrong.push(format!(
                    "{}: {}: {}: {value} {}",
                    file.file_name().unwrap().display(),
                    group["description"],
                    test["description"],
                    score.reason
                )),
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ext| ext == "json")).collect();
    files.sort();
    files
}

#[test]
fn the_suite_of_every_draft_is_scored_as_it_says() {
    let suite = suite();
    for (folder, draft, least) in DRAFTS {
        let mut tally = Tally::default();
        for file in files(&suite.join(folder)) {
            play(&file, &json!({"kind": "json_schema", "draft": draft}), &mut tally);
        }
        let Tally { right, abstained, wrong } = tally;
        say(&format!("draft {draft}: {right} right, {abstained} abstained, {} wrong", wrong.len()));
        assert!(wrong.is_empty(), "draft {draft}:\n{}", wrong.join("\n"));
        assert!(right >= least, "draft {draft}: {right} cases only");
        // Those that need another document, which is refused.
        assert!(abstained * 20 <= right, "draft {draft}: {abstained} abstained");
    }
}

/// Formats are optional in the suite; the drafts up to 7 check them unasked, the later ones where they
/// are told to.
#[test]
fn formats_are_checked_as_the_suite_says() {
    let suite = suite();
    for (folder, draft, _) in DRAFTS {
        let mut tally = Tally::default();
        for file in files(&suite.join(folder).join("optional/format")) {
            let settings = json!({"kind": "json_schema", "draft": draft, "formats": "checked"});
            play(&file, &settings, &mut tally);
        }
        let Tally { right, abstained, wrong } = tally;
        say(&format!("formats of draft {draft}: {right} right, {} otherwise", wrong.len()));
        assert!(wrong.is_empty(), "draft {draft}: {wrong:#?}");
        assert!(right > 100 && abstained == 0, "draft {draft}");
    }
}
