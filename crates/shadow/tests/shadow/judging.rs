//! The judge: both orders, blind, and no word is better than a guessed one.

use crate::world::{CATEGORY, World, absolute_scorers, reply, set};
use confidence::Mode;
use exchange::Arm;
use serde_json::json;
use shadow::{CallRow, LEDGER_TOPIC, ShadowRow};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use testkit::sim::{Asked, Fault};

const REFERENCE: &str = "alpha is the sum";
const CANDIDATE: &str = "beta is the sum";

fn word(first: bool, second: bool) -> String {
    json!({
        "first_acceptable": first, "second_acceptable": second,
        "preferred": "tie", "reason": "because",
    })
    .to_string()
}

/// Whether the judge reads the reference's reply before the candidate's.
fn reference_first(asked: &Asked<'_>) -> bool {
    let prompt = asked.last("user");
    prompt.find(REFERENCE).unwrap() < prompt.find(CANDIDATE).unwrap()
}

/// A word about each side, in the order in which they are shown.
fn about(asked: &Asked<'_>, reference: bool, candidate: bool) -> String {
    if reference_first(asked) { word(reference, candidate) } else { word(candidate, reference) }
}

struct Judged {
    row: ShadowRow,
    asked: usize,
}

async fn judged(
    judge: impl Fn(&Asked<'_>) -> String + Send + Sync + 'static,
    prepare: impl FnOnce(&World, &mut shadow::Settings),
) -> Judged {
    let mut world = World::new(move |asked| match asked.model {
        "judge" => judge(asked),
        _ => CANDIDATE.to_owned(),
    })
    .await;
    world.exchange(0, |exchange| exchange.reply = reply(REFERENCE));
    let mut settings = world.settings(Mode::JP);
    prepare(&world, &mut settings);
    world.drain(settings).await;
    let row = world.tables.rows().shadows[0].clone();
    Judged { row, asked: world.asked("judge") }
}

async fn check(
    judge: impl Fn(&Asked<'_>) -> String + Send + Sync + 'static,
    expect: (Option<f64>, Option<f64>),
    asked: usize,
) {
    let judged = judged(judge, |_, _| {}).await;
    assert_eq!((judged.row.loss, judged.row.reference_loss), expect, "{:?}", judged.row);
    assert_eq!(judged.asked, asked);
    assert_eq!(judged.row.scores.len(), 4, "two orders, two sides");
    assert_eq!(judged.row.decided_at.is_some(), expect.0.is_some());
}

#[tokio::test]
async fn the_loss_of_each_side_is_its_mean_over_both_orders() {
    check(|asked| about(asked, true, true), (Some(0.0), Some(0.0)), 2).await;
    check(|asked| about(asked, true, false), (Some(1.0), Some(0.0)), 2).await;
    check(|asked| about(asked, false, true), (Some(0.0), Some(1.0)), 2).await;
    // A judge that always likes what it reads first favours nobody.
    check(|_| word(true, false), (Some(0.5), Some(0.5)), 2).await;
    check(|asked| about(asked, true, reference_first(asked)), (Some(0.5), Some(0.0)), 2).await;
}

#[tokio::test]
async fn repeats_are_averaged() {
    let calls = AtomicUsize::new(0);
    let wavers = move |asked: &Asked<'_>| {
        let flags = calls.fetch_add(1, Ordering::SeqCst) == 0;
        about(asked, true, !flags)
    };
    let twice = |_: &World, settings: &mut shadow::Settings| {
        settings.categories.get_mut(CATEGORY).unwrap().judge.as_mut().unwrap().repeats = 2;
    };
    let judged = judged(wavers, twice).await;
    assert_eq!((judged.row.loss, judged.row.reference_loss), (Some(0.25), Some(0.0)));
    assert_eq!((judged.asked, judged.row.scores.len()), (4, 8));
}

#[tokio::test]
async fn an_unreadable_word_is_asked_for_once_more() {
    let calls = AtomicUsize::new(0);
    let stutters = move |_: &Asked<'_>| {
        let first = calls.fetch_add(1, Ordering::SeqCst) == 0;
        if first { "well …".to_owned() } else { word(true, true) }
    };
    check(stutters, (Some(0.0), Some(0.0)), 3).await;
}

#[tokio::test]
async fn a_judge_that_cannot_be_read_abstains() {
    let judged = judged(|_| "both are fine".to_owned(), |_, _| {}).await;
    assert_eq!(judged.asked, 4, "two orders, two tries each");
    assert_eq!((judged.row.loss, judged.row.reference_loss), (None, None));
    assert_eq!((judged.row.decided_at, judged.row.fault), (None, None));
    assert!(judged.row.scores.iter().all(|score| score.abstained && score.value.is_none()));
    let reason = judged.row.verdict_reason.unwrap();
    assert!(reason.starts_with("the judge abstained"), "{reason}");
}

#[tokio::test]
async fn a_judge_that_cannot_be_reached_abstains() {
    let outage = |world: &World, _: &mut shadow::Settings| {
        world.provider.inject("judge", Fault::InsufficientQuota, u32::MAX);
    };
    let judged = judged(|_| word(true, true), outage).await;
    assert_eq!((judged.row.loss, judged.row.fault), (None, None), "the candidate did answer");
}

#[tokio::test]
async fn a_rule_that_fails_makes_the_judge_superfluous() {
    let rules = |_: &World, settings: &mut shadow::Settings| {
        settings.categories.get_mut(CATEGORY).unwrap().scorers = absolute_scorers();
    };
    // Neither reply is the expected one: both fail by the rule.
    let judged = judged(|_| word(true, true), rules).await;
    assert_eq!((judged.row.loss, judged.row.reference_loss), (Some(1.0), Some(1.0)));
    assert_eq!(judged.asked, 0);
}

#[tokio::test]
async fn a_candidate_is_judged_beside_a_reference_that_failed_a_rule() {
    let mut world = World::new(|asked| match asked.model {
        "judge" => about(asked, true, false),
        _ => CANDIDATE.to_owned(),
    })
    .await;
    world.exchange(0, |exchange| {
        exchange.reply = reply(REFERENCE);
        set(exchange, "metadata", json!({"expected": CANDIDATE}));
    });
    let mut settings = world.settings(Mode::JP);
    settings.categories.get_mut(CATEGORY).unwrap().scorers = absolute_scorers();
    world.drain(settings).await;
    let row = world.tables.rows().shadows[0].clone();
    // The rules like the candidate and the judge does not. Unjudged it would pass as perfect.
    assert_eq!((row.loss, row.reference_loss), (Some(1.0), Some(1.0)));
    assert_eq!(world.asked("judge"), 2);
}

#[tokio::test]
async fn the_judge_is_not_told_who_is_who() {
    let judged = judged(
        |asked| {
            let prompt = asked.body.to_string();
            for name in ["small", "big", "candidate", "reference"] {
                assert!(!prompt.contains(name), "the prompt says `{name}`: {prompt}");
            }
            about(asked, true, true)
        },
        |_, _| {},
    )
    .await;
    assert_eq!(judged.row.loss, Some(0.0));
    let sides: Vec<(Arm, Option<&str>)> =
        judged.row.scores.iter().map(|score| (score.arm, score.trial.as_deref())).collect();
    assert_eq!(
        sides,
        [
            (Arm::Candidate, Some("reference_first")),
            (Arm::Reference, Some("reference_first")),
            (Arm::Candidate, Some("candidate_first")),
            (Arm::Reference, Some("candidate_first")),
        ]
    );
    let cost = |side: Arm| judged.row.scores.iter().filter(move |s| s.arm == side);
    assert!(cost(Arm::Candidate).all(|score| score.cost_usd.is_some()));
    assert!(cost(Arm::Reference).all(|score| score.cost_usd.is_none()));
}

#[tokio::test]
async fn every_attempt_in_the_ledger_is_heard_of_with_the_exchange_that_it_was_made_for() {
    let mut world = World::new(|asked| match asked.model {
        "judge" => "no word".to_owned(),
        _ => CANDIDATE.to_owned(),
    })
    .await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&heard);
    world.hear = Arc::new(move |paid| {
        assert_eq!(paid.row.exchange_id, Some(paid.exchange.id));
        assert_eq!(paid.reply.is_some(), paid.row.error.is_none());
        told.lock().unwrap().push(paid.row.clone());
    });
    world.provider.inject("small", Fault::ServerError, 1);
    world.exchange(0, |exchange| exchange.reply = reply(REFERENCE));
    world.drain(world.settings(Mode::JP)).await;
    let records = world.journal.read(LEDGER_TOPIC, 0, 100, 1 << 20).unwrap();
    let ledger = records.iter().map(|record| serde_json::from_slice(&record.payload).unwrap());
    let mut ledger: Vec<CallRow> = ledger.collect();
    let mut heard = heard.lock().unwrap().clone();
    ledger.sort_by_key(|row| row.call_id);
    heard.sort_by_key(|row| row.call_id);
    assert_eq!(heard, ledger);
    // A shadow call that was asked twice, and a judge without a word, twice in each order.
    assert_eq!(ledger.len(), 6);
}
