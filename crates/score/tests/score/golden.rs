//! Every scorer's golden cases: `{config, call?, reply, reference?, expect, why?}`, where `expect`
//! is a value from 0 to 1 or null (abstains) and `why` is part of the reason.

use crate::support::{call, reply, spec, subject};
use score::{Nature, Score, ScorerSpec, Scorers};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path};

/// Every kind of scorer.
pub(crate) const KINDS: [&str; 25] = [
    "code_parses",
    "contains",
    "cost",
    "edit_similarity",
    "exact",
    "expected",
    "forbidden",
    "json_equal",
    "json_fields",
    "json_schema",
    "language",
    "latency",
    "length",
    "length_ratio",
    "list_f1",
    "normalised",
    "not_refusal",
    "not_truncated",
    "number_equal",
    "regex",
    "rouge_l",
    "set_f1",
    "tool_arguments",
    "tool_calls_equal",
    "valid_json",
];

/// What is wrong with a kind's cases.
fn check(kind: &str) -> Vec<String> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/score/golden/{kind}.json"));
    let cases: Vec<Value> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for case in &cases {
        let mut config = case["config"].clone();
        config["kind"] = json!(kind);
        let spec = spec(config);
        assert_eq!(spec.name(), kind);
        let scores = score(&spec, case);
        let [score] = &scores[..] else { panic!("{case}: {scores:?}") };
        assert_eq!((&score.scorer[..], &score.scorer_digest), (kind, &spec.digest()));
        let why = case["why"].as_str().unwrap_or_default();
        // Who does not pass says why.
        let is_said = score.reason.is_empty() == (score.value == Some(1.0));
        if score.value != case["expect"].as_f64() || !score.reason.contains(why) || !is_said {
            wrong.push(format!("{kind}: {case}\n  {:?}: {}", score.value, score.reason));
        }
        seen.insert(case["expect"].to_string());
    }
    assert!(seen.contains("1") && seen.contains("0"), "{kind}: cases of both outcomes");
    wrong
}

fn score(spec: &ScorerSpec, case: &Value) -> Vec<Score> {
    let scorers = Scorers::compile(std::slice::from_ref(spec)).unwrap();
    let (call, ours) = (call(&case["call"]), reply(&case["reply"]));
    match spec.nature() {
        Nature::Absolute => scorers.score_absolute(&call, subject(&case["reply"], &ours)),
        Nature::Agreement => {
            assert!(scorers.score_absolute(&call, &ours).is_empty());
            scorers.score_agreement(&call, &ours, &reply(&case["reference"]))
        }
    }
}

#[test]
fn every_scorer_keeps_to_its_golden_cases() {
    let wrong: Vec<String> = KINDS.into_iter().flat_map(check).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_scorer_has_golden_cases_and_a_folder_of_the_same_shape() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stems = |folder: &str, ending: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        entries
            .filter(|path| path.extension().is_some_and(|found| found == ending))
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect()
    };
    let kinds: BTreeSet<String> = KINDS.map(str::to_owned).into();
    assert_eq!(stems("tests/score/golden", "json"), kinds);
    assert_eq!(stems("src/scorers", "rs"), kinds);
    for kind in KINDS {
        assert!(root.join(format!("src/scorers/{kind}/config.rs")).exists(), "{kind}");
        let code = fs::read_to_string(root.join(format!("src/scorers/{kind}.rs"))).unwrap();
        assert!(code.contains(&format!("//! scorers = [{{ kind = \"{kind}\"")), "{kind}: example");
    }
}
