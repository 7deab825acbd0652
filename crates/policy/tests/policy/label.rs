//! Whom people are asked about first, blind.

use exchange::{ExchangeId, Timestamp};
use policy::label::{Shown, Unlabelled, by_worth};
use std::collections::{BTreeMap, BTreeSet};

fn pair(number: u128, category: &str, audit_prob: Option<f64>, losses: [f64; 2]) -> Unlabelled {
    Unlabelled {
        exchange: ExchangeId::new(Timestamp(0), number),
        candidate: "small".to_owned(),
        category: category.to_owned(),
        audit_prob,
        loss: Some(losses[0]),
        reference_loss: Some(losses[1]),
    }
}

fn none() -> BTreeMap<String, u64> {
    BTreeMap::new()
}

#[test]
fn what_was_drawn_comes_first_whatever_the_judge_said() {
    let pairs = vec![
        pair(1, "a", None, [0.5, 0.0]),
        pair(2, "a", Some(0.1), [0.0, 0.0]),
        pair(3, "a", None, [1.0, 0.0]),
        pair(4, "a", None, [0.0, 0.0]),
    ];
    let order: Vec<f64> = by_worth(pairs.clone(), &none()).iter().map(Unlabelled::doubt).collect();
    // The drawn one; then the judge against itself, then the disagreement, then nothing to see.
    assert_eq!(order, [0.0, 1.5, 1.0, 0.0]);
    assert!(by_worth(pairs, &none())[0].audit_prob.is_some());
}

/// Else the figures would be those of what the judge doubted.
#[test]
fn the_order_of_what_was_drawn_does_not_hang_on_the_verdicts() {
    let order = |losses: fn(u128) -> [f64; 2]| -> Vec<String> {
        let pairs = (0..40).map(|at| pair(at, "a", Some(0.1), losses(at))).collect();
        by_worth(pairs, &none()).iter().map(Unlabelled::name).collect()
    };
    let flat = order(|_| [0.0, 0.0]);
    assert_eq!(flat, order(|at| [at as f64 / 40.0, 0.5]));
    let by_time: Vec<String> = (0..40).map(|at| pair(at, "a", None, [0.0; 2]).name()).collect();
    assert_ne!(flat, by_time, "chance, not time");
}

#[test]
fn the_category_with_fewest_labels_has_its_turn() {
    let pairs: Vec<_> =
        (0..6).map(|at| pair(at, if at < 4 { "a" } else { "b" }, Some(0.1), [0.0; 2])).collect();
    let labelled = BTreeMap::from([("a".to_owned(), 1_u64)]);
    let order = by_worth(pairs, &labelled);
    let order: Vec<_> = order.iter().map(|pair| pair.category.as_str()).collect();
    assert_eq!(order[0], "b");
    assert_eq!(order.iter().filter(|category| **category == "a").count(), 4);
    assert_eq!(&order[3..], ["a", "a", "a"]);
}

#[test]
fn names_and_order_tell_nothing_of_the_arms() {
    let first =
        (0..1_000).filter(|at| pair(*at, "a", None, [0.0; 2]).shown() == Shown::ReferenceFirst);
    let first = first.count();
    assert!((400..600).contains(&first), "{first}");
    let one = pair(1, "a", None, [0.0; 2]);
    let other = Unlabelled { candidate: "tiny".to_owned(), ..one.clone() };
    assert_ne!(one.name(), other.name());
    let names: BTreeSet<String> =
        (0..1_000).map(|at| pair(at, "a", None, [0.0; 2]).name()).collect();
    assert_eq!(names.len(), 1_000);
    assert!(names.iter().all(|name| !name.contains("small")));
    assert_eq!(one.name(), pair(1, "b", Some(0.5), [1.0; 2]).name(), "of exchange and candidate");
}
