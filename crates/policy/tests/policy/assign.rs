use exchange::{Arm, Call, Capture, Date, ExchangeId, Timestamp};
use policy::{
    ArmOnTrial, Assignment, Draw, Ineligible, Observed, Sampling, Share, Withheld, assign,
    assign::Content, ineligible,
};
use proptest::prelude::*;

fn exchange(number: u128) -> ExchangeId {
    ExchangeId::new(Timestamp(1_793_491_200_000_000), number)
}

fn sampling(conversations: f64, calls: f64) -> Sampling {
    Sampling {
        conversations: Share::new(conversations).unwrap(),
        calls: Share::new(calls).unwrap(),
        audit: Share::NONE,
    }
}

fn draw(exchange: ExchangeId, conversation: &str) -> Draw<'_> {
    Draw { salt: "salt", category: "summarize", exchange, conversation, day: Date(0) }
}

fn candidate(name: &str) -> ArmOnTrial {
    ArmOnTrial {
        arm: Arm::Candidate,
        candidate: Some(name.to_owned()),
        cell: Some(format!("summarize/{name}/1")),
        sampling: Sampling::ALL,
        pi_floor: 0.2,
        unsaid: None,
        withheld: None,
    }
}

fn control() -> ArmOnTrial {
    ArmOnTrial { arm: Arm::Control, candidate: None, cell: None, ..candidate("") }
}

fn arms(sampling: Sampling) -> Vec<ArmOnTrial> {
    let arms = [candidate("small"), candidate("tiny"), control()];
    arms.map(|arm| ArmOnTrial { sampling, ..arm }).to_vec()
}

fn sampled(assignments: &[Assignment]) -> Vec<bool> {
    assignments.iter().map(|assignment| assignment.sampled).collect()
}

#[test]
fn all_arms_of_an_exchange_share_one_draw() {
    let mut both = [0, 0];
    for number in 0..500 {
        let conversation = number.to_string();
        let draw = draw(exchange(number), &conversation);
        let assignments = assign(&draw, None, &arms(sampling(0.5, 0.5)));
        let asked = sampled(&assignments);
        assert!(asked == [true; 3] || asked == [false; 3]);
        both[usize::from(asked[0])] += 1;
    }
    assert!(both[0] > 0 && both[1] > 0, "{both:?}");
}

#[test]
fn the_logged_probability_is_the_frequency() {
    const CALLS: u32 = 20_000;
    for (conversations, calls) in [(1.0, 0.3), (0.2, 1.0), (0.5, 0.5), (0.05, 0.9)] {
        let sampling = sampling(conversations, calls);
        let asked = (0..CALLS).filter(|number| {
            let conversation = number.to_string();
            let draw = draw(exchange(u128::from(*number)), &conversation);
            let assignments = assign(&draw, None, &arms(sampling));
            assert_eq!(assignments[0].pi, sampling.probability());
            assignments[0].sampled
        });
        let asked = asked.count() as f64;
        let (n, pi) = (f64::from(CALLS), sampling.probability());
        let deviation = (n * pi * (1.0 - pi)).sqrt();
        assert!((asked - n * pi).abs() <= 5.0 * deviation, "pi {pi}: {asked} of {n}");
    }
}

#[test]
fn a_conversation_is_sampled_whole_where_every_call_is() {
    for number in 0..200_u128 {
        let conversation = (number / 10).to_string();
        let first = exchange(number / 10 * 10);
        let arms = arms(sampling(0.5, 1.0));
        let ask = |id| sampled(&assign(&draw(id, &conversation), None, &arms));
        assert_eq!(ask(exchange(number)), ask(first));
    }
}

#[test]
fn a_conversation_that_comes_back_is_drawn_for_anew_each_day() {
    const DAYS: i32 = 2_000;
    let on = |day: i32| Draw { day: Date(day), ..draw(exchange(1), "again") };
    let arms = arms(sampling(0.1, 1.0));
    let days = (0..DAYS).filter(|&day| assign(&on(day), None, &arms)[0].sampled);
    let days = days.count();
    assert!((130..270).contains(&days), "{days} of {DAYS}");
}

#[test]
fn what_is_withheld_has_no_probability_and_leaves_the_others_alone() {
    let mut arms = arms(Sampling::ALL);
    arms[1].withheld = Some(Withheld::Budget);
    let assignments = assign(&draw(exchange(1), "c"), None, &arms);
    assert_eq!(sampled(&assignments), [true, false, true]);
    assert_eq!(assignments[1].pi, 0.0);
    assert_eq!(assignments[1].withheld, Some(Withheld::Budget));
    assert_eq!(assignments[0].pi, 1.0);
}

#[test]
fn what_is_ineligible_is_asked_of_no_arm_and_is_not_also_withheld() {
    let mut arms = arms(Sampling::ALL);
    arms[1].withheld = Some(Withheld::NoKey);
    let why = Ineligible::Aborted;
    for assignment in assign(&draw(exchange(1), "c"), Some(&why), &arms) {
        assert!(!assignment.sampled);
        assert_eq!(assignment.pi, 0.0);
        assert_eq!(assignment.ineligible, Some(Ineligible::Aborted));
        assert_eq!(assignment.withheld, None);
    }
}

#[test]
fn a_rate_under_the_blocks_floor_lowers_the_floor_of_the_call() {
    let assignments = assign(&draw(exchange(1), "c"), None, &arms(sampling(0.1, 1.0)));
    assert!(assignments.iter().all(|a| a.pi_floor == 0.1 && a.pi == 0.1));
}

#[test]
fn an_arm_that_is_asked_less_is_asked_about_a_part_of_what_the_others_are() {
    const CALLS: u32 = 5_000;
    let mut arms = arms(sampling(0.8, 0.5));
    arms[1].sampling = sampling(0.8, 0.5).within(0.1);
    let mut asked = [0_u32; 3];
    for number in 0..CALLS {
        let conversation = number.to_string();
        let found = assign(&draw(exchange(u128::from(number)), &conversation), None, &arms);
        assert!((found[0].pi, found[1].pi, found[2].pi) == (0.4, 0.1, 0.4));
        assert!(!found[1].sampled || (found[0].sampled && found[2].sampled));
        for (count, one) in asked.iter_mut().zip(&found) {
            *count += u32::from(one.sampled);
        }
    }
    assert!((1_800..2_200).contains(&asked[0]) && asked[0] == asked[2], "{asked:?}");
    assert!((400..600).contains(&asked[1]), "{asked:?}");
}

#[test]
fn a_promise_of_more_than_is_granted_grants_no_more() {
    let granted = sampling(0.3, 0.5);
    assert_eq!(granted.within(1.0), granted);
    assert_eq!(granted.within(granted.probability()), granted);
    assert_eq!(granted.within(0.05), sampling(0.1, 0.5));
    assert_eq!(granted.within(0.0).probability(), 0.0);
    assert_eq!(granted.within(f64::NAN).probability(), 0.0);
    assert_eq!(sampling(0.3, 0.0).within(0.2).probability(), 0.0);
}

fn check_eligibility(observed: Observed<'_>, expected: Option<&str>) {
    let found = ineligible(&observed).map(|reason| reason.to_string());
    assert_eq!(found.as_deref(), expected, "{observed:?}");
}

#[test]
fn an_exchange_that_cannot_be_replayed_honestly_says_why() {
    let call = Call { endpoint: "chat.completions".to_owned(), ..Call::default() };
    let opaque = Call { endpoint: "opaque".to_owned(), ..Call::default() };
    let stored = Call { unreplayable: vec!["previous_response_id".to_owned()], ..call.clone() };
    let good = Observed {
        call: &call,
        status: 200,
        capture: Capture::Complete,
        served_by: None,
        content: Content::Untouched,
    };
    check_eligibility(good, None);
    check_eligibility(Observed { call: &opaque, ..good }, Some("not_understood"));
    check_eligibility(Observed { status: 500, ..good }, Some("reference_error"));
    check_eligibility(Observed { status: 0, ..good }, Some("reference_error"));
    check_eligibility(Observed { capture: Capture::Aborted, ..good }, Some("aborted"));
    check_eligibility(Observed { capture: Capture::Truncated, ..good }, Some("truncated"));
    check_eligibility(Observed { served_by: Some("small"), ..good }, Some("served_by_candidate"));
    check_eligibility(
        Observed { call: &stored, ..good },
        Some("unreplayable:previous_response_id"),
    );
    check_eligibility(Observed { content: Content::Altered, ..good }, Some("altered"));
    check_eligibility(Observed { content: Content::AlteredWithControl, ..good }, None);
}

fn arm_strategy() -> impl Strategy<Value = ArmOnTrial> {
    let withheld = prop_oneof![
        Just(None),
        Just(Some(Withheld::Budget)),
        Just(Some(Withheld::Provider)),
        Just(Some(Withheld::LiveQuota)),
        Just(Some(Withheld::NoKey)),
        Just(Some(Withheld::Refuted)),
    ];
    let rates = (0.000_001..=1.0_f64, 0.000_001..=1.0_f64);
    (withheld, 0.001..=1.0_f64, rates).prop_map(|(withheld, pi_floor, rates)| ArmOnTrial {
        withheld,
        pi_floor,
        sampling: sampling(rates.0, rates.1),
        ..candidate("small")
    })
}

/// What a candidate of another dialect cannot be told is not put to it, and is no other arm's concern.
#[test]
fn what_cannot_be_said_to_an_arm_is_ineligible_for_that_arm_alone() {
    let field = || "input_audio".to_owned();
    for (unsaid, name) in [
        (Ineligible::Bound("store"), "bound:store"),
        (Ineligible::Untranslatable(field()), "untranslatable:input_audio"),
        (Ineligible::Lossy(field()), "lossy:input_audio"),
    ] {
        let withheld = Some(Withheld::Budget);
        let foreign = ArmOnTrial { unsaid: Some(unsaid), withheld, ..candidate("foreign") };
        let decided = assign(&draw(exchange(1), "c-1"), None, &[foreign, candidate("small")]);
        let said = decided[0].ineligible.as_ref().map(ToString::to_string);
        assert_eq!(said.as_deref(), Some(name));
        assert_eq!((decided[0].pi, decided[0].sampled, decided[0].withheld), (0.0, false, None));
        assert!(decided[1].sampled && decided[1].ineligible.is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_arm_ends_in_exactly_one_place(
        arms in proptest::collection::vec(arm_strategy(), 0..5),
        is_ineligible in any::<bool>(),
        number in any::<u128>(),
    ) {
        let why = is_ineligible.then_some(Ineligible::Truncated);
        let draw = draw(exchange(number), "c");
        let assignments = assign(&draw, why.as_ref(), &arms);
        prop_assert_eq!(assignments.len(), arms.len());
        prop_assert_eq!(&assignments, &assign(&draw, why.as_ref(), &arms));
        for a in &assignments {
            let unasked = usize::from(a.ineligible.is_some()) + usize::from(a.withheld.is_some());
            prop_assert!(unasked <= 1);
            prop_assert!(!(a.sampled && unasked == 1));
            prop_assert_eq!(a.pi == 0.0, unasked == 1);
            prop_assert!(a.pi == 0.0 || (0.0 < a.pi_floor && a.pi_floor <= a.pi));
        }
    }
}

/// The draw for a label is chance of its own: independent of the sampling, the same on every re-run.
#[test]
fn an_audit_is_drawn_at_its_rate_and_again_alike() {
    let audit = Share::new(0.1).unwrap();
    let audits = |number: u128| policy::audits("salt", "summarize", exchange(number), audit);
    let drawn: Vec<bool> = (0..5_000).map(audits).collect();
    let count = drawn.iter().filter(|drawn| **drawn).count();
    assert!((400..600).contains(&count), "{count}");
    assert_eq!(drawn, (0..5_000).map(audits).collect::<Vec<bool>>());
    let both = (0..5_000_u128).filter(|number| {
        let conversation = number.to_string();
        let draw = draw(exchange(*number), &conversation);
        assign(&draw, None, &arms(sampling(1.0, 0.5)))[0].sampled && audits(*number)
    });
    let both = both.count();
    assert!((170..330).contains(&both), "{both}: a tenth of a half");
    assert!((0..100).all(|number| !policy::audits("s", "c", exchange(number), Share::NONE)));
}
