//! What scores add up to.

use proptest::prelude::*;
use score::{Kind, Score, verdict};

fn score(scorer: &str, value: Option<f64>, reason: &str) -> Score {
    Score {
        scorer: scorer.to_owned(),
        scorer_digest: String::new(),
        trial: None,
        kind: Kind::Rule,
        value,
        reason: reason.to_owned(),
    }
}

#[test]
fn the_worst_score_is_the_loss_and_says_why() {
    let scores = [score("a", Some(1.0), ""), score("b", Some(0.25), "three of four are wrong")];
    let verdict = verdict(&scores);
    assert_eq!(verdict.loss, Some(0.75));
    assert_eq!(verdict.reason, "b: three of four are wrong");
}

#[test]
fn without_every_word_there_is_no_verdict() {
    let silent = score("b", None, "no metadata");
    let verdict_of = |other| verdict(&[score("a", Some(other), "x"), silent.clone()]);
    for other in [0.0, 1.0] {
        assert_eq!(verdict_of(other).loss, None, "no data is never a number");
        assert_eq!(verdict_of(other).reason, "abstained: b: no metadata");
    }
}

#[test]
fn without_scorers_there_is_no_verdict() {
    assert_eq!(verdict(&[]).loss, None);
}

#[test]
fn all_passed_is_said_in_words() {
    let passed = verdict(&[score("a", Some(1.0), "")]);
    assert_eq!((passed.loss, passed.reason.as_str()), (Some(0.0), "every scorer passed"));
}

fn any_scores() -> impl Strategy<Value = Vec<Score>> {
    let value = prop_oneof![4 => (0.0..=1.0).prop_map(Some), 1 => Just(None)];
    let one =
        ("[a-c]", value, "[x-z]{0,2}").prop_map(|(name, value, why)| score(&name, value, &why));
    prop::collection::vec(one, 0..6)
}

proptest! {
    #[test]
    fn the_order_of_scores_is_irrelevant(
        (scores, shuffled) in any_scores()
            .prop_flat_map(|scores| (Just(scores.clone()), Just(scores).prop_shuffle())),
    ) {
        prop_assert_eq!(verdict(&scores), verdict(&shuffled));
    }

    #[test]
    fn another_score_never_makes_a_verdict_better(scores in any_scores(), value in 0.0..=1.0) {
        let before = verdict(&scores).loss;
        let more = [&scores[..], &[score("z", Some(value), "")]].concat();
        let after = verdict(&more).loss;
        prop_assert!(before.is_none() || after >= before);
        prop_assert!(after.is_none_or(|loss| (0.0..=1.0).contains(&loss)));
    }
}
