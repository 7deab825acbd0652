//! Recorded answers of real models, played as a fortnight of traffic: what the tables hold equals a
//! direct count over the file, exactly, and confidence clears exactly what it should.
//!
//! A part runs always; the sets whole, at all four targets:
//! `FORESHADOW_WHOLE=1 cargo test --workspace --test journeys recorded`.

use crate::{
    command::run,
    deployment::{Deployment, foreshadow},
    say,
};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fs::File,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    time::Duration,
};
use testkit::recorded::{CANDIDATE, Count, REFERENCE, Recorded};

/// The fortnight of a whole set, on a slow machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(1_800);
/// The adjusted confidence that a pipeline demands.
const THRESHOLD: f64 = 0.95;

/// Subjects of the part that always runs: of every outcome, and small ones.
const SUBJECTS: [&str; 6] = [
    "marketing",
    "world_religions",
    "high_school_government_and_politics",
    "college_chemistry",
    "abstract_algebra",
    "sociology",
];

/// What is demanded of the candidate, as the flags of the demo say it, and what clears it.
const TARGETS: [(&[&str], &[&str]); 4] = [
    (
        &["--bar", "0.80"],
        &[
            "high_school_government_and_politics",
            "high_school_psychology",
            "marketing",
            "miscellaneous",
        ],
    ),
    (&["--bar", "0.90"], &[]),
    (&["--margin", "0.05"], &["high_school_mathematics"]),
    (&["--margin", "0.10"], &["high_school_mathematics", "marketing", "world_religions"]),
];

/// A recorded file, or `None` where there is none.
fn shared(name: &str) -> Option<PathBuf> {
    let told = env::var_os("FORESHADOW_SHARED").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let file = told.unwrap_or(beside).join(name);
    if !file.exists() {
        say(&format!("skipped: no recorded answers at {}", file.display()));
    }
    file.exists().then_some(file)
}

fn is_whole() -> bool {
    env::var_os("FORESHADOW_WHOLE").is_some_and(|value| value == "1")
}

/// Plays a recorded file, and returns what it left.
fn played(file: &Path, name: &str, target: &[&str]) -> Deployment {
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut command = foreshadow();
    command.args(["demo", "--recorded"]).arg(file).args(target).arg("--data").arg(&data);
    run(&mut command, PATIENCE).done();
    Deployment::copied(&data)
}

/// The tables against the file: exchanges, shadows and right answers of each category.
fn check_counts(deployment: &Deployment, set: &Recorded) {
    let query = "SELECT e.category AS category, count(*) AS answers, \
         CAST(sum(CASE WHEN s.loss = 0 THEN 1 ELSE 0 END) AS BIGINT) AS correct \
         FROM exchanges e JOIN shadows s ON s.exchange_id = e.exchange_id \
         WHERE s.arm = 'candidate' GROUP BY e.category";
    let found = deployment.rows(query).into_iter().map(|row| {
        let figure = |name: &str| row[name].as_u64().unwrap();
        let count = Count { answers: figure("answers"), correct: figure("correct") };
        (row["category"].as_str().unwrap().to_owned(), count)
    });
    let counts = set.counts();
    let expected = counts.iter().map(|(category, models)| (category.clone(), models[CANDIDATE]));
    assert_eq!(found.collect::<BTreeMap<_, _>>(), expected.collect());
    let exchanges = deployment.count("SELECT count(*) AS n FROM exchanges");
    assert_eq!(exchanges, set.items.len() as u64);
}

/// The qualities are the recorded ones, and confidence clears exactly `cleared`.
fn check_evidence(deployment: &Deployment, set: &Recorded, is_paired: bool, cleared: &[&str]) {
    let query = "SELECT e.category AS category, e.units AS units, e.confidence_adj AS confidence, \
                 u.loss AS loss FROM evidence e JOIN \
                 (SELECT cell, avg(loss) AS loss FROM units GROUP BY cell) u ON u.cell = e.cell";
    let said = run(&mut deployment.command(&["sql", "--format", "json", query]), PATIENCE).done();
    let cells: Vec<Value> = serde_json::from_str(&said).unwrap();
    let counts = set.counts();
    assert_eq!(cells.len(), counts.len());
    let mut clears = BTreeSet::new();
    for cell in cells {
        let category = cell["category"].as_str().unwrap();
        let (candidate, reference) = (counts[category][CANDIDATE], counts[category][REFERENCE]);
        assert_eq!(cell["units"].as_u64().unwrap(), candidate.answers, "{category}");
        let best = if is_paired { reference.correct } else { candidate.answers };
        let counted = (best as f64 - candidate.correct as f64) / candidate.answers as f64;
        let found = cell["loss"].as_f64().unwrap();
        assert!((found - counted).abs() < 1e-12, "{category}: {found}, counted {counted}");
        if cell["confidence"].as_f64().unwrap() >= THRESHOLD {
            clears.insert(category.to_owned());
        }
    }
    let known = |category: &&&str| counts.contains_key(**category);
    let expected: BTreeSet<_> = cleared.iter().filter(known).map(|it| (*it).to_owned()).collect();
    assert_eq!(clears, expected);
}

#[test]
fn a_part_of_mmlu_is_counted_exactly_and_clears_what_it_should() {
    let Some(whole) = shared("mmlu.jsonl.gz") else { return };
    let folder = crate::deployment::Folder::new();
    let part = folder.path().join("part.jsonl.gz");
    write_part(&whole, &part);
    let set = Recorded::load(&part).unwrap();
    let (flags, cleared) = TARGETS[0];
    let deployment = played(&part, "recorded-part", flags);
    check_counts(&deployment, &set);
    check_evidence(&deployment, &set, false, cleared);
}

#[test]
fn gsm8k_promotes_nothing() {
    let Some(file) = shared("gsm8k.jsonl.gz") else { return };
    let set = Recorded::load(&file).unwrap();
    for (flags, _) in if is_whole() { &TARGETS[..] } else { &TARGETS[..1] } {
        let deployment = played(&file, "recorded-gsm8k", flags);
        check_counts(&deployment, &set);
        check_evidence(&deployment, &set, flags[0] == "--margin", &[]);
    }
}

#[test]
fn the_whole_of_mmlu_clears_exactly_the_known_sets() {
    if !is_whole() {
        say("skipped: the whole of MMLU (FORESHADOW_WHOLE=1 plays it)");
        return;
    }
    let Some(file) = shared("mmlu.jsonl.gz") else { return };
    let set = Recorded::load(&file).unwrap();
    for (flags, cleared) in TARGETS {
        let deployment = played(&file, "recorded-mmlu", flags);
        check_counts(&deployment, &set);
        check_evidence(&deployment, &set, flags[0] == "--margin", cleared);
        say(&format!("MMLU {}: clears exactly {cleared:?}", flags.join(" ")));
    }
}

/// The rows of [`SUBJECTS`].
fn write_part(whole: &Path, part: &Path) {
    let mut gzip = GzEncoder::new(File::create(part).unwrap(), Compression::fast());
    for line in BufReader::new(GzDecoder::new(File::open(whole).unwrap())).lines() {
        let line = line.unwrap();
        let row: Value = serde_json::from_str(&line).unwrap();
        if SUBJECTS.contains(&row["category"].as_str().unwrap()) {
            writeln!(gzip, "{line}").unwrap();
        }
    }
    gzip.finish().unwrap();
}
