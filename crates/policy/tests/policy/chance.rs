use policy::{
    Chance, Share,
    chance::Purpose::{Plan, SampleCall, SampleConversation},
};
use proptest::prelude::*;

#[test]
fn a_chance_is_the_same_for_ever() {
    let chance = Chance::of("salt", Plan, &["summarize", "conversation-1"]);
    assert_eq!(chance, Chance::of("salt", Plan, &["summarize", "conversation-1"]));
    // SHA-256 of length-prefixed `salt`, `plan`, `summarize`, `conversation-1`, computed elsewhere.
    assert_eq!(chance.value(), EXPECTED);
}

const EXPECTED: f64 = 0.8862501917756054;

#[test]
fn salt_purpose_and_the_limits_between_ids_all_matter() {
    let chances = [
        Chance::of("a", Plan, &["b", "c"]),
        Chance::of("b", Plan, &["b", "c"]),
        Chance::of("a", SampleConversation, &["b", "c"]),
        Chance::of("a", SampleCall, &["b", "c"]),
        Chance::of("a", Plan, &["bc"]),
        Chance::of("a", Plan, &["", "bc"]),
        Chance::of("a", Plan, &["c", "b"]),
    ];
    for (index, chance) in chances.iter().enumerate() {
        assert!(!chances[..index].contains(chance), "{index} equals an earlier one");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_chance_is_in_the_unit_interval(salt in ".*", id in ".*") {
        let chance = Chance::of(&salt, Plan, &[&id]).value();
        prop_assert!((0.0..1.0).contains(&chance));
    }

    #[test]
    fn a_share_reads_back_as_it_was_written(millionths in 0_u32..=1_000_000) {
        let share = Share::new(f64::from(millionths) / 1e6).unwrap();
        let text = serde_json::to_string(&share).unwrap();
        prop_assert_eq!(serde_json::from_str::<Share>(&text).unwrap(), share);
        prop_assert_eq!(share.value(), f64::from(millionths) / 1e6);
    }

    #[test]
    fn no_share_is_outside_the_unit_interval(value in prop_oneof![-1e9..-1e-9, 1.000_001..1e9]) {
        prop_assert!(Share::new(value).is_err());
    }
}

#[test]
fn everything_is_in_the_whole_share_and_nothing_in_none() {
    for id in 0..1_000 {
        let chance = Chance::of("salt", Plan, &[&id.to_string()]);
        assert!(Share::ALL.admits(chance));
        assert!(!Share::NONE.admits(chance));
    }
}
