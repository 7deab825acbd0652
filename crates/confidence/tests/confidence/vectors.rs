//! Runs the vectors of the reference implementation; a kind that nobody wrote a check for fails.

use crate::vectors_kinds as kinds;
use serde_json::Value;

#[test]
fn every_vector_of_the_reference_holds() {
    let checked = check_all(include_str!("vectors.json"));
    assert!(checked >= 37, "vectors went missing: {checked}");
}

/// Checks every vector of a file and says how many there were.
pub(crate) fn check_all(file: &str) -> usize {
    let file: Value = serde_json::from_str(file).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    vectors.iter().for_each(check);
    vectors.len()
}

#[test]
#[should_panic(expected = "no check for kind")]
fn unknown_kind_of_vector_fails() {
    check(&serde_json::json!({"name": "new", "kind": "tarot", "input": {}, "expected": {}}));
}

#[test]
#[should_panic(expected = "log_e")]
fn wrong_expectation_fails() {
    let input = serde_json::json!({"runs": [[1, 0, 43]], "tau": 0.1, "lo": 0.0, "hi": 1.0});
    let expected = serde_json::json!({"log_e": 3.04});
    check(&serde_json::json!({
        "name": "off", "kind": "eprocess", "input": input, "expected": expected
    }));
}

fn check(vector: &Value) {
    let name = vector["name"].as_str().unwrap();
    let (input, expected) = (&vector["input"], &vector["expected"]);
    match vector["kind"].as_str().unwrap() {
        "eprocess" => kinds::eprocess(name, input, expected),
        "aipw" => kinds::aipw(name, input, expected),
        "aa_paired" => kinds::aa_paired(name, input, expected),
        "merge" => kinds::merge(name, input, expected),
        "blocks" => kinds::blocks(name, input, expected),
        "clusters" => kinds::clusters(name, input, expected),
        "judge_tolerance" => kinds::judge(name, input, expected),
        "e_bonferroni" => kinds::e_bonferroni(name, input, expected),
        "e_holm" => kinds::e_holm(name, input, expected),
        "e_bh" => kinds::e_bh(name, input, expected),
        "e_bh_frozen" => kinds::e_bh_frozen(name, input, expected),
        "drift" => kinds::drift(name, input, expected),
        "watermark" => kinds::watermark(name, input, expected),
        "gate" => kinds::gate(name, input, expected),
        "thresholds" => kinds::thresholds(name, input, expected),
        "boundary" => kinds::boundary(name, input, expected),
        "error" => kinds::error(name, input),
        kind => panic!("{name}: no check for kind {kind}"),
    }
}
