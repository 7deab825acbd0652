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
        json!({"kind": "number_equal", "tolerance": 0.1, "absolute": 1}),
    ])
}

fn more() -> Scorers {
    let classes = ["secret", "email", "phone", "card_number", "iban", "hidden"];
    scorers(&[
        json!({"kind": "expected", "how": {"like": {"kind": "tool_calls_equal"}}}),
        json!({"kind": "expected", "how": {"like": {"kind": "list_f1"}}}),
        json!({"kind": "forbidden", "words": ["é a"], "patterns": ["(a+)+$"], "classes": classes}),
        json!({"kind": "length", "unit": "words", "max": 9}),
        json!({"kind": "language", "any_of": ["deu"]}),
        json!({"kind": "code_parses", "language": "python"}),
        json!({"kind": "code_parses", "language": "javascript"}),
        json!({"kind": "code_parses", "language": "sql"}),
        json!({"kind": "code_parses", "language": "json"}),
        json!({"kind": "tool_arguments", "formats": "checked"}),
        json!({"kind": "set_f1"}),
        json!({"kind": "list_f1", "separator": " "}),
        json!({"kind": "json_fields", "fields": [{"at": "/a", "absolute": 1e308}, {"at": ""}]}),
        json!({"kind": "rouge_l"}),
        json!({"kind": "edit_similarity"}),
        json!({"kind": "length_ratio", "max": 2}),
        json!({"kind": "latency", "max_ms": 1}),
        json!({"kind": "cost", "max_usd": 1}),
    ])
}

fn check(call: &Call, ours: &Reply, theirs: &Reply) {
    let mut scores = Vec::new();
    for scorers in [all(), more()] {
        scores.extend(scorers.score_absolute(call, ours));
        scores.extend(scorers.score_agreement(call, ours, theirs));
    }
    assert_eq!(scores.len(), 35);
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
        "- ".repeat(30_000),
        "not ".repeat(15_000),
        "`${".repeat(20_000),
        "a => ".repeat(12_000),
        "```sql\nselect 1".repeat(4_000),
        "select 1, interval ".repeat(3_000),
        format!("select {}", "interval ".repeat(7_000)),
        format!("select {}", "case when 1 then ".repeat(3_000)),
        "(".repeat(60_000),
        format!("select {}", "not ".repeat(1_900)),
        format!("select {}1", "- ".repeat(1_900)),
        format!("select 1{}", " + 1".repeat(990)),
        format!("select {}1{}", "(".repeat(990), ")".repeat(990)),
        format!("select 1{}", "::int".repeat(990)),
        "select 1 union ".repeat(600),
        "if x:\n ".repeat(5_000),
        "4111 1111 ".repeat(10_000),
        "DE89 ".repeat(20_000),
        "eyJ".repeat(30_000),
        "a@a.".repeat(30_000),
    ];
    let call = call(&json!({
        "metadata": {"expected": "1e-999999999999999999999"},
        "schema": {},
        "tools": {"f": {"$ref": "#"}},
    }));
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
        // As many ways to the bottom as there are leaves of a tree 40 levels high.
        doubling(40),
        // The same at a place further down.
        json!({"$defs": doubling(40)["$defs"], "items": {"$ref": "#/$defs/40"}}),
        json!({"$defs": doubling(40)["$defs"], "additionalProperties": {"$ref": "#/$defs/40"}}),
        // The same again at each level of the value.
        json!({"allOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}]}),
        json!({"anyOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}], "maxItems": 0}),
        json!({"$dynamicAnchor": "a", "allOf": [{"$dynamicRef": "#a"}]}),
        json!({"not": {"$ref": "#"}}),
        json!({"if": {"$ref": "#"}, "then": {"$ref": "#"}, "else": {"$ref": "#"}}),
        json!({"minimum": 1e308, "maximum": -1e308, "multipleOf": 1e-308}),
        json!({"multipleOf": 0}),
        json!({"minLength": u64::MAX, "maxLength": -1}),
        json!({"enum": (0..10_000).collect::<Vec<_>>()}),
        json!({"properties": {"a": {"pattern": "[".repeat(1000)}}}),
        json!({"description": "x".repeat(300 << 10)}),
    ];
    let nested = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let text = format!("\"{}!\"", "a".repeat(3_000));
    for schema in schemas {
        let call = call(&json!({"schema": schema}));
        let scorers = scorers(&[json!({"kind": "json_schema"})]);
        let scores = scorers.score_absolute(&call, &said(&text));
        let again = scorers.score_absolute(&call, &said(&text));
        assert_eq!(scores, again, "{schema}: the cached schema says the same");
        let _ = scorers.score_absolute(&call, &said(&nested));
        let _ = scorers.score_absolute(&call, &said("[1]"));
        let _ = scorers.score_absolute(&call, &said("{\"a\": 1}"));
        let _ = scorers.score_absolute(&call, &said("-123456789012345678901234567890e300"));
    }
}

/// A pattern that looks around may read the whole text at each of its steps, so long texts are not held
/// against one, wherever the schema has it.
#[test]
fn patterns_that_look_around_are_not_held_against_long_texts() {
    let pattern = json!({"pattern": "(?=(0|1)*$)(0|1|01)*2"});
    let long = format!("\"{}\"", "01".repeat(10_000));
    for schema in [
        pattern.clone(),
        json!({"anyOf": [{"type": "object"}, pattern]}),
        json!({"patternProperties": {"(a)\\1": true}}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": pattern}}),
    ] {
        let call = call(&json!({"schema": schema, "tools": {"f": schema}}));
        let scorers = scorers(&[json!({"kind": "json_schema"}), json!({"kind": "tool_arguments"})]);
        let calling = Reply {
            tool_calls: vec![ToolCall { name: "f".into(), arguments: long.clone() }],
            ..said(&long)
        };
        for score in scorers.score_absolute(&call, &calling) {
            assert_eq!(score.value, None, "{schema}: {}", score.reason);
            assert!(score.reason.contains("looks around"), "{}", score.reason);
        }
        let short = scorers.score_absolute(&call, &said("\"0102\"")).remove(0);
        assert_ne!(short.value, None, "{schema}: {}", short.reason);
    }
    let linear = call(&json!({"schema": {"pattern": "^(0|1|01)*$"}}));
    let score = scorers(&[json!({"kind": "json_schema"})]).score_absolute(&linear, &said(&long));
    assert_eq!(score[0].value, Some(1.0), "the linear engine reads any text");
}

/// What a schema asks at each place is multiplied by how many places a value has.
#[test]
fn a_schema_that_asks_much_is_not_held_against_a_large_value() {
    let all: Vec<Value> = (0..4_000).map(|at| json!({"not": {"const": at}})).collect();
    let call = call(&json!({"schema": {"items": {"allOf": all}}}));
    let scorers = scorers(&[json!({"kind": "json_schema"})]);
    let value = |places: usize| {
        let text = format!("[{}]", vec!["-1"; places].join(","));
        scorers.score_absolute(&call, &said(&text)).remove(0)
    };
    assert_eq!(value(10).value, Some(1.0));
    let large = value(100_000);
    assert_eq!(large.value, None, "{}", large.reason);
    assert!(large.reason.contains("asks too much"), "{}", large.reason);
    // Each of many asks for many of every item.
    let each = vec![json!({"items": {"$ref": "#/$defs/a"}}); 3_000];
    let defs = json!({"a": {"allOf": vec![json!({}); 9_000]}});
    let squared = crate::support::call(&json!({"schema": {"allOf": each, "$defs": defs}}));
    let score = scorers.score_absolute(&squared, &said("[1, 1]")).remove(0);
    assert!(score.value.is_none() && score.reason.contains("asks too much"), "{}", score.reason);
}

fn doubling(levels: usize) -> Value {
    let reference = |level: usize| json!({"$ref": format!("#/$defs/{level}")});
    let level = |at: usize| match at {
        0 => json!({"type": ["string", "array", "number"]}),
        _ => json!({"allOf": [reference(at - 1), reference(at - 1)]}),
    };
    let all: serde_json::Map<String, Value> =
        (0..=levels).map(|at| (at.to_string(), level(at))).collect();
    json!({"$defs": all, "$ref": format!("#/$defs/{levels}")})
}

/// One reply of 10 MiB: every scorer but those of what it took abstains, whatever it goes by.
#[test]
fn a_monstrous_reply_is_not_scored() {
    let long = said(&"word ".repeat(2 << 20));
    let call = call(&json!({"metadata": {"expected": "x"}, "schema": {}, "tools": {"f": {}}}));
    for scorers in [all(), more()] {
        let scores = scorers.score_absolute(&call, &long);
        let agreed = scorers.score_agreement(&call, &said("x"), &long);
        for score in scores.iter().chain(&agreed) {
            assert_eq!(score.value, None, "{score:?}");
        }
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
