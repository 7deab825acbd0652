//! Frozen pairs: a judge that did not move is called moved no oftener than is said, and one that did is
//! told apart from what it judges.

use confidence::judge::{
    ALPHA, Again, Moved, Said, Standing, Steadiness, moved, shift, steadiness,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const GOOD: Said = Said { reference: true, candidate: true, preferred: None };
const BAD: Said = Said { reference: true, candidate: false, preferred: None };
const WORSE: Said = Said { reference: false, candidate: false, preferred: None };

/// So many questions with a word then and two words now.
fn questions(count: usize, then: Said, now: [Said; 2]) -> Vec<Again> {
    vec![Again { then, now: now.map(Some) }; count]
}

/// Questions that nobody wavers about, and of the odd ones so many whose old word is the odd one.
fn odd(steady: usize, old: usize, new: usize) -> Vec<Again> {
    [
        questions(steady, GOOD, [GOOD, GOOD]),
        questions(old, GOOD, [BAD, BAD]),
        questions(new, GOOD, [GOOD, BAD]),
    ]
    .concat()
}

#[track_caller]
fn check(asked: &[Again], look: u64, standing: Standing) -> Steadiness {
    let found = steadiness(asked, look);
    assert_eq!(found.standing, standing, "{found:?}");
    found
}

#[test]
fn a_judge_that_says_the_same_holds() {
    let found = check(&odd(50, 0, 0), 1, Standing::Holds);
    assert_eq!((found.questions, found.changed, found.wavered, found.odd), (50, 0, 0, 0));
    assert_eq!((found.p_value, found.alpha), (1.0, ALPHA / 2.0));
}

#[test]
fn words_that_waver_as_they_always_did_are_no_movement() {
    // Of thirty odd words ten are old ones: a third.
    let found = check(&odd(20, 10, 20), 1, Standing::Holds);
    assert_eq!((found.changed, found.wavered, found.odd, found.odd_then), (10, 20, 30, 10));
}

#[test]
fn other_words_are_a_movement_in_whatever_direction() {
    let stricter = check(&odd(40, 10, 1), 1, Standing::Moved);
    assert_eq!((stricter.stricter, stricter.kinder), (10, 0));
    let both = [questions(5, GOOD, [WORSE, WORSE]), questions(5, WORSE, [GOOD, GOOD])].concat();
    let found = check(&both, 1, Standing::Moved);
    assert_eq!((found.stricter, found.kinder), (5, 5));
    assert!((found.p_value - 2.0 / 3_f64.powi(10)).abs() < 1e-15, "{found:?}");
}

#[test]
fn a_judge_that_wavers_more_than_it_did_moved() {
    let found = check(&odd(20, 0, 30), 1, Standing::Moved);
    assert_eq!((found.stricter, found.kinder), (0, 0));
}

#[test]
fn too_few_words_say_nothing() {
    check(&[], 1, Standing::Silent);
    check(&odd(5, 0, 0), 1, Standing::Silent);
    check(&odd(0, 5, 0), 1, Standing::Silent);
    check(&odd(6, 0, 0), 1, Standing::Holds);
    // What suffices at the first look does not at the tenth.
    check(&odd(0, 6, 0), 1, Standing::Moved);
    check(&odd(0, 6, 0), 10, Standing::Silent);
}

#[test]
fn an_abstention_is_no_word() {
    let silent = vec![Again { then: GOOD, now: [None, Some(BAD)] }; 40];
    let found = check(&[silent, odd(10, 0, 0)].concat(), 1, Standing::Holds);
    assert_eq!((found.questions, found.abstained, found.changed), (10, 40, 0));
}

#[test]
fn all_looks_together_err_as_often_as_one_may() {
    let spent: f64 = (1..=100_000).map(|look| steadiness(&[], look).alpha).sum();
    assert!(spent < ALPHA && spent > 0.9999 * ALPHA, "{spent}");
}

/// The binomial distribution is worked out anew, in whole numbers: a judge that did not move is called
/// moved with at most the probability that the look may err with.
#[test]
fn a_judge_that_did_not_move_is_rarely_called_moved() {
    for of in 1_u32..=60 {
        for look in [1, 3] {
            let mut ways = 1_u128;
            let (mut moved, mut all) = (0_u128, 0_u128);
            for old in 0..=of {
                let weight = ways * 2_u128.pow(of - old);
                all += weight;
                let found = steadiness(&odd(0, old as usize, (of - old) as usize), look);
                moved += if found.standing == Standing::Moved { weight } else { 0 };
                ways = ways * u128::from(of - old) / u128::from(old + 1);
            }
            assert_eq!(all, 3_u128.pow(of));
            let share = moved as f64 / all as f64;
            assert!(share <= ALPHA / (look * (look + 1)) as f64, "{of} odd words: {share}");
        }
    }
}

fn conversations(count: usize, loss: f64) -> BTreeMap<String, f64> {
    (0..count).map(|at| (format!("c{at}"), loss)).collect()
}

#[test]
fn what_moved_is_told_by_both() {
    let (good, bad) = (conversations(60, 0.0), conversations(60, 1.0));
    let changed = shift(&good, &bad).unwrap();
    let same = shift(&good, &good).unwrap();
    let few = shift(&good, &conversations(1, 1.0)).unwrap();
    let nobody = shift(&good, &BTreeMap::new()).unwrap();
    assert_eq!((changed.before.mean, changed.after.mean), (Some(1.0), Some(0.0)));
    for (judge, scores, expect) in [
        (Standing::Holds, &changed, Moved::Model),
        (Standing::Holds, &same, Moved::Nothing),
        (Standing::Holds, &few, Moved::Nothing),
        (Standing::Holds, &nobody, Moved::Nothing),
        (Standing::Moved, &changed, Moved::Judge),
        (Standing::Moved, &same, Moved::Judge),
        (Standing::Silent, &changed, Moved::Unknown),
        (Standing::Silent, &same, Moved::Unknown),
    ] {
        assert_eq!(moved(judge, scores), expect, "{judge:?} {scores:?}");
    }
    assert!(shift(&conversations(1, f64::NAN), &good).is_err());
    assert!(shift(&conversations(1, 1.5), &good).is_err());
}

fn any_said() -> impl Strategy<Value = Said> {
    prop::sample::select(vec![GOOD, BAD, WORSE])
}

fn any_again() -> impl Strategy<Value = Again> {
    (any_said(), prop::option::of(any_said()), prop::option::of(any_said()))
        .prop_map(|(then, one, other)| Again { then, now: [one, other] })
}

proptest! {
    /// Which of two words now came first says nothing, and neither does the order of the pairs.
    #[test]
    fn words_now_are_alike(asked in prop::collection::vec(any_again(), 0..60), look in 1_u64..50) {
        let turned = asked.iter().rev().map(|it| Again { now: [it.now[1], it.now[0]], ..*it });
        let turned = steadiness(&turned.collect::<Vec<_>>(), look);
        let found = steadiness(&asked, look);
        prop_assert_eq!(Steadiness { changed: found.changed, ..turned }, found);
        prop_assert_eq!(found.questions + found.abstained, asked.len() as u64);
        prop_assert!(found.odd_then <= found.odd && found.odd <= found.questions);
        prop_assert!(found.stricter + found.kinder <= found.odd_then);
        prop_assert!((0.0..=1.0).contains(&found.p_value));
    }
}
