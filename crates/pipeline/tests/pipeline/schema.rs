//! `schemas/pipeline.v1.json` is for editors: it knows every field, takes what loads, and refuses
//! what a schema can refuse.

use crate::{golden, shipped};
use serde_json::Value;
use std::collections::BTreeSet;

fn schema() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/pipeline.v1.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn as_json(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
}

#[test]
fn every_shipped_pipeline_is_what_the_schema_says() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (name, text) in shipped::files() {
        let value = as_json(&text);
        let errors: Vec<_> =
            validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

#[test]
fn the_schema_knows_exactly_the_fields_that_are_read() {
    let schema = schema();
    for (section, fields) in pipeline::sections() {
        let place = match section {
            "" => &schema,
            section => &schema["$defs"][section],
        };
        let known: BTreeSet<&str> =
            place["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(known, fields.iter().copied().collect(), "section `{section}`");
        assert_eq!(place["additionalProperties"], false, "section `{section}`");
    }
}

/// Mistakes in one value, or of a field: what an editor can show while one types.
const SEEN_BY_A_SCHEMA: &[&str] = &[
    "absolute_scorer_in_agreement_mode",
    "audit_out_of_range",
    "bar_out_of_range",
    "base_url",
    "budget_missing",
    "budget_negative",
    "budget_without_a_total",
    "call_sites",
    "candidates_missing",
    "duplicate_names",
    "golden_asks_nothing",
    "golden_asks_twice",
    "golden_case_name",
    "golden_every_hours",
    "golden_without_a_case",
    "journal_brokers",
    "journal_settings",
    "journal_without_brokers",
    "judge_anchors_every_hours",
    "judge_anchors_pairs",
    "judge_assumed_out_of_range",
    "judge_form",
    "judge_missing",
    "judge_switched_off",
    "judge_without_rubric",
    "judge_worth_out_of_range",
    "key_in_the_file",
    "labels",
    "lossy_translation",
    "margin_missing",
    "model_capabilities",
    "name_characters",
    "names_missing",
    "no_category",
    "observation_too_short",
    "price_incomplete",
    "price_overlap",
    "provider_not_allowed",
    "reserved_names",
    "responses_elsewhere",
    "s3_settings",
    "sampling_out_of_range",
    "scorer_role",
    "scorer_settings",
    "scorer_twice",
    "scorer_weight",
    "scorers_missing",
    "scorers_that_make_no_sense",
    "section_that_should_be_a_list",
    "several_at_once",
    "threshold_out_of_range",
    "unknown_dialect",
    "unknown_field",
    "unknown_mode",
    "unknown_on_block",
    "unknown_on_store",
    "unknown_risk",
    "unknown_scorer",
    "unknown_verdict",
    "way_to_a_provider",
    "wrong_types",
];

/// Mistakes that take two places of the file, the table of models, the list of what a scorer compares
/// with, another file or a regular expression to see.
const BEYOND_A_SCHEMA: &[&str] = &[
    "agreement_scorer_in_an_absolute_mode",
    "bad_regex",
    "candidate_cannot_take_the_calls",
    "candidate_is_the_reference",
    "golden_call_file",
    "golden_case_twice",
    "golden_unknown_category",
    "golden_unknown_model",
    "golden_without_a_reference",
    "journal_bodies",
    "journal_password",
    "journal_password_without_a_way",
    "journal_without_a_password",
    "judge_is_an_arm",
    "judge_is_an_arm_beside_labels",
    "judge_is_kin_of_a_reference_that_no_rule_names",
    "judge_is_of_the_family",
    "judge_panel",
    "judge_rubric_in_a_file_that_is_missing",
    "judge_where_the_call_may_not_go",
    "judge_without_a_schema",
    "judge_worth_twice",
    "s3_way",
    "scorer_weight_without_a_mean",
    "scorers_only_inform",
    "scorers_that_do_not_fit_the_mode",
    "token_range_upside_down",
    "unknown_model",
    "unknown_provider",
];

#[test]
fn the_schema_refuses_what_a_schema_can_refuse_and_takes_what_loads() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let (mut seen, mut beyond) = (Vec::new(), Vec::new());
    for (name, text) in golden::files() {
        let Ok(table) = toml::from_str::<toml::Table>(&text) else { continue };
        let is_valid = validator.is_valid(&serde_json::to_value(table).unwrap());
        if pipeline::load(&text).is_ok() {
            assert!(is_valid, "{name} loads, and the schema refuses it");
        } else if is_valid {
            beyond.push(name);
        } else {
            seen.push(name);
        }
    }
    assert_eq!(seen, SEEN_BY_A_SCHEMA);
    assert_eq!(beyond, BEYOND_A_SCHEMA);
}

/// What a scorer of that kind says of a field that it does not have: the names of those it has.
fn settings_of(kind: &str) -> BTreeSet<String> {
    let text = include_str!("golden/candidate_is_the_reference.toml");
    let scorer = format!("scorers = [{{ kind = \"{kind}\", zzzzzzzzzzzzzzzz = 1 }}]");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("scorers")).collect();
    let mistakes = pipeline::load(&format!("{}\n{scorer}\n", lines.join("\n"))).unwrap_err();
    let unknown = mistakes.iter().find(|mistake| mistake.what.contains("zzzzzzzzzzzzzzzz"));
    let remedy = &unknown.unwrap_or_else(|| panic!("{kind}: {mistakes:#?}")).remedy;
    remedy.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

#[test]
fn the_schema_knows_exactly_the_scorers_and_their_settings() {
    let unknown = pipeline::load(include_str!("golden/unknown_scorer.toml")).unwrap_err();
    let list = &unknown.iter().find(|mistake| mistake.what.contains("`kind`")).unwrap().remedy;
    let mut kinds: BTreeSet<&str> = list.split('`').skip(1).step_by(2).collect();
    for scorer in schema()["$defs"]["scorer"]["oneOf"].as_array().unwrap() {
        let properties = scorer["properties"].as_object().unwrap();
        let kind = properties["kind"]["const"].as_str().unwrap();
        assert!(kinds.remove(kind), "there is no scorer {kind}");
        // These say what every scorer's word is for, and are not its own settings.
        for name in ["role", "weight"] {
            assert!(properties.contains_key(name), "{kind} has no {name}");
        }
        let known =
            properties.keys().filter(|name| !["kind", "role", "weight"].contains(&name.as_str()));
        let known: BTreeSet<String> = known.cloned().collect();
        assert_eq!(settings_of(kind), known, "scorer {kind}");
    }
    assert_eq!(kinds, BTreeSet::new(), "scorers that the schema does not know");
}
