//! Mode PPI: the judge is asked about every reply, people about a share that chance draws before there is
//! one, and a day's block says how far the judge's word counts beside their labels.

use crate::world::{CATEGORY, KAPPA, RIGHT, START, World};
use confidence::Mode;
use exchange::{Arm, DAY_US, Date};
use policy::{Allotment, Learnt, Share, Tomorrow, Why};
use serde_json::json;
use shadow::{Allotted, BlockRow, Settings};

const CALLS: i64 = 40;

fn settings(world: &World) -> Settings {
    let mut settings = world.settings(Mode::PPI);
    let work = settings.categories.get_mut(CATEGORY).unwrap();
    work.sampling.audit = Share::new(KAPPA).unwrap();
    settings
}

/// Models that answer, and a judge that finds the candidate's reply wanting.
async fn world() -> World {
    World::new(|asked| match asked.model {
        "judge" => {
            let said = json!({
                "first_acceptable": false, "second_acceptable": false, "preferred": "tie",
                "reason": "because",
            });
            said.to_string()
        }
        _ => RIGHT.to_owned(),
    })
    .await
}

/// So many days after the start.
fn date(days: i32) -> Date {
    Date(START.date().0 + days)
}

/// What was learnt of the calls until a day, so many days after the start.
fn learn(world: &World, eta: f64, until: i32) {
    let tomorrow = Tomorrow {
        allotment: Allotment { share: Share::ALL, why: Why::Granted },
        learnt: Some(Learnt { eta, until: date(until) }),
    };
    world.allotted.send_replace(Allotted::from([(format!("{CATEGORY}/small/1"), tomorrow)]));
}

/// The block of a day on which something was called.
async fn block(world: &mut World, day: i64) -> BlockRow {
    world.exchange(day * DAY_US / 1_000_000, |_| {});
    world.drain(settings(world)).await;
    let rows = world.tables.rows();
    rows.blocks.iter().find(|row| row.day == date(day as i32)).unwrap().clone()
}

#[tokio::test]
async fn the_judge_is_asked_about_all_and_people_about_what_chance_draws() {
    let mut world = world().await;
    world.exchanges(CALLS);
    world.drain(settings(&world)).await;
    let rows = world.tables.rows();
    let drawn = rows.assignments.iter().filter(|row| row.arm == Arm::Candidate);
    let audited = drawn.clone().filter(|row| row.audited == Some(true)).count();
    assert!(drawn.clone().all(|row| row.audit_prob == Some(KAPPA)));
    assert!((2..25).contains(&audited), "{audited} of {CALLS}");
    assert_eq!(rows.shadows.len(), CALLS as usize);
    for row in &rows.shadows {
        assert_eq!((row.mode, row.loss, row.loss_report), (Some("PPI"), Some(1.0), Some(1.0)));
        assert_eq!((row.loss_lo, row.loss_hi), (Some(1.0 - 1.0 / KAPPA), Some(1.0 / KAPPA)));
    }
    assert_eq!(world.asked("judge"), 2 * CALLS as usize, "in both orders");
}

#[tokio::test]
async fn a_day_counts_the_judge_by_what_was_known_before_it_began() {
    let mut world = world().await;
    let first = block(&mut world, 0).await;
    assert_eq!((first.eta, first.kappa), (0.0, Some(KAPPA)), "nothing is known yet");
    learn(&world, 0.75, -1);
    assert_eq!(block(&mut world, 0).await.eta, 0.0, "a day keeps what it declared");
    assert_eq!(block(&mut world, 1).await.eta, 0.75);
    // Of calls that a conversation of the day may hold still, nothing is learnt for it.
    learn(&world, 0.5, 1);
    assert_eq!(block(&mut world, 2).await.eta, 0.0);
    assert_eq!(block(&mut world, 3).await.eta, 0.5);
}
