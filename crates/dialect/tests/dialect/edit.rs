//! Rewriting a body for another model: what is not touched stays byte for byte.

use dialect::{Dialect, Error};
use proptest::prelude::*;
use serde_json::value::RawValue;

fn with_model(body: &str) -> String {
    text(Dialect::OpenAi.with_model(body.as_bytes(), "small"))
}

fn replay(body: &str) -> String {
    text(Dialect::OpenAi.replay_body(body.as_bytes(), "small"))
}

fn text(body: Result<impl AsRef<[u8]>, Error>) -> String {
    String::from_utf8(body.unwrap().as_ref().to_vec()).unwrap()
}

#[test]
fn only_the_model_changes() {
    let cases = [
        (r#"{"model":"big"}"#, r#"{"model":"small"}"#),
        (" { \"a\" : 1.50 , \"model\" : null }\n", " { \"a\" : 1.50 , \"model\" : \"small\" }\n"),
        (r#"{"a":{"model":"x"},"model":"b"}"#, r#"{"a":{"model":"x"},"model":"small"}"#),
        (r#"{"a":"\"model\":","model":"b"}"#, r#"{"a":"\"model\":","model":"small"}"#),
        (r#"{"\u006dodel":"b","n":1e2}"#, r#"{"\u006dodel":"small","n":1e2}"#),
        (r#"{"model":"a","model":"b"}"#, r#"{"model":"small","model":"small"}"#),
        (r#"{"x":"\\","model":"b\\\""}"#, r#"{"x":"\\","model":"small"}"#),
        (r#"{"model":{"id":["]}"]},"z":[]}"#, r#"{"model":"small","z":[]}"#),
        (r#"{"messages":[]}"#, r#"{"model":"small","messages":[]}"#),
        ("{ }", r#"{"model":"small" }"#),
    ];
    for (body, expected) in cases {
        assert_eq!(with_model(body), expected, "{body}");
    }
}

#[test]
fn a_shadow_call_carries_no_stream_and_no_store() {
    let cases = [
        (r#"{"stream":true,"model":"b"}"#, r#"{"model":"small"}"#),
        (r#"{"model":"b","stream":true}"#, r#"{"model":"small"}"#),
        (r#"{"model":"b", "stream":true, "store":false }"#, r#"{"model":"small" }"#),
        (
            r#"{"stream":true , "stream_options":{"include_usage":true}, "model":"b"}"#,
            r#"{"model":"small"}"#,
        ),
        (
            r#"{ "stream":true,"a":1, "store":true, "b":2,"model":"c","stream":false}"#,
            r#"{ "a":1, "b":2,"model":"small"}"#,
        ),
        (r#"{"stream":true}"#, r#"{"model":"small"}"#),
        (r#"{"stream":true,"store":true}"#, r#"{"model":"small"}"#),
    ];
    for (body, expected) in cases {
        assert_eq!(replay(body), expected, "{body}");
    }
}

/// Live as in shadow, so that the evidence is of what is sent: only its writer reads an item of reasoning,
/// and under our key nothing is kept.
#[test]
fn another_model_gets_of_a_response_what_it_can_read() {
    let cases = [
        (r#"{"model":"b","input":"hi"}"#, r#"{"store":false,"model":"small","input":"hi"}"#),
        (
            r#"{"input":"hi","model":"b","store":false}"#,
            r#"{"store":false,"input":"hi","model":"small"}"#,
        ),
        (
            r#"{"store":true,"model":"b","input":[]}"#,
            r#"{"store":false,"model":"small","input":[]}"#,
        ),
        (
            r#"{"model":"b", "input":[{"role":"user","content":"hi"}, {"type":"reasoning","id":"rs_1"},{"type":"message"}], "n":1.50}"#,
            r#"{"store":false,"model":"small", "input":[{"role":"user","content":"hi"},{"type":"message"}], "n":1.50}"#,
        ),
        // Items are known by their ids to whoever asked first, and miss their reasoning under them.
        (
            r#"{"model":"b","input":[{"id":"rs_1","type":"reasoning"}, {"type":"function_call","id":"fc_1","call_id":"c"},{"id":"msg_1"},{"id":1.50}]}"#,
            r#"{"store":false,"model":"small","input":[{"type":"function_call","call_id":"c"},{},{}]}"#,
        ),
        (
            r#"{"model":"b","input":["a", {"content": [{"id":"x"}]}, 7]}"#,
            r#"{"store":false,"model":"small","input":["a", {"content": [{"id":"x"}]}, 7]}"#,
        ),
        (
            r#"{"model":"b","messages":[],"input":[{"type":"reasoning"}]}"#,
            r#"{"model":"small","messages":[],"input":[{"type":"reasoning"}]}"#,
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(with_model(body), expected, "{body}");
        assert_eq!(replay(body), expected, "{body}");
    }
    let streamed = r#"{"model":"b","stream":true,"input":"hi"}"#;
    assert_eq!(
        with_model(streamed),
        r#"{"store":false,"model":"small","stream":true,"input":"hi"}"#
    );
}

#[test]
fn a_model_name_is_escaped() {
    let body = Dialect::OpenAi.with_model(b"{}", "a\"b\\\n").unwrap();
    assert_eq!(&body[..], br#"{"model":"a\"b\\\n"}"#);
}

#[test]
fn what_is_not_an_object_is_refused() {
    for body in ["", "[]", "null", "\"{}\"", "{", "{}}", "{\"a\":}", "\u{1f}\u{8b}", "{'a':1}"] {
        let result = Dialect::OpenAi.with_model(body.as_bytes(), "small");
        assert_eq!(result, Err(Error::NotAnObject), "{body}");
    }
}

#[test]
fn nesting_is_no_danger() {
    let deep = format!("{{\"a\":{}{},\"model\":1}}", "[".repeat(200_000), "]".repeat(200_000));
    assert_eq!(with_model(&deep), deep.replace("\"model\":1", "\"model\":\"small\""));
}

/// The members of an object as they are written, order and duplicates kept.
fn members(object: &str) -> Vec<(String, String)> {
    struct Members(Vec<(String, String)>);
    impl<'de> serde::Deserialize<'de> for Members {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Members;
                fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    out.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Members, A::Error> {
                    let mut members = Vec::new();
                    while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
                        members.push((key, value.get().to_owned()));
                    }
                    Ok(Members(members))
                }
            }
            from.deserialize_map(Visitor)
        }
    }
    serde_json::from_str::<Members>(object).unwrap().0
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?",
        "\\PC{0,8}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just(r#""\u006d\"\\}{][,:""#.to_owned()),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let list =
            prop::collection::vec((space(), inner.clone(), space()), 0..4).prop_map(|items| {
                let items: Vec<String> = items
                    .into_iter()
                    .map(|(before, item, after)| before + &item + &after)
                    .collect();
                format!("[{}]", items.join(","))
            });
        let object = prop::collection::vec((key(), inner), 0..4).prop_map(|items| {
            let items: Vec<String> =
                items.into_iter().map(|(key, item)| format!("{key}: {item}")).collect();
            format!("{{{}}}", items.join(" ,"))
        });
        prop_oneof![list, object]
    })
}

fn space() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,2}"
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\"model\"".to_owned()),
        Just("\"stream\"".to_owned()),
        Just("\"store\"".to_owned()),
        Just("\"stream_options\"".to_owned()),
        Just("\"\\u0073tore\"".to_owned()),
        "[a-z\\\\{}:,é ]{0,5}".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ]
}

fn member() -> impl Strategy<Value = String> {
    (space(), key(), space(), space(), value(), space())
        .prop_map(|(a, key, b, c, value, d)| format!("{a}{key}{b}:{c}{value}{d}"))
}

fn object() -> impl Strategy<Value = String> {
    (space(), prop::collection::vec(member(), 0..7), space())
        .prop_map(|(before, members, after)| format!("{before}{{{}}}{after}", members.join(",")))
}

proptest! {
    /// The text around every model's value is the same text.
    #[test]
    fn every_other_byte_is_unchanged(body in object()) {
        let edited = with_model(&body);
        let models = members(&body).into_iter().filter(|(key, _)| key == "model").count();
        if models == 0 {
            let comma = if members(&body).is_empty() { "" } else { "," };
            let at = body.find('{').unwrap() + 1;
            let expected = format!("{}\"model\":\"small\"{comma}{}", &body[..at], &body[at..]);
            prop_assert_eq!(edited, expected);
        } else {
            // Put a second name in its place: what differs between the two is the models alone.
            let other = Dialect::OpenAi.with_model(edited.as_bytes(), "other").unwrap();
            let back = Dialect::OpenAi.with_model(&other, "small").unwrap();
            prop_assert_eq!(edited.as_bytes(), &back[..]);
            let removed: usize = members(&body)
                .into_iter()
                .filter(|(key, _)| key == "model")
                .map(|(_, value)| value.len())
                .sum();
            prop_assert_eq!(edited.len(), body.len() - removed + models * "\"small\"".len());
            let others = |text: &str| {
                members(text).into_iter().filter(|(key, _)| key != "model").collect::<Vec<_>>()
            };
            prop_assert_eq!(others(&edited), others(&body));
        }
    }

    /// A replay is valid JSON whose other members are, in order, the same texts.
    #[test]
    fn a_replay_keeps_every_other_member(body in object()) {
        let edited = replay(&body);
        let dropped = ["stream", "stream_options", "store", "model"];
        let kept = |text: &str| {
            let kept = members(text).into_iter().filter(|(key, _)| !dropped.contains(&key.as_str()));
            kept.collect::<Vec<_>>()
        };
        prop_assert_eq!(kept(&edited), kept(&body));
        let rest: Vec<_> = members(&edited)
            .into_iter()
            .filter(|(key, _)| dropped.contains(&key.as_str()))
            .collect();
        prop_assert!(!rest.is_empty());
        prop_assert!(rest.iter().all(|(key, value)| key == "model" && value == "\"small\""));
    }
}
