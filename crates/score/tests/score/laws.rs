//! Laws of the graded scorers.

use crate::support::{said, scorers};
use exchange::Call;
use proptest::prelude::*;
use serde_json::{Value, json};

fn value(settings: &Value, ours: &str, theirs: &str) -> Option<f64> {
    let scorers = scorers(std::slice::from_ref(settings));
    scorers.score_agreement(&Call::default(), &said(ours), &said(theirs))[0].value
}

/// The longest common sequence and the edits by the textbook's tables, for the library's.
fn by_tables(ours: &[&str], theirs: &[&str]) -> (usize, usize) {
    let width = theirs.len() + 1;
    let mut common = vec![0; width];
    let mut edits: Vec<usize> = (0..width).collect();
    for (row, our) in ours.iter().enumerate() {
        let (above_common, above_edits) = (common.clone(), edits.clone());
        edits[0] = row + 1;
        for (at, their) in theirs.iter().enumerate() {
            let same = usize::from(our == their);
            common[at + 1] = (above_common[at] + same).max(above_common[at + 1]).max(common[at]);
            let replaced = above_edits[at] + 1 - same;
            edits[at + 1] = replaced.min(above_edits[at + 1] + 1).min(edits[at] + 1);
        }
    }
    (common[width - 1], edits[width - 1])
}

proptest! {
    #[test]
    fn words_in_common_and_edits_are_those_of_the_textbook(
        ours in prop::collection::vec("[a-d]", 1..90),
        theirs in prop::collection::vec("[a-d]", 1..90),
    ) {
        let (our_words, their_words): (Vec<&str>, Vec<&str>) =
            (ours.iter().map(String::as_str).collect(), theirs.iter().map(String::as_str).collect());
        let (common, edits) = by_tables(&our_words, &their_words);
        let (one, two) = (ours.join(" "), theirs.join(" "));
        let all = (ours.len() + theirs.len()) as f64;
        let longer = ours.len().max(theirs.len()) as f64;
        let rouge = value(&json!({"kind": "rouge_l"}), &one, &two);
        prop_assert_eq!(rouge, Some(2.0 * common as f64 / all));
        let list = value(&json!({"kind": "list_f1", "separator": " "}), &one, &two);
        prop_assert_eq!(list, rouge);
        let similar = value(&json!({"kind": "edit_similarity"}), &one, &two);
        prop_assert_eq!(similar, Some(1.0 - edits as f64 / longer));
    }

    /// Texts of ASCII alone are taken apart by bytes, which makes the same words.
    #[test]
    fn words_of_ascii_are_those_of_any_text(
        ours in "[aB1 .,\t\n\u{b}\u{c}\r\u{1c}\u{1f}-]{0,40}",
        theirs in "[aB1 .,\t\n\u{b}\u{c}\r\u{1c}\u{1f}-]{0,40}",
        mark in prop_oneof![Just(""), Just(" é")],
    ) {
        let [ours, theirs] = [ours, theirs + " a"].map(|text| text + mark);
        let [our_words, their_words] =
            [&ours, &theirs].map(|text| text.split_whitespace().collect::<Vec<_>>());
        let longer = our_words.len().max(their_words.len()) as f64;
        let (_, edits) = by_tables(&our_words, &their_words);
        let similar = value(&json!({"kind": "edit_similarity"}), &ours, &theirs);
        prop_assert_eq!(similar, Some(1.0 - edits as f64 / longer));
        let lower = [&ours, &theirs].map(|text| text.to_lowercase());
        let [our_words, their_words] = lower.each_ref().map(|text| {
            let words = text.split(|mark: char| !mark.is_alphanumeric());
            words.filter(|word| !word.is_empty()).collect::<Vec<_>>()
        });
        let (common, _) = by_tables(&our_words, &their_words);
        let all = (our_words.len() + their_words.len()) as f64;
        let rouge = value(&json!({"kind": "rouge_l"}), &ours, &theirs);
        prop_assert_eq!(rouge, Some(2.0 * common as f64 / all));
    }

    /// Long enough for bands, and for what is decided without counting.
    #[test]
    fn edited_characters_are_those_of_the_textbook(
        (ours, theirs) in prop_oneof![
            ("[a-dé]{1,300}", "[a-dé]{1,300}"),
            ("[a-d]{1,300}", "[e-h]{1,300}"),
            ("[a-z]{40,300}", 5..40_usize).prop_map(|(text, every)| {
                let other = |(at, mark)| if at % every == 1 { 'é' } else { mark };
                (text.clone(), text.chars().enumerate().map(other).collect())
            }),
            ("[a-d]{1,300}", "[a-d]{0,3}").prop_map(|(text, more)| (text.clone(), text + &more)),
        ],
        least in 1..=20_i32,
    ) {
        let [our_marks, their_marks] = [&ours, &theirs].map(|text| text.split("").collect::<Vec<_>>());
        let (_, edits) = by_tables(&our_marks, &their_marks);
        let longer = ours.chars().count().max(theirs.chars().count()) as f64;
        let wanted = 1.0 - edits as f64 / longer;
        let by_characters = json!({"kind": "edit_similarity", "unit": "chars"});
        prop_assert_eq!(value(&by_characters, &ours, &theirs), Some(wanted));
        let least = f64::from(least) / 20.0;
        let passing = json!({"kind": "edit_similarity", "unit": "chars", "pass_at": least});
        let passed = f64::from(u8::from(wanted >= least));
        prop_assert_eq!(value(&passing, &ours, &theirs), Some(passed));
    }

    #[test]
    fn what_two_have_in_common_is_the_same_from_both_sides(
        ours in "[a-c1-3,. ]{1,20}",
        theirs in "[a-c1-3,. ]{1,20}",
    ) {
        for kind in ["set_f1", "list_f1", "rouge_l", "edit_similarity"] {
            let settings = json!({"kind": kind});
            let (there, back) =
                (value(&settings, &ours, &theirs), value(&settings, &theirs, &ours));
            // Each abstains where what is its reference says nothing.
            prop_assert!(there.is_none() || back.is_none() || there == back, "{}", kind);
        }
    }

    /// Where a scorer passes from some value on, it passes exactly the values from there on.
    #[test]
    fn a_threshold_turns_a_value_into_a_pass_or_a_failure(
        ours in "[a-c ]{1,20}",
        theirs in "[a-c]{1,3}( [a-c]{1,3}){0,4}",
        least in 1..=20_i32,
    ) {
        let least = f64::from(least) / 20.0;
        for kind in ["rouge_l", "edit_similarity", "set_f1", "list_f1"] {
            let graded = value(&json!({"kind": kind}), &ours, &theirs).unwrap();
            let passed = value(&json!({"kind": kind, "pass_at": least}), &ours, &theirs).unwrap();
            prop_assert_eq!(passed, f64::from(u8::from(graded >= least)), "{}", kind);
        }
    }

    /// A text in a fence is the code, whatever stands around the fence.
    #[test]
    fn prose_around_a_fence_says_nothing(before in "[a-z .]{0,30}", after in "[a-z .]{0,30}") {
        let parses = |text: String| {
            let scorers = scorers(&[json!({"kind": "code_parses", "language": "python"})]);
            scorers.score_absolute(&Call::default(), &said(&text))[0].value
        };
        prop_assert_eq!(parses(format!("{before}\n```python\nx = 1\n```\n{after}")), Some(1.0));
        prop_assert_eq!(parses(format!("{before}\n```python\nx = (\n```\n{after}")), Some(0.0));
    }
}
