//! Whatever is written, loading ends, and in words: what fuzzing found stays found, on stable.

use pipeline::{PIPELINE_BYTES_MAX, load};
use proptest::prelude::*;
use std::fs;

/// The same laws as in the fuzz target.
fn check(text: &str) {
    match load(text) {
        Ok(pipeline) => {
            assert!(!pipeline.categories.is_empty());
            for category in &pipeline.categories {
                for candidate in &category.candidates {
                    assert!(pipeline.definition_digest(&category.name, candidate).is_some());
                    assert!(pipeline.provider_of(candidate).is_some());
                }
            }
            policy::Categorizer::new(&pipeline.rules()).unwrap();
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty(), "refused without a word");
            for mistake in mistakes {
                assert!(mistake.line >= 1 && mistake.column >= 1, "{mistake}");
                assert!(!mistake.what.is_empty() && !mistake.remedy.is_empty(), "{mistake}");
            }
        }
    }
}

#[test]
fn the_fuzz_corpus_holds_the_laws() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/pipeline");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(bytes.len() <= PIPELINE_BYTES_MAX);
        check(&String::from_utf8_lossy(&bytes));
        seen += 1;
    }
    assert!(seen >= 20, "only {seen} files in the corpus");
}

#[test]
fn a_pipeline_that_is_cut_anywhere_is_refused_or_whole() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pipelines/openai.toml");
    let text = fs::read_to_string(folder).unwrap();
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        check(&text[..end]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_text_is_answered(text in ".{0,200}") {
        check(&text);
    }

    #[test]
    fn any_change_of_one_line_is_answered(line in 0..60_usize, by in "[ -~]{0,40}") {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pipelines/support-chat-judged.toml");
        let text = fs::read_to_string(folder).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        let line = line % lines.len();
        lines[line] = &by;
        check(&lines.join("\n"));
    }

    #[test]
    fn any_value_of_any_field_is_answered(
        which in 0..200_usize,
        value in prop_oneof![
            Just("1e999"), Just("-1"), Just("nan"), Just("[]"), Just("{}"), Just("[[]]"),
            Just("true"), Just("\"\""), Just("9999999999999999999"), Just("1979-05-27"),
            Just("[{}]"), Just("{ kind = 1 }"), Just("0x10"), Just("'*'"),
        ],
    ) {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pipelines/extraction.toml");
        let text = fs::read_to_string(folder).unwrap();
        let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
        let fields: Vec<usize> =
            (0..lines.len()).filter(|index| lines[*index].contains(" = ")).collect();
        let line = fields[which % fields.len()];
        let name = lines[line].split(" = ").next().unwrap().to_owned();
        lines[line] = format!("{name} = {value}");
        check(&lines.join("\n"));
    }
}
