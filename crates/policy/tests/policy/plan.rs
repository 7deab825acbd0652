use crate::given::{CANDIDATE, CATEGORY, day, serving};
use exchange::{DAY_US, Route};
use policy::{Plan, Policy, Share, Stage, Step, policy::POLICY_AGE_US_MAX, policy::in_force};
use proptest::prelude::*;

fn at_share(share: f64) -> Policy {
    serving(Stage::Canary, share)
}

fn is_candidate(policy: &Policy, conversation: &str) -> bool {
    match policy.plan(CATEGORY, conversation, day(20)) {
        Plan::Reference => false,
        Plan::Candidate { candidate, .. } => {
            assert_eq!(candidate, CANDIDATE);
            true
        }
    }
}

#[test]
fn observation_serves_everything_by_the_reference() {
    let policy = Policy::observation();
    for conversation in 0..1_000 {
        let plan = policy.plan(CATEGORY, &conversation.to_string(), day(20));
        assert_eq!(plan, Plan::Reference);
    }
}

#[test]
fn the_route_names_the_stage() {
    let plan = |stage| serving(stage, 1.0).plan(CATEGORY, "c", day(20));
    let served = |route| Plan::Candidate { candidate: CANDIDATE.to_owned(), route };
    assert_eq!(plan(Stage::Canary), served(Route::Canary));
    assert_eq!(plan(Stage::Live), served(Route::Live));
}

#[test]
fn only_the_promoted_category_is_served_by_the_candidate() {
    assert_eq!(serving(Stage::Live, 1.0).plan("extract", "c", day(20)), Plan::Reference);
}

#[test]
fn a_schedule_begins_at_its_first_step_and_rises_at_each() {
    let mut policy = at_share(0.0);
    let step = |days, share| Step { from: day(days), share: Share::new(share).unwrap() };
    policy.routes.get_mut(CATEGORY).unwrap().schedule =
        vec![step(20, 0.01), step(22, 0.1), step(24, 0.5)];
    let shares = [(19, 0.0), (20, 0.01), (21, 0.01), (22, 0.1), (24, 0.5), (400, 0.5)];
    for (days, share) in shares {
        assert_eq!(policy.share(CATEGORY, CANDIDATE, day(days)).value(), share, "on day {days}");
    }
}

/// Five standard deviations of a binomial share: wrong about once in a million draws of a salt,
/// and the draws are fixed.
#[test]
fn a_share_of_conversations_is_met_within_binomial_bounds() {
    const CONVERSATIONS: u32 = 20_000;
    for share in [0.001, 0.01, 0.1, 0.25, 0.5, 0.9, 0.99] {
        let policy = at_share(share);
        let served =
            (0..CONVERSATIONS).filter(|c| is_candidate(&policy, &c.to_string())).count() as f64;
        let n = f64::from(CONVERSATIONS);
        let deviation = (n * share * (1.0 - share)).sqrt();
        assert!((served - n * share).abs() <= 5.0 * deviation, "share {share}: {served} of {n}");
    }
}

#[test]
fn a_policy_that_cannot_be_read_again_gives_way_to_the_reference() {
    let policy = serving(Stage::Live, 1.0);
    let read_at = day(20);
    let still = in_force(&policy, read_at, read_at.plus(POLICY_AGE_US_MAX));
    assert_eq!(still, Some(&policy));
    assert_eq!(in_force(&policy, read_at, read_at.plus(POLICY_AGE_US_MAX + 1)), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn one_conversation_keeps_one_arm(
        conversation in ".{0,40}",
        share in 0.0..=1.0_f64,
        later in 0..400_i64,
    ) {
        let policy = at_share(share);
        let first = policy.plan(CATEGORY, &conversation, day(20));
        let again = policy.plan(CATEGORY, &conversation, day(20).plus(later * DAY_US / 24));
        prop_assert_eq!(first, again);
    }

    #[test]
    fn what_a_share_serves_every_larger_share_serves(
        conversation in ".{0,40}",
        shares in (0.0..=1.0_f64, 0.0..=1.0_f64),
    ) {
        let (less, more) = (shares.0.min(shares.1), shares.0.max(shares.1));
        let (less, more) = (at_share(less), at_share(more));
        prop_assert!(!is_candidate(&less, &conversation) || is_candidate(&more, &conversation));
    }
}
