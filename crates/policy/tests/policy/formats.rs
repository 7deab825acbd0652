//! The published formats: what is written reads back, in the same bytes, and is what the schemas
//! in `schemas/` say.

use crate::given::{CATEGORY, automation, evidence, facts, lowering, person, promotion, serving};
use confidence::{Evidence, Mode};
use policy::{
    Action, Actor, Decision, DecisionRecord, Error, GateRule, Policy, Stage,
    decision::{Weighed, evidence_digest},
    demote, gate, promote,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn schema(name: &str) -> jsonschema::Validator {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/");
    let read = |name: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(format!("{folder}{name}")).unwrap()).unwrap()
    };
    let decision = read("decision.v1.json");
    let registry = jsonschema::Registry::new()
        .add(decision["$id"].as_str().unwrap(), decision.clone())
        .unwrap()
        .prepare()
        .unwrap();
    jsonschema::options().with_registry(&registry).build(&read(name)).unwrap()
}

fn check_valid(schema: &jsonschema::Validator, value: &Value) {
    let errors: Vec<_> =
        schema.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
}

fn held() -> DecisionRecord {
    let thin = Evidence { units: 3, mode: Mode::JP, ..evidence() };
    let rule = GateRule::default();
    let Decision::Hold(reasons) = gate::decide(&thin, &facts(), &rule) else { panic!() };
    let lake_version = BTreeMap::from([("shadows".to_owned(), 41)]);
    let weighed = Weighed {
        evidence: &thin,
        as_of: facts().as_of,
        decided_at: facts().decided_at,
        lake_version: &lake_version,
        threshold: rule.threshold,
    };
    DecisionRecord::hold(&weighed, reasons, person(), 0)
}

fn policies() -> Vec<Policy> {
    let live = serving(Stage::Live, 1.0);
    let forced = gate::force(&evidence(), &facts(), &GateRule::default(), "an outage").unwrap();
    let forced = promote(&live, &forced, promotion(person(), Stage::Canary, 0.1)).unwrap();
    let demoted = demote(&forced, CATEGORY, lowering(automation())).unwrap();
    vec![live, forced, demoted]
}

#[test]
fn every_policy_that_is_written_is_what_its_schema_says() {
    let schema = schema("policy.v1.json");
    for policy in policies() {
        check_valid(&schema, &serde_json::from_str(&policy.to_json().unwrap()).unwrap());
    }
}

#[test]
fn every_decision_that_is_written_is_what_its_schema_says() {
    let schema = schema("decision.v1.json");
    check_valid(&schema, &serde_json::to_value(held()).unwrap());
    for policy in policies() {
        check_valid(&schema, &serde_json::to_value(policy.decision).unwrap());
    }
}

#[test]
fn a_schema_refuses_what_the_program_refuses() {
    let schema = schema("policy.v1.json");
    let good = serde_json::to_value(serving(Stage::Live, 1.0)).unwrap();
    let broken: [fn(&mut Value); 6] = [
        |p| p["extra"] = json!(1),
        |p| p["version"] = json!(0),
        |p| p["salt"] = json!(""),
        |p| p["routes"][CATEGORY]["stage"] = json!("shadow"),
        |p| p["routes"][CATEGORY]["schedule"][0]["share"] = json!(1.5),
        |p| p["decision"]["actor"] = json!("somebody"),
    ];
    for (index, break_it) in broken.iter().enumerate() {
        let mut value = good.clone();
        break_it(&mut value);
        assert!(!schema.is_valid(&value), "schema takes mistake {index}");
        assert!(Policy::from_json(value.to_string().as_bytes()).is_err(), "mistake {index}");
    }
}

#[test]
fn a_policy_reads_back_and_is_written_in_the_same_bytes() {
    for policy in policies() {
        let text = policy.to_json().unwrap();
        let read = Policy::from_json(text.as_bytes()).unwrap();
        assert_eq!(read, policy);
        assert_eq!(read.to_json().unwrap(), text);
    }
}

#[test]
fn file_names_sort_as_versions_do() {
    assert_eq!(serving(Stage::Live, 1.0).file_name(), "00000001.json");
}

#[test]
fn a_newer_format_asks_for_an_upgrade_and_not_about_its_fields() {
    let newer = br#"{"format": 2, "version": 7, "tiers": {}}"#;
    let error = Policy::from_json(newer).unwrap_err();
    assert!(matches!(error, Error::Newer(2)), "{error}");
    assert!(error.to_string().contains("upgrade"));
}

#[test]
fn a_file_that_is_no_policy_is_refused() {
    let good = serde_json::to_value(serving(Stage::Live, 1.0)).unwrap();
    let broken: [fn(&mut Value); 5] = [
        |p| p["parent"] = json!(7),
        |p| p["decision"] = json!(null),
        |p| p["routes"][CATEGORY]["schedule"] = json!([]),
        |p| {
            p["routes"][CATEGORY]["schedule"] =
                json!([{"from": 2, "share": 0.1}, {"from": 1, "share": 0.2}]);
        },
        |p| {
            p["routes"][CATEGORY]["schedule"] =
                json!([{"from": 1, "share": 0.2}, {"from": 2, "share": 0.1}]);
        },
    ];
    for (index, break_it) in broken.iter().enumerate() {
        let mut value = good.clone();
        break_it(&mut value);
        let read = Policy::from_json(value.to_string().as_bytes());
        assert!(matches!(read, Err(Error::Invalid { .. })), "mistake {index}: {read:?}");
    }
    assert!(Policy::from_json(b"").is_err());
    assert!(Policy::from_json(b"[]").is_err());
}

#[test]
fn a_decision_carries_the_digest_of_its_evidence() {
    let policy = serving(Stage::Live, 1.0);
    let record = policy.decision.unwrap();
    let digest = evidence_digest(record.evidence.as_ref().unwrap());
    assert_eq!(record.evidence_digest, digest);
    assert_eq!(record.confidence, Some(evidence().confidence_adj));
    assert_eq!(record.lake_version, BTreeMap::from([("shadows".to_owned(), 41)]));
}

#[test]
fn a_hold_is_on_record_with_its_reasons() {
    let record = held();
    assert_eq!(record.action, Action::Hold);
    let codes: Vec<_> = record.reasons.iter().map(|reason| reason.code.name()).collect();
    assert_eq!(codes, ["min_units", "judge_unmeasured"]);
}

#[test]
fn codes_are_written_by_their_names() {
    for reason in held().reasons {
        assert_eq!(serde_json::to_value(reason.code).unwrap(), json!(reason.code.name()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_figures_of_the_evidence_read_back_to_the_same_bytes(
        log_e in prop_oneof![any::<f64>(), Just(f64::NEG_INFINITY)],
        quality in proptest::option::of(0.0..=1.0_f64),
        weight in any::<f64>(),
    ) {
        prop_assume!(!log_e.is_nan() && log_e != f64::INFINITY && weight.is_finite());
        let evidence = Evidence { log_e, quality, family_weight: weight, ..evidence() };
        let forced = gate::force(&evidence, &facts(), &GateRule::default(), "why").unwrap();
        let order = promotion(person(), Stage::Live, 1.0);
        let policy = promote(&Policy::observation(), &forced, order).unwrap();
        let text = policy.to_json().unwrap();
        let read = Policy::from_json(text.as_bytes()).unwrap();
        prop_assert_eq!(&read, &policy);
        prop_assert_eq!(read.to_json().unwrap(), text);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Policy::from_json(&bytes);
    }

    #[test]
    fn an_actor_reads_back(name in ".*") {
        for actor in [Actor::Person(name.clone()), Actor::Automation(name.clone())] {
            prop_assert_eq!(actor.to_string().parse::<Actor>().unwrap(), actor);
        }
    }
}
