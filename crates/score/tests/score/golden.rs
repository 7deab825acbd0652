//! Every scorer's golden cases: `{config, call?, reply, reference?, expect, why?}`, where `expect`
//! is 1, 0 or null (abstains) and `why` is part of the reason.

use crate::support::{call, reply, spec};
use score::{Nature, Score, ScorerSpec, Scorers};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path};

const KINDS: [&str; 12] = [
    "contains",
    "exact",
    "expected",
    "json_equal",
    "json_schema",
    "normalised",
    "not_refusal",
    "not_truncated",
    "number_equal",
    "regex",
    "tool_calls_equal",
    "valid_json",
];

fn check(kind: &str) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/score/golden/{kind}.json"));
    let cases: Vec<Value> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let mut seen = BTreeSet::new();
    for case in &cases {
        let mut config = case["config"].clone();
        config["kind"] = json!(kind);
        let spec = spec(config);
        assert_eq!(spec.name(), kind);
        let scores = score(&spec, case);
        let [score] = &scores[..] else { panic!("{case}: {scores:?}") };
        assert_eq!(score.value, case["expect"].as_f64(), "{case}: {score:?}");
        let why = case["why"].as_str().unwrap_or_default();
        assert!(score.reason.contains(why), "{case}: {score:?}");
        assert_eq!((&score.scorer[..], &score.scorer_digest), (kind, &spec.digest()));
        // Who does not pass says why.
        assert_eq!(score.reason.is_empty(), score.value == Some(1.0), "{case}: {score:?}");
        seen.insert(case["expect"].to_string());
    }
    assert!(seen.contains("1") && seen.contains("0"), "{kind}: cases of both outcomes");
}

fn score(spec: &ScorerSpec, case: &Value) -> Vec<Score> {
    let scorers = Scorers::compile(std::slice::from_ref(spec)).unwrap();
    let (call, ours) = (call(&case["call"]), reply(&case["reply"]));
    match spec.nature() {
        Nature::Absolute => scorers.score_absolute(&call, &ours),
        Nature::Agreement => {
            assert!(scorers.score_absolute(&call, &ours).is_empty());
            scorers.score_agreement(&call, &ours, &reply(&case["reference"]))
        }
    }
}

#[test]
fn every_scorer_keeps_to_its_golden_cases() {
    KINDS.into_iter().for_each(check);
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
