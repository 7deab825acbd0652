use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use std::io::Write;
use testkit::{
    recorded::{Count, Demand, Recorded, UNRECORDED},
    sim::{Answers, Asked, Said},
};

/// Three prompts in the recorded format, of which the last two are the same with other outcomes.
const LINES: &str = r#"{"id":"a","t_s":282.178,"category":"sums","prompt":"2+2?","expected":"4","answers":[{"model":"large","correct":true,"response":"It is 4"},{"model":"small","correct":false,"response":"5"}]}
{"id":"b","t_s":2.06,"category":"law","prompt":"Which?","answers":[{"model":"large","correct":true},{"model":"small","correct":false}]}
{"id":"b","t_s":86400.5,"category":"law","prompt":"Which?","answers":[{"model":"large","correct":false},{"model":"small","correct":true}]}
"#;

fn load(lines: &str) -> Result<Recorded, testkit::Error> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(lines.as_bytes()).unwrap();
    file.write_all(&gzip.finish().unwrap()).unwrap();
    Recorded::load(file.path())
}

#[test]
fn a_set_is_counted_by_category_and_model() {
    let counts = load(LINES).unwrap().counts();
    assert_eq!(counts["law"]["large"], Count { answers: 2, correct: 1 });
    assert_eq!(counts["sums"]["small"], Count { answers: 1, correct: 0 });
    assert_eq!(load(LINES).unwrap().first(1).counts().len(), 1);
}

#[test]
fn replies_are_the_recorded_texts_or_the_expected_token_exactly_if_recorded_right() {
    let set = load(LINES).unwrap();
    let start = exchange::Timestamp(5_000_000);
    let calls = set.calls(start, "large", "secret");
    let offsets = calls.iter().map(|call| call.at.0 - start.0).collect::<Vec<_>>();
    assert_eq!(offsets, [2_060_000, 282_178_000, 86_400_500_000]);
    let said = calls.iter().map(|call| {
        let body = serde_json::from_slice::<Value>(&call.body).unwrap();
        let expected = body["metadata"]["expected"].as_str().unwrap().to_owned();
        ["large", "small"].map(|model| {
            let Said::Text(text) = set.answer(&Asked::new(model, "shadow", &body)) else {
                panic!("recorded answers are texts");
            };
            if call.category == "sums" { text } else { (text == expected).to_string() }
        })
    });
    let said = said.collect::<Vec<_>>();
    assert_eq!(said, [["true", "false"], ["It is 4", "5"], ["false", "true"]]);
}

#[test]
fn an_unknown_prompt_is_said_to_be_unknown() {
    let body = serde_json::json!({"messages": [{"role": "user", "content": "new"}]});
    let said = load(LINES).unwrap().answer(&Asked::new("large", "shadow", &body));
    assert_eq!(said, Said::Text(UNRECORDED.to_owned()));
}

#[test]
fn a_line_of_another_shape_is_reported_with_its_number() {
    let message = load(&format!("{LINES}{{\"id\":1}}\n")).unwrap_err().to_string();
    assert!(message.contains("line 4"), "{message}");
}

#[test]
fn the_pipeline_holds_the_candidate_to_the_demand_in_every_recorded_category() {
    let set = load(LINES).unwrap();
    let urls = [("openai".to_owned(), "http://127.0.0.1:1".to_owned())];
    for (demand, field) in [(Demand::Bar(0.8), "bar"), (Demand::Margin(0.05), "margin")] {
        let text = set.pipeline_toml(&urls, demand);
        let pipeline = text.parse::<toml::Table>().unwrap();
        let categories = pipeline["category"].as_array().unwrap();
        let names = categories.iter().map(|it| it["name"].as_str().unwrap());
        assert_eq!(names.collect::<Vec<_>>(), ["law", "sums"]);
        assert!(categories.iter().all(|it| it.get(field).is_some()), "{text}");
    }
}
