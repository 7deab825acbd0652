//! `schemas/pipeline.v1.json` is for editors: it knows every field, takes what loads, and refuses
//! what a schema can refuse.

use crate::shipped;
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

#[test]
fn the_schema_refuses_what_a_schema_can_refuse() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pipeline/golden/");
    let refused = [
        "unknown_field",
        "unknown_mode",
        "unknown_scorer",
        "unknown_dialect",
        "bar_out_of_range",
        "base_url",
        "budget_missing",
        "budget_negative",
        "key_in_the_file",
        "name_characters",
        "no_category",
        "observation_too_short",
        "sampling_out_of_range",
        "threshold_out_of_range",
        "wrong_types",
    ];
    for name in refused {
        let value = as_json(&std::fs::read_to_string(format!("{folder}{name}.toml")).unwrap());
        assert!(!validator.is_valid(&value), "{name}");
    }
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
