//! How replies and failures become losses, mode by mode.

use crate::world::{CATEGORY, RIGHT, World, definition, reply, scorers};
use confidence::Mode;
use exchange::Arm;
use serde_json::{Value, json};
use shadow::ShadowRow;
use std::time::Duration;
use testkit::sim::Fault;

/// One exchange in `mode`, answered as said by the reference and by `small`: loss, reference's loss.
async fn check(
    mode: Mode,
    reference: &str,
    says: &'static str,
    expect: (Option<f64>, Option<f64>),
) {
    let mut world = World::new(|_| says.to_owned()).await;
    world.exchange(0, |exchange| exchange.reply = reply(reference));
    world.drain(world.settings(mode)).await;
    let rows = world.tables.rows();
    let row = &rows.shadows[0];
    assert_eq!((row.loss, row.reference_loss), expect, "{mode} {reference} {says}");
    assert_eq!((row.mode, row.fault), (Some(mode.name()), None));
    let scored: Vec<Arm> = row.scores.iter().map(|score| score.arm).collect();
    assert_eq!(scored, [Arm::Candidate, Arm::Reference]);
}

#[tokio::test]
async fn rules_score_the_candidate_and_the_reference_alike() {
    check(Mode::R, RIGHT, RIGHT, (Some(0.0), Some(0.0))).await;
    check(Mode::R, RIGHT, "five", (Some(1.0), Some(0.0))).await;
    check(Mode::RP, "five", RIGHT, (Some(0.0), Some(1.0))).await;
    check(Mode::RP, RIGHT, "five", (Some(1.0), Some(0.0))).await;
}

/// One exchange whose every call to `small` meets `fault`: whose fault, loss, attempts.
async fn check_fault(fault: Fault, expect: (Option<&str>, Option<f64>, usize)) {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchange(0, |_| {});
    world.provider.inject("small", fault, u32::MAX);
    let mut settings = world.settings(Mode::RP);
    settings.categories.get_mut(CATEGORY).unwrap().deadline = Duration::from_millis(700);
    world.drain(settings).await;
    let rows = world.tables.rows();
    let row = &rows.shadows[0];
    assert_eq!((row.fault, row.loss, world.asked("small")), expect, "{fault:?} {:?}", row.error);
    let reference_loss = row.loss.map(|_| 0.0);
    assert_eq!(row.reference_loss.filter(|_| row.loss.is_some()), reference_loss);
}

#[tokio::test]
async fn a_failure_counts_against_whose_it_is() {
    check_fault(Fault::ServerError, (Some("provider"), Some(1.0), 4)).await;
    check_fault(Fault::Reset, (Some("provider"), Some(1.0), 4)).await;
    check_fault(Fault::RateLimited { retry_after_s: 60 }, (Some("provider"), Some(1.0), 1)).await;
    check_fault(Fault::Hang, (Some("candidate"), Some(1.0), 1)).await;
    check_fault(Fault::Garbage, (Some("candidate"), Some(1.0), 1)).await;
    check_fault(Fault::InsufficientQuota, (Some("ours"), None, 1)).await;
}

/// What comes of a call that a content policy stopped at the candidate, and of the reference's reply.
async fn check_block(mode: Mode, fault: Fault, reference: Option<&str>, expect: (f64, f64)) {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchange(0, |exchange| {
        if let Some(why) = reference {
            let text = serde_json::to_string(&json!({
                "id": "r", "object": "chat.completion", "created": 1, "model": "big",
                "choices": [{"index": 0, "finish_reason": why, "message": {
                    "role": "assistant", "content": null, "refusal": null,
                }}],
            }));
            exchange.reply.body = exchange::Body::Inline(text.unwrap().into());
        }
    });
    world.provider.inject("small", fault, u32::MAX);
    world.drain(world.settings(mode)).await;
    let rows = world.tables.rows();
    let row = &rows.shadows[0];
    assert_eq!((row.fault, row.error.as_ref(), row.blocked), (None, None, Some("filter")));
    assert_eq!(row.finish_reason, Some("content_filter"));
    assert_eq!(
        (row.loss, row.reference_loss.or(row.control_loss)),
        (Some(expect.0), Some(expect.1))
    );
    assert!(row.cost_usd.is_some(), "what was billed is known");
    assert_eq!(world.asked("small"), 1, "it is asked once");
    let reason = row.verdict_reason.as_deref().unwrap_or_default();
    let both = "a content policy stopped this reply and the reference's";
    let alone = "a content filter stopped the reply";
    assert_eq!(reason, if reference.is_some() { both } else { alone });
}

#[tokio::test]
async fn a_block_is_no_failure_and_as_bad_as_a_reply_can_be_unless_the_reference_was_stopped_too() {
    for fault in [Fault::Blocked, Fault::Filtered] {
        check_block(Mode::R, fault, None, (1.0, 0.0)).await;
        check_block(Mode::RP, fault, None, (1.0, 0.0)).await;
        check_block(Mode::RP, fault, Some("content_filter"), (1.0, 1.0)).await;
        check_block(Mode::AA, fault, None, (1.0, 0.0)).await;
        // The control did answer, and so disagrees with a reference that was stopped.
        check_block(Mode::AA, fault, Some("content_filter"), (0.0, 1.0)).await;
    }
}

/// An exchange in A/A mode with two candidates; the reference said "four", its control says `again`.
async fn agree(again: &'static str) -> (Vec<ShadowRow>, usize) {
    let mut world = World::new(|asked| match asked.model {
        "big" => again.to_owned(),
        "small" => RIGHT.to_owned(),
        _ => "five".to_owned(),
    })
    .await;
    world.exchange(0, |_| {});
    let mut settings = world.settings(Mode::AA);
    settings.definitions.push(definition(Mode::AA, "tiny"));
    world.drain(settings).await;
    let shadows = world.tables.rows().shadows.clone();
    (shadows, world.asked("big"))
}

#[tokio::test]
async fn one_control_serves_all_candidates_of_an_exchange() {
    for (again, control_loss) in [(RIGHT, 0.0), ("4", 1.0)] {
        let (shadows, asked) = agree(again).await;
        assert_eq!(asked, 1);
        let [small, tiny, control] = shadows.as_slice() else { panic!("{shadows:?}") };
        assert_eq!((small.loss, small.control_loss), (Some(0.0), Some(control_loss)));
        assert_eq!((tiny.loss, tiny.control_loss), (Some(1.0), Some(control_loss)));
        assert_eq!(tiny.loss_report, Some(1.0 - control_loss));
        assert_eq!((control.arm, control.loss), (Arm::Control, None));
        assert_eq!((control.candidate.as_ref(), control.cell.as_ref()), (None, None));
    }
}

#[tokio::test]
async fn without_its_control_a_reply_has_no_verdict() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchange(0, |_| {});
    world.provider.inject("big", Fault::InsufficientQuota, 1);
    world.drain(world.settings(Mode::AA)).await;
    let rows = world.tables.rows();
    assert_eq!((rows.shadows[0].loss, rows.shadows[0].control_loss), (None, None));
    let reason = rows.shadows[0].verdict_reason.as_deref().unwrap();
    assert!(reason.starts_with("the control failed"), "{reason}");
}

#[tokio::test]
async fn a_shadow_call_is_the_live_call_with_another_model_and_no_stream() {
    let mut world = World::new(|asked| {
        assert!(asked.body.get("stream").is_none());
        assert_eq!(asked.body["temperature"], 0.25);
        RIGHT.to_owned()
    })
    .await;
    world.exchange(0, |exchange| {
        crate::world::set(exchange, "temperature", serde_json::json!(0.25));
        crate::world::set(exchange, "stream", serde_json::json!(false));
    });
    world.drain(world.settings(Mode::R)).await;
    assert_eq!(world.tables.rows().shadows[0].fault, None);
}

/// One exchange of 4 ms whose scorer is `limit`: the candidate's and the reference's loss.
async fn limited(limit: Value) -> (Option<f64>, Option<f64>) {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchange(0, |exchange| exchange.latency_us = 4_000);
    let mut settings = world.settings(Mode::RP);
    settings.categories.get_mut(CATEGORY).unwrap().scorers = scorers(&[limit]);
    world.drain(settings).await;
    let rows = world.tables.rows();
    (rows.shadows[0].loss, rows.shadows[0].reference_loss)
}

#[tokio::test]
async fn what_a_reply_took_is_held_against_limits_on_both_sides() {
    let hour = limited(json!({"kind": "latency", "max_ms": 3_600_000})).await;
    assert_eq!(hour, (Some(0.0), Some(0.0)));
    let (_, reference) = limited(json!({"kind": "latency", "max_ms": 3})).await;
    assert_eq!(reference, Some(1.0), "the live call took 4 ms");
    assert_eq!(limited(json!({"kind": "cost", "max_usd": 100})).await, (Some(0.0), Some(0.0)));
    assert_eq!(limited(json!({"kind": "cost", "max_usd": 1e-9})).await, (Some(1.0), Some(1.0)));
}
