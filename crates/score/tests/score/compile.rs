//! Specs become scorers, or an error that says where and what.

use crate::support::{said, scorers, spec};
use proptest::prelude::*;
use score::{Error, Nature, ScorerSpec, Scorers, VerdictRule, scorers::SCORERS_MAX};
use serde_json::{Value, json};

fn refusal(settings: Value) -> String {
    Scorers::compile(&[spec(json!({"kind": "not_truncated"})), spec(settings)])
        .unwrap_err()
        .to_string()
}

#[test]
fn settings_that_make_no_sense_are_refused_with_place_and_name() {
    let cases = [
        (json!({"kind": "regex", "pattern": "("}), "scorer 2 (`regex`): pattern does not compile"),
        (json!({"kind": "regex", "pattern": "a".repeat(5000)}), "longer than 4096 bytes"),
        (json!({"kind": "regex", "pattern": "(\\w{1000}){1000}"}), "does not compile"),
        (json!({"kind": "regex", "pattern": "(".repeat(2000)}), "does not compile"),
        (json!({"kind": "expected", "how": {"regex": "["}}), "scorer 2 (`expected`)"),
        (json!({"kind": "expected", "key": "", "how": "exact"}), "`key` is empty"),
        (json!({"kind": "contains"}), "nothing to look for"),
        (json!({"kind": "contains", "any": [""]}), "empty phrase"),
        (json!({"kind": "not_refusal", "phrases": [" "]}), "empty phrase"),
        (json!({"kind": "json_schema", "schema": {"type": "thing"}}), "does not compile"),
        (json!({"kind": "json_schema", "schema": 7}), "does not compile"),
        (
            json!({"kind": "json_schema", "schema": {"$ref": "https://example.org/s.json"}}),
            "does not compile",
        ),
        (json!({"kind": "json_schema", "schema": {"$ref": "file:///etc/passwd"}}), "not compile"),
        (json!({"kind": "json_equal", "ignore": ["name"]}), "write it like `/name`"),
        (json!({"kind": "number_equal", "tolerance": 1.0}), "write a share"),
        (json!({"kind": "number_equal", "tolerance": -0.1}), "write a share"),
        (json!({"kind": "not_truncated"}), "listed twice"),
    ];
    for (settings, expected) in cases {
        let error = refusal(settings.clone());
        assert!(error.contains(expected), "{settings}: {error}");
    }
}

#[test]
fn unknown_settings_are_refused() {
    let cases = [
        json!({"kind": "magic"}),
        json!({"pattern": "x"}),
        json!({"kind": "regex"}),
        json!({"kind": "regex", "pattern": "x", "flags": "i"}),
        json!({"kind": "not_truncated", "max": 5}),
        json!({"kind": "exact", "case": "ignored"}),
        json!({"kind": "expected", "how": "about"}),
        json!({"kind": "valid_json", "fence": "maybe"}),
    ];
    for settings in cases {
        let result = serde_json::from_value::<ScorerSpec>(settings.clone());
        assert!(result.is_err(), "{settings}");
    }
}

#[test]
fn a_list_without_end_is_refused() {
    let specs = vec![spec(json!({"kind": "exact"})); SCORERS_MAX + 1];
    assert_eq!(Scorers::compile(&specs).unwrap_err(), Error::TooMany(SCORERS_MAX + 1));
}

#[test]
fn a_scorer_is_absolute_or_agreement() {
    let nature = |kind: &str| spec(json!({"kind": kind})).nature();
    for kind in ["valid_json", "json_schema", "not_refusal", "not_truncated"] {
        assert_eq!(nature(kind), Nature::Absolute, "{kind}");
    }
    for kind in ["exact", "normalised", "json_equal", "tool_calls_equal", "number_equal"] {
        assert_eq!(nature(kind), Nature::Agreement, "{kind}");
    }
}

/// Evidence is kept under these digests: a change of code or settings must show, anything else
/// must not.
#[test]
fn the_digest_is_of_the_settings_and_nothing_else() {
    let digest = |settings: Value| spec(settings).digest();
    let base = digest(json!({"kind": "regex", "pattern": "a"}));
    assert_eq!(base, "89576b5e31399e9b506d845115cf9061f551f9a8878f1bea331339d7f17a7762");
    assert_eq!(base, digest(json!({"want": "match", "pattern": "a", "kind": "regex"})));
    assert_ne!(base, digest(json!({"kind": "regex", "pattern": "b"})));
    assert_ne!(base, digest(json!({"kind": "regex", "pattern": "a", "want": "no_match"})));
    let schema = |text: &str| {
        let schema: Value = serde_json::from_str(text).unwrap();
        digest(json!({"kind": "json_schema", "schema": schema}))
    };
    let one = schema(r#"{"type":"object","required":["a"]}"#);
    assert_eq!(one, schema(r#"{ "required": ["a"], "type": "object" }"#));
    assert_ne!(one, schema(r#"{"type":"object","required":["b"]}"#));
}

fn some_specs() -> impl Strategy<Value = Vec<Value>> {
    let kinds = [
        json!({"kind": "valid_json"}),
        json!({"kind": "json_schema"}),
        json!({"kind": "not_refusal"}),
        json!({"kind": "not_truncated"}),
        json!({"kind": "regex", "pattern": "\\d"}),
        json!({"kind": "contains", "any": ["a", "1"]}),
        json!({"kind": "expected", "how": "number"}),
        json!({"kind": "exact"}),
        json!({"kind": "normalised"}),
        json!({"kind": "json_equal"}),
        json!({"kind": "tool_calls_equal"}),
        json!({"kind": "number_equal", "tolerance": 0.5}),
    ];
    prop::sample::subsequence(kinds.to_vec(), 0..=12).prop_shuffle()
}

proptest! {
    #[test]
    fn the_order_of_scorers_changes_neither_digest_nor_verdict(
        specs in some_specs(),
        text in "[0-9a1,.{}\":\\[\\] ]{0,12}",
        other in "[0-9a1,.{}\":\\[\\] ]{0,12}",
    ) {
        let mut turned = specs.clone();
        turned.reverse();
        let (one, two) = (scorers(&specs), scorers(&turned));
        prop_assert_eq!(one.digest(), two.digest());
        let call = crate::support::call(&json!({"metadata": {"expected": "1"}, "schema": true}));
        let (ours, theirs) = (said(&text), said(&other));
        let absolute = |scorers: &Scorers| score::verdict(&scorers.score_absolute(&call, &ours), &VerdictRule::default());
        prop_assert_eq!(absolute(&one), absolute(&two));
        let agreement =
            |scorers: &Scorers| score::verdict(&scorers.score_agreement(&call, &ours, &theirs), &VerdictRule::default());
        prop_assert_eq!(agreement(&one), agreement(&two));
    }

    /// Nothing agrees better with a reply than the reply itself.
    #[test]
    fn a_reply_agrees_with_itself(text in "\\PC{0,40}") {
        let all = scorers(&[
            json!({"kind": "exact"}),
            json!({"kind": "normalised"}),
            json!({"kind": "json_equal"}),
            json!({"kind": "tool_calls_equal"}),
            json!({"kind": "number_equal"}),
        ]);
        let reply = said(&text);
        for score in all.score_agreement(&exchange::Call::default(), &reply, &reply) {
            prop_assert!(score.value != Some(0.0), "{:?}", score);
        }
    }
}
