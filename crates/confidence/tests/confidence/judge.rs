//! A judge is measured: what it says is never completed, what labels prove is never overstated.

use confidence::{
    Mode,
    judge::{Figures, Label, Order, Pair, Preferred, Said, Shortfall, Side, Taken, Word, measure},
};
use proptest::prelude::*;

/// A pair with a label on each reply and what the judge says of it with each one first.
fn pair(
    name: usize,
    good: [bool; 2],
    reference_first: [bool; 2],
    candidate_first: [bool; 2],
) -> Pair {
    let side = |acceptable| Side {
        label: Some(Label { acceptable, audit_weight: Some(1.0) }),
        ..Side::default()
    };
    Pair {
        conversation: format!("c{name}"),
        reference: side(good[0]),
        candidate: side(good[1]),
        words: vec![
            word(Order::ReferenceFirst, 1, Some(reference_first)),
            word(Order::CandidateFirst, 1, Some(candidate_first)),
        ],
        ..Pair::default()
    }
}

/// What a judge says of the reference's and the candidate's reply; it likes what it finds acceptable.
fn word(order: Order, repeat: u32, says: Option<[bool; 2]>) -> Word {
    let said = says.map(|[reference, candidate]| Said {
        reference,
        candidate,
        preferred: Some(match (reference, candidate) {
            (true, false) => Preferred::Reference,
            (false, true) => Preferred::Candidate,
            (true, true) | (false, false) => Preferred::Tie,
        }),
    });
    Word { judge: 0, order, repeat, said }
}

fn honest(name: usize, good: [bool; 2]) -> Pair {
    pair(name, good, good, good)
}

fn of(pairs: &[Pair]) -> Figures {
    measure(pairs).unwrap()
}

fn paired(youden: f64) -> Taken {
    Taken { mode: Mode::JP, youden, margin: Some(0.05) }
}

#[test]
fn nothing_seen_is_nothing_known() {
    let figures = of(&[]);
    assert_eq!((figures.sensitivity.mean, figures.position.mean), (None, None));
    assert_eq!((figures.sensitivity.lower, figures.sensitivity.upper), (0.0, 1.0));
    assert_eq!(figures.worth.youden_lower, -1.0);
    let short = figures.worth.bears_out(&paired(0.01)).unwrap_err();
    assert!(matches!(short, Shortfall::Weak { labels: 0, .. }));
}

#[test]
fn a_judge_that_never_errs_bears_out_more_with_every_label() {
    let lower = |count: usize| {
        let pairs: Vec<Pair> = (0..count).map(|at| honest(at, [true, at % 2 == 0])).collect();
        of(&pairs).worth.youden_lower
    };
    assert!(lower(40) < lower(200) && lower(200) < lower(1_000) && lower(1_000) > 0.95);
    let pairs: Vec<Pair> = (0..200).map(|at| honest(at, [true, at % 2 == 0])).collect();
    assert_eq!(of(&pairs).worth.bears_out(&paired(0.8)), Ok(()));
    assert!(of(&pairs).worth.bears_out(&paired(0.99)).is_err());
    // What is no number proves nothing.
    assert!(of(&pairs).worth.bears_out(&paired(f64::NAN)).is_err());
}

/// reliability.md, 6: a candidate that says the same to everything, and a judge that falls for it.
#[test]
fn a_constant_answer_that_fools_the_judge_condemns_the_judge() {
    let fooled: Vec<Pair> =
        (0..400).map(|at| pair(at, [true, false], [true; 2], [true; 2])).collect();
    let figures = of(&fooled);
    assert_eq!((figures.sensitivity.mean, figures.specificity.mean), (Some(0.0), Some(1.0)));
    assert!(matches!(figures.worth.bears_out(&paired(0.01)), Err(Shortfall::Weak { .. })));
    // The share of constant answers among what was labelled does not dilute that beyond the bar.
    let mixed = (0..400).map(|at| match at % 4 {
        0 => pair(at, [true, false], [true; 2], [true; 2]),
        1 => honest(at, [true, false]),
        _ => honest(at, [true, true]),
    });
    let figures = of(&mixed.collect::<Vec<_>>());
    assert_eq!(figures.sensitivity.mean, Some(0.5));
    assert!(figures.worth.bears_out(&paired(0.6)).is_err());
}

#[test]
fn a_judge_that_flags_one_model_is_partial() {
    // It flags a third of the candidate's good replies and none of the reference's.
    let says = |at: usize| [true, !at.is_multiple_of(3)];
    let pairs = (0..3_000).map(|at| match at % 4 {
        0 => honest(at, [false, false]),
        _ => pair(at, [true, true], says(at), says(at)),
    });
    let worth = of(&pairs.collect::<Vec<_>>()).worth;
    assert!(worth.youden_lower > 0.5, "{worth:?}");
    assert!(matches!(worth.bears_out(&paired(0.5)), Err(Shortfall::Partial { .. })), "{worth:?}");
    // The absolute mode rests on one model alone.
    assert_eq!(worth.bears_out(&Taken { mode: Mode::JA, youden: 0.5, margin: None }), Ok(()));
}

#[test]
fn what_is_read_first_shows() {
    // Whatever is read first is called acceptable and the other one not.
    let pairs: Vec<Pair> =
        (0..50).map(|at| pair(at, [true, true], [true, false], [false, true])).collect();
    let figures = of(&pairs);
    assert_eq!((figures.position.mean, figures.prefers_first.mean), (Some(1.0), Some(1.0)));
    assert_eq!(figures.flips.mean, Some(1.0));
    assert!(figures.position.lower > 0.3);
    let pairs: Vec<Pair> = (0..50).map(|at| honest(at, [true, at % 2 == 0])).collect();
    let figures = of(&pairs);
    assert_eq!((figures.position.mean, figures.flips.mean), (Some(0.0), Some(0.0)));
}

#[test]
fn repeats_length_and_kin_show() {
    let mut pairs: Vec<Pair> = (0..60)
        .map(|at| {
            let mut pair = pair(at, [true, true], [true, false], [true, false]);
            pair.words.push(word(Order::ReferenceFirst, 2, Some([true, at % 3 != 0])));
            pair.reference = Side { length: Some(90.0), akin: Some(true), ..pair.reference };
            pair.candidate = Side { length: Some(30.0), akin: Some(false), ..pair.candidate };
            pair
        })
        .collect();
    let figures = of(&pairs);
    assert_eq!(figures.retest.mean, Some(1.0 / 3.0));
    assert!(figures.prefers_longer.lower > 0.0 && figures.prefers_longer_among_equals.lower > 0.0);
    assert_eq!(figures.kindness_to_kin.mean, Some(0.0));
    assert!(figures.kindness_to_others.upper < 0.0);
    // Of equal length none is longer.
    pairs.iter_mut().for_each(|pair| pair.candidate.length = Some(90.0));
    assert_eq!(of(&pairs).prefers_longer.mean, None);
}

/// The calls of one conversation speak once.
#[test]
fn a_long_conversation_proves_no_more_than_one() {
    let one = vec![honest(0, [true, false])];
    let many = vec![honest(0, [true, false]); 500];
    assert_eq!(of(&one).worth.youden_lower, of(&many).worth.youden_lower);
    assert_eq!(of(&many).sensitivity.units, 1);
}

/// The truth is under the bound in at most one of a hundred judges, looked at after every ten pairs.
#[test]
fn the_bound_on_youden_holds_at_every_look() {
    let (runs, mut broken) = (300_u64, 0);
    for run in 0..runs {
        let mut state = run.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut unit = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        // Sensitivity 0.8, specificity 0.9.
        let pairs: Vec<Pair> = (0..120)
            .map(|at| {
                let good = [unit() < 0.6, unit() < 0.6];
                let says = good.map(|good| if good { unit() < 0.9 } else { unit() >= 0.8 });
                pair(at, good, says, says)
            })
            .collect();
        let looks = (10..=120).step_by(10);
        broken +=
            u64::from(looks.into_iter().any(|seen| of(&pairs[..seen]).worth.youden_lower > 0.7));
    }
    assert!(broken * 100 <= runs, "{broken} of {runs}");
}

fn any_said() -> impl Strategy<Value = Option<[bool; 2]>> {
    prop_oneof![1 => Just(None), 6 => any::<[bool; 2]>().prop_map(Some)]
}

fn any_pair() -> impl Strategy<Value = Pair> {
    let words = prop::collection::vec((any::<bool>(), 1_u32..3, any_said()), 0..5);
    (0_usize..20, any::<[bool; 2]>(), words, any::<[bool; 2]>()).prop_map(
        |(name, good, words, audited)| {
            let mut pair = honest(name, good);
            let order = |first| if first { Order::ReferenceFirst } else { Order::CandidateFirst };
            let words =
                words.into_iter().map(|(first, repeat, said)| word(order(first), repeat, said));
            pair.words = words.collect();
            for (side, audited) in
                [&mut pair.reference, &mut pair.candidate].into_iter().zip(audited)
            {
                let label = side.label.as_mut().unwrap();
                label.audit_weight = label.audit_weight.filter(|_| audited);
            }
            pair
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_order_of_pairs_says_nothing(
        pairs in prop::collection::vec(any_pair(), 0..30), seed in any::<u64>(),
    ) {
        let mut other = pairs.clone();
        other.sort_by_key(|pair| {
            let name: u64 = pair.conversation.bytes().map(u64::from).sum();
            name.wrapping_mul(seed | 1)
        });
        let (one, other) = (of(&pairs), of(&other));
        prop_assert_eq!(one.worth, other.worth);
        prop_assert_eq!(one.abstained, other.abstained);
    }

    /// A word that did not come is no tie and no verdict: with it, a pair measures nothing but words.
    #[test]
    fn a_pair_with_an_abstention_moves_no_bound(
        pairs in prop::collection::vec(any_pair(), 0..20), good in any::<[bool; 2]>(),
    ) {
        let mut more = pairs.clone();
        let mut silent = honest(99, good);
        silent.words[1].said = None;
        more.push(silent);
        let (before, after) = (of(&pairs), of(&more));
        prop_assert_eq!(before.worth, after.worth);
        prop_assert_eq!(before.position, after.position);
        prop_assert_eq!(before.flips, after.flips);
        prop_assert_eq!((before.pairs + 1, before.judged), (after.pairs, after.judged));
        prop_assert_eq!(before.abstained + 1, after.abstained);
    }

    /// A label that somebody chose to give is in no bound.
    #[test]
    fn a_chosen_label_moves_no_bound(
        pairs in prop::collection::vec(any_pair(), 0..20), good in any::<[bool; 2]>(),
    ) {
        let mut more = pairs.clone();
        let mut chosen = honest(99, good);
        for side in [&mut chosen.reference, &mut chosen.candidate] {
            side.label.as_mut().unwrap().audit_weight = None;
        }
        more.push(chosen);
        let (before, after) = (of(&pairs), of(&more));
        prop_assert_eq!(before.worth, after.worth);
        prop_assert_eq!(before.labels_informing + 2, after.labels_informing);
    }

    /// Means lie between their bounds, up to a quantum of rounding, and bounds inside their range.
    #[test]
    fn means_lie_between_their_bounds(pairs in prop::collection::vec(any_pair(), 0..30)) {
        let figures = of(&pairs);
        for rate in [figures.sensitivity, figures.specificity, figures.retest, figures.flips] {
            prop_assert!(rate.lower >= 0.0 && rate.upper <= 1.0 && rate.lower <= rate.upper);
            if let Some(mean) = rate.mean {
                prop_assert!(rate.lower <= mean + 1e-3 && mean <= rate.upper + 1e-3, "{rate:?}");
            }
        }
        prop_assert!(figures.worth.youden_lower <= 1.0);
    }
}
