//! Whatever a model, a client or a pipeline sends, nothing panics and every value is in [0, 1].

use crate::support::{call, said, scorers, spec};
use exchange::{Call, Reply, ToolCall};
use proptest::prelude::*;
use score::{Scorers, scorers::SCORED_BYTES_MAX};
use serde_json::{Value, json};

fn all() -> Scorers {
    scorers(&[
        json!({"kind": "expected", "how": "exact"}),
        json!({"kind": "expected", "how": "normalised"}),
        json!({"kind": "expected", "how": "number"}),
        json!({"kind": "expected", "how": "contains"}),
        json!({"kind": "expected", "how": {"regex": "(\\S+)"}}),
        json!({"kind": "regex", "pattern": "(a|a)*b", "want": "no_match"}),
        json!({"kind": "contains", "any": ["é"], "case": "ignored"}),
        json!({"kind": "valid_json"}),
        json!({"kind": "json_schema"}),
        json!({"kind": "not_refusal"}),
        json!({"kind": "not_truncated"}),
        json!({"kind": "exact"}),
        json!({"kind": "normalised"}),
        json!({"kind": "json_equal", "ignore": ["/a", "/0/b", "/~1"]}),
        json!({"kind": "tool_calls_equal"}),
        json!({"kind": "tool_calls_equal", "order": "same"}),
        json!({"kind": "number_equal", "tolerance": 0.1}),
    ])
}

fn check(call: &Call, ours: &Reply, theirs: &Reply) {
    let scorers = all();
    let mut scores = scorers.score_absolute(call, ours);
    scores.extend(scorers.score_agreement(call, ours, theirs));
    assert_eq!(scores.len(), 17);
    for score in &scores {
        assert!(score.value.is_none_or(|value| (0.0..=1.0).contains(&value)), "{score:?}");
    }
    let verdict = score::verdict(&scores, &score::VerdictRule::default());
    assert!(verdict.loss.is_none_or(|loss| (0.0..=1.0).contains(&loss)), "{verdict:?}");
    assert!(!verdict.reason.is_empty());
}

#[test]
fn monstrous_texts_are_scored() {
    let texts = [
        "[".repeat(100_000),
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        "{\"a\":".repeat(50_000),
        format!("[{}]", "9".repeat(50_000)),
        "1e999999999999999999999999".to_owned(),
        format!("0.{}1", "0".repeat(50_000)),
        "-".repeat(50_000),
        "1,".repeat(50_000),
        "```".to_owned(),
        "``````".to_owned(),
        "```\n```".to_owned(),
        "a".repeat(100_000),
        "\u{0}\u{feff}\u{202e}".repeat(100),
    ];
    let call = call(&json!({"metadata": {"expected": "1e-999999999999999999999"}, "schema": {}}));
    for text in &texts {
        check(&call, &said(text), &said(text));
        let tools = vec![ToolCall { name: text.clone(), arguments: text.clone() }; 300];
        let calling = Reply { tool_calls: tools[..2].to_vec(), ..said("") };
        check(&call, &calling, &calling);
    }
    let tools = vec![ToolCall { name: "f".into(), arguments: "{}".into() }; 300];
    let calling = Reply { tool_calls: tools, ..said("") };
    check(&call, &calling, &calling);
}

#[test]
fn a_reply_beyond_the_limit_makes_scorers_abstain() {
    let long = said(&"x".repeat(SCORED_BYTES_MAX + 1));
    let scorers = scorers(&[json!({"kind": "not_truncated"}), json!({"kind": "exact"})]);
    let call = Call::default();
    assert_eq!(scorers.score_absolute(&call, &long)[0].value, None);
    assert_eq!(scorers.score_agreement(&call, &said("x"), &long)[0].value, None);
}

/// A client may send any schema; none takes the worker down, and none is the model's fault.
#[test]
fn monstrous_schemas_of_calls_are_survived() {
    let mut deep = json!(true);
    for _ in 0..100 {
        deep = json!({"items": deep});
    }
    let schemas = [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}),
        json!({"$ref": "https://example.org/other.json"}),
        json!({"$schema": "https://example.org/own-draft"}),
        json!({"pattern": "(a+)+$"}),
        json!({"pattern": "(?=a)(a|a)*\\1b"}),
        json!({"pattern": "("}),
        json!({"type": 5}),
        json!("schema"),
        deep,
    ];
    let text = format!("\"{}!\"", "a".repeat(3_000));
    for schema in schemas {
        let call = call(&json!({"schema": schema}));
        let scorers = scorers(&[json!({"kind": "json_schema"})]);
        let scores = scorers.score_absolute(&call, &said(&text));
        let again = scorers.score_absolute(&call, &said(&text));
        assert_eq!(scores, again, "{schema}: the cached schema says the same");
    }
}

#[test]
fn more_schemas_than_are_kept_are_still_right() {
    let scorers = scorers(&[json!({"kind": "json_schema"})]);
    for round in 0..2 {
        for wanted in 0..300 {
            let call = call(&json!({"schema": {"const": wanted}}));
            let value = |text: &str| scorers.score_absolute(&call, &said(text))[0].value;
            assert_eq!(value(&wanted.to_string()), Some(1.0), "round {round}");
            assert_eq!(value("-1"), Some(0.0), "round {round}");
        }
    }
}

fn any_reply() -> impl Strategy<Value = Reply> {
    let text = prop_oneof!["\\PC{0,60}", "[-0-9,.eE$ ]{0,30}", "[\\[\\]{}\":,0-9a-c ]{0,40}"];
    let tool = ("[a-c]{0,2}", "[{}\":,0-9a ]{0,10}")
        .prop_map(|(name, arguments)| ToolCall { name, arguments });
    let tools = prop::collection::vec(tool, 0..4);
    (text, tools, prop::option::of("\\PC{0,5}"), any::<bool>()).prop_map(
        |(text, tool_calls, refusal, complete)| Reply {
            tool_calls,
            refusal,
            complete,
            ..said(&text)
        },
    )
}

fn any_settings() -> impl Strategy<Value = Value> {
    prop_oneof![
        "\\PC{0,30}".prop_map(|pattern| json!({"kind": "regex", "pattern": pattern})),
        "\\PC{0,30}".prop_map(|text| json!({"kind": "expected", "how": {"regex": text}})),
        "\\PC{0,9}".prop_map(|text| json!({"kind": "contains", "none": [text]})),
        "\\PC{0,9}".prop_map(|text| json!({"kind": "json_equal", "ignore": [text]})),
        any::<f64>().prop_map(|share| json!({"kind": "number_equal", "tolerance": share.abs()})),
    ]
}

proptest! {
    #[test]
    fn any_replies_are_scored_within_bounds(
        ours in any_reply(),
        theirs in any_reply(),
        expected in "\\PC{0,10}|-?[0-9]{1,4}",
    ) {
        let call = call(&json!({"metadata": {"expected": expected}, "schema": {"type": "object"}}));
        check(&call, &ours, &theirs);
    }

    #[test]
    fn any_settings_compile_or_say_why(settings in any_settings(), text in "\\PC{0,30}") {
        match Scorers::compile(&[spec(settings)]) {
            Err(error) => prop_assert!(error.to_string().len() > 10),
            Ok(scorers) => {
                let _ = scorers.score_absolute(&Call::default(), &said(&text));
                let _ = scorers.score_agreement(&Call::default(), &said(&text), &said(&text));
            }
        }
    }

    /// However a number is written, it is that number, and no other.
    #[test]
    fn numbers_are_compared_by_value(
        value in -1_000_000_000_000_i64..1_000_000_000_000,
        other in -1_000_000_000_000_i64..1_000_000_000_000,
        zeros in 1_usize..30,
    ) {
        let scorers = scorers(&[json!({"kind": "number_equal"})]);
        let reference = said(&value.to_string());
        let agrees = |text: String| {
            scorers.score_agreement(&Call::default(), &said(&text), &reference)[0].value == Some(1.0)
        };
        let sign = if value < 0 { "-" } else { "" };
        let digits = value.unsigned_abs().to_string();
        let grouped = digits
            .as_bytes()
            .rchunks(3)
            .rev()
            .map(|group| String::from_utf8_lossy(group).into_owned())
            .collect::<Vec<_>>()
            .join(",");
        let padding = "0".repeat(zeros);
        let spellings = [
            format!("2 + 2, so the answer is {sign}${grouped}."),
            format!("**{sign}{digits}.{padding}**"),
            format!("{sign}{digits}{padding}e-{zeros}"),
        ];
        for spelling in spellings {
            prop_assert!(agrees(spelling.clone()), "{}", spelling);
        }
        let near = format!("{digits}.{padding}1");
        prop_assert!(!agrees(near));
        prop_assert_eq!(agrees(other.to_string()), other == value);
    }
}
