//! What scores add up to.

use proptest::prelude::*;
use score::{Combine, Kind, Role, Score, VerdictRule};
use std::collections::BTreeMap;

fn score(scorer: &str, value: Option<f64>, reason: &str) -> Score {
    Score {
        scorer: scorer.to_owned(),
        scorer_digest: format!("digest of {scorer}"),
        trial: None,
        kind: Kind::Rule,
        value,
        reason: reason.to_owned(),
    }
}

/// By the usual rule: every scorer counts, and the worst decides.
fn verdict(scores: &[Score]) -> score::Verdict {
    score::verdict(scores, &VerdictRule::default())
}

/// By `combine`, with the roles of some scorers.
fn by(combine: Combine, roles: &[(&str, Role)], scores: &[Score]) -> (Option<f64>, String) {
    let roles: BTreeMap<_, _> =
        roles.iter().map(|(scorer, role)| (format!("digest of {scorer}"), *role)).collect();
    let verdict = score::verdict(scores, &VerdictRule { combine, roles });
    (verdict.loss, verdict.reason)
}

#[test]
fn a_scorer_that_informs_changes_no_verdict() {
    let informs = [("b", Role::Informs)];
    for word in [Some(0.0), Some(1.0), None] {
        let scores = [score("a", Some(1.0), ""), score("b", word, "too long")];
        let said = by(Combine::All, &informs, &scores);
        assert_eq!(said, (Some(0.0), "every scorer passed".to_owned()));
    }
    let alone = [score("b", Some(1.0), "")];
    assert_eq!(by(Combine::All, &informs, &alone), (None, "no scorer has spoken".to_owned()));
}

#[test]
fn where_one_pass_is_enough_the_best_score_decides() {
    let any = |scores: &[Score]| by(Combine::Any, &[], scores);
    let passed = [score("a", Some(0.0), "no number"), score("b", Some(1.0), "")];
    assert_eq!(any(&passed), (Some(0.0), "enough passed: b".to_owned()));
    let failed = [score("a", Some(0.0), "no number"), score("b", Some(0.25), "far off")];
    assert_eq!(any(&failed), (Some(0.75), "a: no number; b: far off".to_owned()));
    // Who is silent might have passed, unless another one has.
    let silent = score("c", None, "no key");
    assert_eq!(any(&[failed[0].clone(), silent.clone()]).0, None);
    assert_eq!(any(&[passed[1].clone(), silent]).0, Some(0.0));
}

#[test]
fn a_mean_is_weighted_and_needs_every_word() {
    let three = [("b", Role::Required { weight: 3.0 })];
    let scores = [score("a", Some(0.0), "wrong"), score("b", Some(1.0), "")];
    assert_eq!(by(Combine::Mean, &three, &scores), (Some(0.25), "a: wrong".to_owned()));
    assert_eq!(by(Combine::Mean, &[], &scores).0, Some(0.5));
    let silent = [score("a", Some(0.0), "wrong"), score("b", None, "no key")];
    assert_eq!(by(Combine::Mean, &three, &silent), (None, "abstained: b: no key".to_owned()));
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
        for combine in Combine::ALL {
            let weighted = [("a", Role::Required { weight: 0.1 }), ("b", Role::Informs)];
            let said = by(combine, &weighted, &scores);
            prop_assert_eq!(&said, &by(combine, &weighted, &shuffled));
            prop_assert!(said.0.is_none_or(|loss| (0.0..=1.0).contains(&loss)));
        }
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
