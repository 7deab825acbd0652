//! Every state of the policy under every event, enumerated.

use crate::given::{
    CANDIDATE, CATEGORY, approval, automation, day, evidence, facts, lowering, person, promotion,
    serving,
};
use confidence::{Evidence, Signal};
use exchange::Timestamp;
use policy::{
    Action, Actor, Error, GateRule, Plan, Policy, Reason, Share, Stage, Step, Watch,
    decision::Weighed,
    demote, gate,
    policy::{POLICY_AGE_US_MAX, in_force},
    promote,
    promotion::Leave,
    rollback, served, turn_back,
};
use std::{collections::BTreeMap, fmt};

const RIVAL: &str = "tiny";
const CONVERSATIONS: u32 = 300;

/// A policy in force with all versions before it.
#[derive(Clone, Debug)]
struct State {
    name: &'static str,
    history: Vec<Policy>,
}

impl State {
    fn now(&self) -> &Policy {
        self.history.last().unwrap()
    }

    fn then(&self, name: &'static str, next: Policy) -> Self {
        let mut history = self.history.clone();
        history.push(next);
        Self { name, history }
    }
}

fn states() -> Vec<State> {
    let observation = State { name: "observation", history: vec![Policy::observation()] };
    let canary = observation.then("canary", serving(Stage::Canary, 0.1));
    let live = canary.then("live", raise(canary.now(), CANDIDATE, Stage::Live, 1.0));
    let part = live.then("live, lowered to a part", raise(live.now(), CANDIDATE, Stage::Live, 0.3));
    let demoted = live.then("demoted", demote(live.now(), CATEGORY, lowering(person())).unwrap());
    let rival = live.then("live with a rival", raise(live.now(), RIVAL, Stage::Live, 0.5));
    let mut ramp = raise(observation.now(), CANDIDATE, Stage::Canary, 0.01);
    let step = |days, share| Step { from: day(days), share: Share::new(share).unwrap() };
    ramp.routes.get_mut(CATEGORY).unwrap().schedule = vec![step(14, 0.01), step(25, 0.6)];
    let ramp = observation.then("ramp", ramp);
    let ramp_cut = ramp.then("ramp, then canary", raise(ramp.now(), CANDIDATE, Stage::Canary, 0.1));
    vec![observation, canary, live, part, demoted, rival, ramp, ramp_cut]
}

fn raise(policy: &Policy, candidate: &str, stage: Stage, share: f64) -> Policy {
    promote(policy, &approval(candidate), promotion(person(), stage, share)).unwrap()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    Promote(Stage, f64),
    Force(Stage, f64),
    Demote,
    /// By the watch.
    TurnBack,
    /// To the version so many places back in the history.
    Rollback(usize),
    /// The folder could not be read for longer than the policy may last.
    Stale,
}

impl fmt::Display for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self:?}")
    }
}

fn events() -> Vec<Event> {
    let mut events = vec![Event::Demote, Event::TurnBack, Event::Stale];
    for (stage, share) in [(Stage::Canary, 0.05), (Stage::Canary, 0.5), (Stage::Live, 1.0)] {
        events.extend([Event::Promote(stage, share), Event::Force(stage, share)]);
    }
    events.extend((0..=3).map(Event::Rollback));
    events
}

/// `None`: the event cannot happen in that state.
fn apply(state: &State, event: Event, actor: Actor) -> Option<Result<Policy, Error>> {
    let now = state.now();
    match event {
        Event::Promote(stage, share) => {
            Some(promote(now, &approval(CANDIDATE), promotion(actor, stage, share)))
        }
        Event::Force(stage, share) => {
            let thin = Evidence { units: 3, ..evidence() };
            let forced = gate::force(&thin, &facts(), &GateRule::default(), "why").unwrap();
            Some(promote(now, &forced, promotion(actor, stage, share)))
        }
        Event::Demote => Some(demote(now, CATEGORY, lowering(actor))),
        Event::TurnBack => Some(turn_back(now, &weighed(&evidence()), fell(), "watch")),
        Event::Rollback(back) => {
            let earlier = state.history.iter().rev().nth(back)?;
            Some(rollback(now, earlier, lowering(actor)))
        }
        Event::Stale => {
            let later = day(20).plus(POLICY_AGE_US_MAX + 1);
            Some(Ok(in_force(now, day(20), later).cloned().unwrap_or_else(Policy::observation)))
        }
    }
}

fn weighed(evidence: &Evidence) -> Weighed<'_> {
    static NONE: BTreeMap<String, u64> = BTreeMap::new();
    let (as_of, decided_at) = (day(20), day(20));
    Weighed { evidence, as_of, decided_at, lake_version: &NONE, threshold: 0.95 }
}

/// A reason as the gate gives it where the watch alarms.
fn fell() -> Reason {
    let serving = policy::Serving {
        stage: Stage::Live,
        since: day(14),
        units: 40,
        watch: Watch::Says(Signal::Demote),
    };
    let facts = policy::ProductFacts { serving: Some(serving), ..facts() };
    match gate::decide(&evidence(), &facts, &GateRule::default()) {
        policy::Decision::Demote(reason) => reason,
        other => panic!("{other:?}"),
    }
}

fn moments() -> [Timestamp; 5] {
    [day(0), day(15), day(24), day(26), day(1_000)]
}

/// Whether `after` sends a conversation to a candidate that `before` did not send there.
fn raises(before: &Policy, after: &Policy, at: Timestamp) -> bool {
    (0..CONVERSATIONS).any(|conversation| {
        let conversation = conversation.to_string();
        let plan = after.plan(CATEGORY, &conversation, at);
        let Plan::Candidate { candidate, .. } = plan else { return false };
        match before.plan(CATEGORY, &conversation, at) {
            Plan::Candidate { candidate: earlier, .. } => earlier != candidate,
            Plan::Reference => true,
        }
    })
}

#[test]
fn no_path_of_automation_raises_a_candidates_share() {
    let mut seen = 0;
    for state in states() {
        for event in events() {
            let Some(Ok(after)) = apply(&state, event, automation()) else { continue };
            seen += 1;
            for at in moments() {
                assert!(!raises(state.now(), &after, at), "{} + {event} at {at}", state.name);
            }
        }
    }
    assert!(seen >= 20, "only {seen} transitions happened");
}

#[test]
fn demotion_rollback_and_staleness_raise_nothing_whoever_asks() {
    for state in states() {
        for event in events() {
            if matches!(event, Event::Promote(..) | Event::Force(..)) {
                continue;
            }
            let Some(Ok(after)) = apply(&state, event, person()) else { continue };
            for at in moments() {
                assert!(!raises(state.now(), &after, at), "{} + {event} at {at}", state.name);
            }
        }
    }
}

#[test]
fn automation_may_neither_promote_nor_force() {
    for state in states() {
        for event in events() {
            if !matches!(event, Event::Promote(..) | Event::Force(..)) {
                continue;
            }
            let refused = apply(&state, event, automation()).unwrap().unwrap_err();
            assert!(matches!(refused, Error::AutomationMayNotRaise), "{} + {event}", state.name);
        }
    }
}

#[test]
fn a_persons_promotion_is_what_is_served_from_any_state() {
    for state in states() {
        for event in events() {
            let (Event::Promote(stage, share) | Event::Force(stage, share)) = event else {
                continue;
            };
            let after = apply(&state, event, person()).unwrap().unwrap();
            let rule = &after.routes[CATEGORY];
            assert_eq!((rule.candidate.as_str(), rule.stage), (CANDIDATE, stage));
            assert_eq!(after.share(CATEGORY, CANDIDATE, day(14)).value(), share);
            let record = after.decision.unwrap();
            assert_eq!(record.action, Action::Promote);
            assert_eq!(record.forced.is_some(), matches!(event, Event::Force(..)));
            assert_eq!(record.reasons.is_empty(), record.forced.is_none());
        }
    }
}

#[test]
fn demotion_sends_the_category_to_its_reference_and_says_so_where_it_is_there() {
    for state in states() {
        let is_served = state.now().routes.contains_key(CATEGORY);
        match apply(&state, Event::Demote, automation()).unwrap() {
            Ok(after) => {
                assert!(is_served, "{}", state.name);
                assert_eq!(after.plan(CATEGORY, "c", day(20)), Plan::Reference);
            }
            Err(error) => {
                assert!(!is_served && matches!(error, Error::NotServed(_)), "{}", state.name);
            }
        }
    }
}

#[test]
fn a_rollback_restores_the_earlier_share_where_that_is_less() {
    let live = &states()[2];
    let after = rollback(live.now(), &live.history[1], lowering(person())).unwrap();
    assert_eq!(after.share(CATEGORY, CANDIDATE, day(20)).value(), 0.1);
    assert_eq!(after.routes[CATEGORY].stage, Stage::Canary);
    let none = rollback(live.now(), &live.history[0], lowering(person())).unwrap();
    assert!(none.routes.is_empty());
}

#[test]
fn a_rollback_goes_back_only() {
    for state in states() {
        let forward = rollback(state.now(), state.now(), lowering(person()));
        assert!(matches!(forward, Err(Error::NotEarlier { .. })), "{}", state.name);
    }
}

#[test]
fn a_rollback_over_a_demotion_does_not_bring_the_candidate_back() {
    let demoted = &states()[4];
    let after = rollback(demoted.now(), &demoted.history[2], lowering(person())).unwrap();
    assert!(after.routes.is_empty(), "a demoted candidate has to be promoted again");
}

#[test]
fn every_version_names_its_parent_and_keeps_the_salt() {
    for state in states() {
        for event in events() {
            let Some(Ok(after)) = apply(&state, event, person()) else { continue };
            if event == Event::Stale {
                continue;
            }
            assert_eq!(after.version, state.now().version + 1);
            assert_eq!(after.parent, Some(state.now().version));
            assert_eq!(after.decision.as_ref().unwrap().policy_version, after.version);
            assert!(!after.salt.is_empty());
            if !state.now().salt.is_empty() {
                assert_eq!(after.salt, state.now().salt);
            }
        }
    }
}

#[test]
fn a_promotion_of_one_category_leaves_the_others_alone() {
    let live = serving(Stage::Live, 1.0);
    let mut other = evidence();
    other.category = "extract".to_owned();
    let forced = gate::force(&other, &facts(), &GateRule::default(), "why").unwrap();
    let after = promote(&live, &forced, promotion(person(), Stage::Canary, 0.1)).unwrap();
    assert_eq!(after.routes[CATEGORY], live.routes[CATEGORY]);
    assert_eq!(after.routes.len(), 2);
    let back = demote(&after, "extract", lowering(automation())).unwrap();
    assert_eq!(back.routes, live.routes);
}

#[test]
fn the_watch_takes_off_the_candidate_that_was_weighed_with_its_evidence_on_record() {
    let live = serving(Stage::Live, 0.5);
    let evidence = evidence();
    let back = turn_back(&live, &weighed(&evidence), fell(), "watch").unwrap();
    assert!(back.routes.is_empty());
    let record = back.decision.unwrap();
    assert_eq!(record.action, Action::Demote);
    assert_eq!(record.actor.to_string(), "automation:watch");
    assert_eq!(record.reasons, [fell()]);
    assert_eq!(record.evidence.as_ref(), Some(&evidence));
    assert_eq!(record.evidence_digest, policy::decision::evidence_digest(&evidence));
    assert_eq!(record.as_of, Some(day(20)));

    let rival = raise(&live, RIVAL, Stage::Live, 0.5);
    let refused = turn_back(&rival, &weighed(&evidence), fell(), "watch").unwrap_err();
    assert!(matches!(refused, Error::NotServed(_)), "it was of another candidate");
}

#[test]
fn who_serves_is_known_with_the_latest_promotion_of_that_candidate() {
    assert!(served(&[]).is_empty());
    for state in states() {
        let served = served(&state.history);
        let routes = &state.now().routes;
        assert_eq!(served.len(), routes.len(), "{}", state.name);
        for (category, rule) in routes {
            let promoted = &served[category];
            assert_eq!((&promoted.candidate, promoted.stage), (&rule.candidate, rule.stage));
            assert_eq!(promoted.since, day(14));
            assert_eq!(promoted.loss_upper, Some(1.0 - evidence().quality_lower.unwrap()));
            assert_eq!(promoted.leave, Leave::Given);
        }
    }
}

#[test]
fn a_promotion_against_a_refutation_is_known_as_one_also_after_a_rollback() {
    let bad = Evidence { refuted: true, ..evidence() };
    let forced = gate::force(&bad, &facts(), &GateRule::default(), "an outage").unwrap();
    let first = promote(&Policy::observation(), &forced, promotion(person(), Stage::Live, 0.1));
    let first = first.unwrap();
    let more = promote(&first, &forced, promotion(person(), Stage::Live, 0.5)).unwrap();
    let back = rollback(&more, &first, lowering(person())).unwrap();
    let history = [first, more, back];
    assert_eq!(served(&history)[CATEGORY].leave, Leave::Overruled);
    let again = raise(&history[2], CANDIDATE, Stage::Live, 0.5);
    let [first, more, back] = history;
    assert_eq!(served(&[first, more, back, again])[CATEGORY].leave, Leave::Given);
}
