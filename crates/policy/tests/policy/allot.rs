//! Which cell is asked how much tomorrow, and that choosing by the evidence breaks no promise.

mod fleet;

use crate::given;
use confidence::Evidence;
use exchange::NanoUsd;
use policy::{
    Allotment, Prospect, Share, Standing, Why, allot,
    allot::{Demanded, FLOOR_SHARE},
};
use proptest::prelude::*;

const DEMANDED: Demanded = Demanded { threshold: 0.95, units_min: 50 };

fn share(value: f64) -> Share {
    Share::new(value).unwrap()
}

/// A cell with 100 conversations a day at a dollar each, all of which may be asked.
fn prospect(standing: Standing) -> Prospect {
    Prospect {
        standing,
        granted: Share::ALL,
        conversations: Some(100.0),
        cost: NanoUsd::from_usd(1.0),
    }
}

fn shares(prospects: &[Prospect], usd: f64) -> Vec<(f64, Why)> {
    let allotted = allot(prospects, NanoUsd::from_usd(usd).unwrap());
    allotted.iter().map(|it| (it.share.value(), it.why)).collect()
}

#[test]
fn with_money_for_all_everyone_has_what_is_granted_and_the_refuted_cost_nothing() {
    let half = Prospect { granted: share(0.5), ..prospect(Standing::Clears(10)) };
    let cells = [half, prospect(Standing::Refuted), prospect(Standing::Undecided)];
    let expected = [(0.5, Why::Granted), (0.0, Why::Refuted), (1.0, Why::Granted)];
    assert_eq!(shares(&cells, 150.0), expected);
}

#[test]
fn short_money_goes_to_the_decisions_that_cost_least_and_silences_nobody() {
    let cells = [
        prospect(Standing::Undecided),
        Prospect { cost: NanoUsd::from_usd(2.0), ..prospect(Standing::Clears(40)) },
        prospect(Standing::Clears(700)),
        prospect(Standing::Refutes(30)),
        prospect(Standing::Cleared),
    ];
    // The floors cost 20 + 40 + 20 + 20 + 20; 80 more make the refutation whole, and what is left
    // buys half of the dear one.
    let found = shares(&cells, 120.0 + 80.0 + 80.0);
    let (floor, rest) = ((FLOOR_SHARE, Why::Rationed), (0.6, Why::Rationed));
    assert_eq!(found, [floor, rest, floor, (1.0, Why::Granted), floor]);
}

#[test]
fn a_candidate_that_serves_is_watched_in_full_however_short_money_is() {
    let cells = [prospect(Standing::Serving), prospect(Standing::Clears(5))];
    assert_eq!(shares(&cells, 0.0), [(1.0, Why::Granted), (FLOOR_SHARE, Why::Rationed)]);
}

#[test]
fn what_nobody_knows_the_price_of_yet_does_not_wait() {
    let new = Prospect { conversations: None, cost: None, ..prospect(Standing::Clears(50)) };
    let cells = [prospect(Standing::Clears(10)), new];
    let found = shares(&cells, 0.0);
    assert_eq!(found, [(FLOOR_SHARE, Why::Rationed), (1.0, Why::Granted)]);
}

fn standing(alter: impl FnOnce(&mut Evidence), log_e_refute: f64) -> Standing {
    let mut evidence = given::evidence();
    alter(&mut evidence);
    Standing::of(&evidence, log_e_refute, DEMANDED)
}

#[test]
fn a_standing_is_read_off_the_evidence() {
    assert_eq!(standing(|_| (), -3.0), Standing::Cleared);
    // ln 20 + ln 8 = 5.075; 2 in 840 units is one in 420.
    assert_eq!(standing(|it| it.log_e = 2.0, -1.0), Standing::Clears(1292));
    // ln 20 = 2.996, 1.5 of it in 840 units.
    assert_eq!(standing(|it| it.log_e = -4.0, 1.5), Standing::Refutes(838));
    assert_eq!(standing(|it| it.log_e = -1.0, -1.0), Standing::Undecided);
    assert_eq!(standing(|it| it.log_e = f64::NEG_INFINITY, -1.0), Standing::Undecided);
    assert_eq!(standing(|it| it.refuted = true, 9.0), Standing::Refuted);
    let nothing = |it: &mut Evidence| (it.units, it.log_e) = (0, 0.0);
    assert_eq!(standing(nothing, 0.0), Standing::Clears(50));
    // The confidence is there, and 20 units are not.
    assert_eq!(standing(|it| it.units = 30, -1.0), Standing::Clears(20));
    // Nothing reaches a threshold that the judge's measurement has used up.
    assert_eq!(standing(|it| it.alpha_c = 0.06, -1.0), Standing::Undecided);
}

fn prospects() -> impl Strategy<Value = Vec<Prospect>> {
    let standing = prop_oneof![
        Just(Standing::Serving),
        Just(Standing::Cleared),
        Just(Standing::Undecided),
        Just(Standing::Refuted),
        any::<u64>().prop_map(Standing::Clears),
        (1_u64..1_000).prop_map(Standing::Refutes),
    ];
    let conversations = prop_oneof![
        Just(None),
        Just(Some(f64::NAN)),
        Just(Some(-1.0)),
        (0.0..1e9_f64).prop_map(Some),
    ];
    let cost = prop::option::of(any::<i64>().prop_map(NanoUsd));
    let one = (standing, 0.0..=1.0_f64, conversations, cost);
    let of = |(standing, granted, conversations, cost)| Prospect {
        granted: share(granted),
        conversations,
        cost,
        ..prospect(standing)
    };
    prop::collection::vec(one.prop_map(of), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever is known or not: nobody has more than is granted, nobody but the refuted has less than
    /// the floor, and beyond the floors no more is allotted than there is.
    #[test]
    fn no_more_is_allotted_than_there_is(cells in prospects(), usd in any::<i64>()) {
        let allotted = allot(&cells, NanoUsd(usd));
        prop_assert_eq!(&allotted, &allot(&cells, NanoUsd(usd)));
        let cost = |cell: &Prospect, share: f64| {
            let day = cell.conversations.unwrap_or(0.0).max(0.0);
            day * share * cell.cost.map_or(0.0, |cost| cost.0.max(0) as f64)
        };
        let (mut floors, mut all) = (0.0, 0.0);
        for (cell, Allotment { share, why }) in cells.iter().zip(&allotted) {
            let granted = cell.granted.value();
            let least = match cell.standing {
                Standing::Refuted => 0.0,
                Standing::Serving => granted,
                _ => granted * FLOOR_SHARE,
            };
            prop_assert!(share.value() <= granted);
            prop_assert!(share.value() >= least - 1e-6, "{share} under {least}");
            prop_assert_eq!(*why == Why::Refuted, cell.standing == Standing::Refuted);
            floors += cost(cell, least);
            all += cost(cell, share.value());
        }
        let rounding = 1e-6 * cells.iter().map(|cell| cost(cell, 1.0)).sum::<f64>();
        prop_assert!(all <= floors.max(usd.max(0) as f64) + rounding + 1.0, "{all} of {usd}");
    }
}
