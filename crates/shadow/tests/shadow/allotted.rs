//! What evidence allots a cell holds from the next day on, and for the whole of it.

use crate::world::{CATEGORY, RIGHT, START, World, definition};
use confidence::Mode;
use exchange::{Arm, DAY_US};
use policy::{Allotment, Sampling, Share, Tomorrow, Why};
use shadow::{Allotted, AssignmentRow, Settings};

/// Conversations of a day.
const CALLS: i64 = 40;

/// `small` and `tiny` on trial beside a control.
fn settings(world: &World) -> Settings {
    let mut settings = world.settings(Mode::R);
    settings.definitions.push(definition(Mode::R, "tiny"));
    settings.categories.get_mut(CATEGORY).unwrap().control = true;
    settings
}

/// So many calls of a day, the first being 0, all of them worked off.
async fn play(world: &mut World, day: i64, (from, to): (i64, i64)) {
    for call in from..to {
        world.exchange(day * DAY_US / 1_000_000 + call * 60, |_| {});
    }
    world.drain(settings(world)).await;
}

fn allot(world: &World, candidate: &str, share: f64, why: Why) {
    let allotment = Allotment { share: Share::new(share).unwrap(), why };
    let cell = format!("{CATEGORY}/{candidate}/1");
    let tomorrow = Tomorrow { allotment, learnt: None };
    world.allotted.send_replace(Allotted::from([(cell, tomorrow)]));
}

fn rows(world: &World, day: i64, candidate: Option<&str>) -> Vec<AssignmentRow> {
    let rows = world.tables.rows();
    let of_day = rows.assignments.iter().filter(|row| row.date.0 == START.date().0 + day as i32);
    of_day.filter(|row| row.candidate.as_deref() == candidate).cloned().collect()
}

fn asked(rows: &[AssignmentRow]) -> usize {
    rows.iter().filter(|row| row.sampled).count()
}

fn floors(world: &World, day: i64) -> Vec<f64> {
    let rows = world.tables.rows();
    let of_day = rows.blocks.iter().filter(|row| row.day.0 == START.date().0 + day as i32);
    of_day.map(|row| row.pi_floor).collect()
}

#[tokio::test]
async fn a_refuted_candidate_costs_nothing_from_the_next_day_on() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    play(&mut world, 0, (0, 1)).await;
    allot(&world, "small", 0.0, Why::Refuted);
    play(&mut world, 0, (1, CALLS)).await;
    assert_eq!(asked(&rows(&world, 0, Some("small"))), 40, "the day keeps what it declared");
    play(&mut world, 1, (0, CALLS)).await;
    let small = rows(&world, 1, Some("small"));
    assert_eq!((small.len(), asked(&small)), (40, 0));
    assert!(small.iter().all(|row| row.withheld_reason.as_deref() == Some("refuted")));
    assert!(small.iter().all(|row| (row.pi, row.pi_floor) == (0.0, 0.0)));
    assert_eq!(asked(&rows(&world, 1, Some("tiny"))), 40, "the other is asked on");
    assert_eq!(asked(&rows(&world, 1, None)), 40, "and the control for it");
    assert_eq!(floors(&world, 1), [0.0, 1.0]);
    assert_eq!((world.asked("small"), world.asked("tiny")), (40, 80));
    // What is no longer refuted, because what was still out turned out well, comes back at midnight.
    world.allotted.send_replace(Allotted::new());
    play(&mut world, 1, (CALLS, CALLS + 1)).await;
    assert_eq!(asked(&rows(&world, 1, Some("small"))), 0);
    play(&mut world, 2, (0, CALLS)).await;
    assert_eq!(asked(&rows(&world, 2, Some("small"))), 40);
}

#[tokio::test]
async fn with_every_candidate_refuted_no_control_is_paid_for() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    allot(&world, "small", 0.0, Why::Refuted);
    world.exchanges(CALLS);
    let mut alone = settings(&world);
    alone.definitions.pop();
    world.drain(alone).await;
    assert!(world.provider.log().calls().is_empty());
    let control = rows(&world, 0, None);
    assert!(control.iter().all(|row| row.withheld_reason.as_deref() == Some("refuted")));
}

#[tokio::test]
async fn a_share_that_is_allotted_holds_all_day_and_is_logged() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    allot(&world, "small", 0.25, Why::Rationed);
    play(&mut world, 0, (0, CALLS)).await;
    // Neither new evidence nor a new process changes the chance of what is still to come today.
    allot(&world, "small", 1.0, Why::Granted);
    play(&mut world, 0, (CALLS, 4 * CALLS)).await;
    let (small, tiny) = (rows(&world, 0, Some("small")), rows(&world, 0, Some("tiny")));
    assert!(small.iter().all(|row| (row.pi, row.pi_floor) == (0.25, 0.25)));
    assert!(small.iter().all(|row| row.withheld_reason.is_none()));
    assert!((20..60).contains(&asked(&small)), "{} of 160", asked(&small));
    assert!(tiny.iter().all(|row| row.sampled && (row.pi, row.pi_floor) == (1.0, 1.0)));
    assert!(rows(&world, 0, None).iter().all(|row| row.sampled), "the control sees what tiny sees");
    assert_eq!(floors(&world, 0), [0.25, 1.0]);
    play(&mut world, 1, (0, CALLS)).await;
    assert_eq!(asked(&rows(&world, 1, Some("small"))), 40);
}

#[tokio::test]
async fn no_more_is_allotted_than_the_pipeline_grants() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    allot(&world, "small", 1.0, Why::Granted);
    world.exchanges(CALLS);
    let mut settings = settings(&world);
    let half = Share::new(0.5).unwrap();
    let sampling = Sampling { conversations: half, ..Sampling::ALL };
    settings.categories.get_mut(CATEGORY).unwrap().sampling = sampling;
    world.drain(settings).await;
    assert_eq!(floors(&world, 0), [0.5, 0.5]);
    for row in rows(&world, 0, Some("small")) {
        assert_eq!((row.arm, row.pi), (Arm::Candidate, 0.5));
    }
}

/// Only what is asked is expected to cost anything: a candidate that is asked less leaves the others
/// its money.
#[tokio::test]
async fn what_is_not_asked_takes_nothing_out_of_the_budget() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    allot(&world, "small", 0.000_001, Why::Rationed);
    let mut settings = settings(&world);
    settings.categories.get_mut(CATEGORY).unwrap().control = false;
    // Twelve noon: half of the cap and the burst, for calls of 6,000 nano-dollars each.
    settings.caps.total = Some(exchange::NanoUsd(6_000 * 2 * 13));
    for call in 0..12 {
        world.exchange(43_200 + call, |_| {});
    }
    world.drain(settings).await;
    assert_eq!((world.asked("small"), world.asked("tiny")), (0, 12));
}
