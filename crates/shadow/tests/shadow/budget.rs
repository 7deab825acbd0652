//! What may be spent in a day, and when in the day.

use crate::world::{RIGHT, START, World, definition};
use confidence::Mode;
use exchange::{DAY_US, HOUR_US, NanoUsd};
use shadow::Caps;
use std::collections::BTreeMap;

/// What one call is expected to cost: 20 prompt tokens and 10 of a reply.
const CALL: i64 = 20 * 100 + 10 * 400;

/// A day of a call every twelve minutes, under a cap of so many calls; the hours of those asked.
async fn play(calls: i64) -> Vec<i64> {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    for slot in 0..120 {
        world.exchange(slot * 720, |_| {});
    }
    let mut settings = world.settings(Mode::R);
    let own = BTreeMap::from([("small".to_owned(), NanoUsd(CALL * calls))]);
    settings.caps = Caps { candidates: own, ..Caps::default() };
    world.drain(settings).await;
    let rows = world.tables.rows();
    let withheld = rows.assignments.iter().filter(|row| row.withheld_reason.is_some());
    assert!(withheld.clone().all(|row| row.withheld_reason.as_deref() == Some("budget")));
    assert!(withheld.clone().all(|row| row.pi == 0.0), "decided before the draw");
    let asked = rows.assignments.iter().filter(|row| row.sampled);
    assert_eq!(withheld.count() + asked.clone().count(), 120);
    asked.map(|row| (row.observed_at.0 - START.0) / HOUR_US).collect()
}

#[tokio::test]
async fn spending_is_paced_so_that_the_evening_is_seen_too() {
    let hours = play(24).await;
    assert_eq!(hours.len(), 24);
    for quarter in 0..4 {
        let seen = hours.iter().filter(|hour| **hour / 6 == quarter).count();
        assert!((5..=7).contains(&seen), "{seen} in quarter {quarter} of the day: {hours:?}");
    }
}

#[tokio::test]
async fn a_cap_that_is_wide_enough_withholds_nothing() {
    assert_eq!(play(10_000).await.len(), 120);
}

#[tokio::test]
async fn the_same_journal_is_drawn_alike_every_time() {
    assert_eq!(play(30).await, play(30).await);
}

#[tokio::test]
async fn a_new_day_has_a_new_budget_and_a_worker_knows_what_it_spent_before() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    let noon = DAY_US / 1_000_000 / 2;
    let settings = |world: &World| {
        let mut settings = world.settings(Mode::R);
        settings.caps.total = Some(NanoUsd(CALL * 2));
        settings
    };
    world.exchange(noon, |_| {});
    world.drain(settings(&world)).await;
    world.exchange(noon + 1, |_| {});
    world.drain(settings(&world)).await;
    world.exchange(noon + noon, |_| {});
    world.exchange(noon + noon + noon, |_| {});
    world.clock.advance(u64::try_from(DAY_US).unwrap());
    world.drain(settings(&world)).await;
    let rows = world.tables.rows();
    let asked: Vec<bool> = rows.assignments.iter().map(|row| row.sampled).collect();
    assert_eq!(asked, [true, false, false, true]);
}

#[tokio::test]
async fn one_candidate_out_of_money_does_not_stop_another() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchanges(5);
    let mut settings = world.settings(Mode::R);
    settings.definitions.push(definition(Mode::R, "tiny"));
    settings.caps.candidates = BTreeMap::from([("small".to_owned(), NanoUsd::ZERO)]);
    world.drain(settings).await;
    assert_eq!((world.asked("small"), world.asked("tiny")), (0, 5));
}

#[tokio::test]
async fn what_has_no_price_cannot_be_kept_under_a_cap() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchanges(1);
    let mut settings = world.settings(Mode::R);
    settings.prices = policy::PriceBook::default();
    settings.caps.total = Some(NanoUsd(i64::MAX));
    world.drain(settings).await;
    assert_eq!(world.tables.rows().assignments[0].withheld_reason.as_deref(), Some("budget"));
}
