//! A worker may die at any step. The next one adds nothing twice, loses nothing, and changes no
//! decision that was recorded.

use crate::{
    tables::Rows,
    world::{CATEGORY, RIGHT, World},
};
use confidence::Mode;
use policy::{Sampling, Share};
use shadow::{Error, LedgerCopy, Settings};
use std::sync::Arc;

fn settings(world: &World, batch_records_max: usize, share: f64) -> Settings {
    let mut settings = world.settings(Mode::R);
    settings.limits.batch_records_max = batch_records_max;
    let sampling = Sampling {
        conversations: Share::new(share).unwrap(),
        calls: Share::ALL,
        audit: Share::NONE,
    };
    settings.categories.get_mut(CATEGORY).unwrap().sampling = sampling;
    settings
}

fn comparable(rows: &Rows) -> [String; 6] {
    let rows = rows.timeless();
    [
        format!("{:?}", rows.cells),
        format!("{:?}", rows.blocks),
        format!("{:?}", rows.exchanges),
        format!("{:?}", rows.assignments),
        format!("{:?}", rows.meters),
        format!("{:?}", rows.shadows),
    ]
}

#[tokio::test]
async fn a_crash_at_any_step_adds_nothing_and_loses_nothing() {
    let mut world = World::new(|asked| {
        if asked.last("user").contains('7') { "five".to_owned() } else { RIGHT.to_owned() }
    })
    .await;
    world.exchanges(12);
    world.group = "baseline".to_owned();
    world.drain(settings(&world, 4, 0.6)).await;
    let expected = comparable(&world.tables.rows());
    let drawn = world.tables.rows().shadows.len();
    assert!(0 < drawn && drawn < 12, "some are drawn and some are not: {drawn}");

    let mut crashes = 0;
    loop {
        world.tables = Arc::default();
        world.group = format!("crash-{crashes}");
        world.tables.crash_at(Some(crashes));
        let died = match world.open(settings(&world, 4, 0.6)).await {
            Ok(mut worker) => worker.drain().await.is_err(),
            Err(_) => true,
        };
        world.tables.crash_at(None);
        // The next worker cuts its batches elsewhere, and its pipeline would draw all of them.
        world.drain(settings(&world, 3, 0.6)).await;
        assert_eq!(comparable(&world.tables.rows()), expected, "after a crash at step {crashes}");
        if !died {
            break;
        }
        crashes += 1;
    }
    assert!(crashes > 20, "{crashes} steps are too few to be all");
}

#[tokio::test]
async fn what_was_decided_is_not_drawn_again() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchanges(12);
    world.low_quota.send_replace(["sim".to_owned()].into());
    let mut worker = world.open(settings(&world, 100, 0.6)).await.unwrap();
    let tables = Arc::clone(&world.tables);
    let observed = tables.written.notified();
    tokio::select! {
        ended = worker.drain() => panic!("it should wait: {ended:?}"),
        () = observed => {}
    }
    drop(worker);
    let decided = world.tables.rows().assignments.clone();
    world.low_quota.send_replace([].into());
    // A pipeline that samples everything finds decisions made under another one.
    world.drain(settings(&world, 100, 1.0)).await;
    assert_eq!(world.tables.rows().assignments, decided);
    assert!(world.tables.rows().shadows.len() < 12);
}

#[tokio::test]
async fn an_exchange_whose_cell_was_closed_before_its_call_is_lost_by_our_own_fault() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchanges(2);
    world.low_quota.send_replace(["sim".to_owned()].into());
    let mut worker = world.open(settings(&world, 100, 1.0)).await.unwrap();
    let tables = Arc::clone(&world.tables);
    let observed = tables.written.notified();
    tokio::select! {
        ended = worker.drain() => panic!("it should wait: {ended:?}"),
        () = observed => {}
    }
    drop(worker);
    world.low_quota.send_replace([].into());
    let mut changed = settings(&world, 100, 1.0);
    changed.definitions[0].digest = "d2".into();
    world.drain(changed).await;
    let rows = world.tables.rows();
    assert!(rows.shadows.iter().all(|row| row.fault == Some("ours") && row.loss.is_none()));
    assert!(rows.shadows.iter().all(|row| row.cell.as_deref() == Some("sums/small/1")));
    assert_eq!((rows.shadows.len(), world.asked("small")), (2, 0));
}

#[tokio::test]
async fn every_attempt_is_in_the_ledger_and_agrees_with_the_provider() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchanges(20);
    world.provider.inject("small", testkit::sim::Fault::ServerError, 2);
    world.drain(world.settings(Mode::R)).await;
    let record = Arc::clone(&world.tables);
    let mut copy = LedgerCopy::open(world.journal.clone(), Arc::clone(&record)).await.unwrap();
    copy.drain().await.unwrap();
    // A copy that begins again finds nothing new.
    LedgerCopy::open(world.journal.clone(), record).await.unwrap().drain().await.unwrap();
    let rows = world.tables.rows();
    let billed = world.provider.log().spend("shadow");
    assert_eq!(
        rows.calls.iter().filter_map(|call| call.cost_usd).sum::<exchange::NanoUsd>(),
        billed
    );
    assert_eq!(rows.calls.len(), world.provider.log().calls().len());
    assert_eq!(rows.calls.len(), 22, "two attempts failed");
    let ids: std::collections::BTreeSet<_> = rows.calls.iter().map(|call| call.call_id).collect();
    assert_eq!(ids.len(), 22);
    let shadowed = rows.shadows.iter().filter_map(|row| row.cost_usd);
    assert_eq!(shadowed.sum::<exchange::NanoUsd>(), billed);
}

#[tokio::test]
async fn no_answer_is_used_before_its_cost_is_written_down() {
    struct Full;
    impl shadow::Ledger for Full {
        async fn append(&self, _: &[shadow::CallRow]) -> Result<(), shadow::Cause> {
            Err("disk full".into())
        }
        async fn spent(&self, _: exchange::Date) -> Result<Vec<shadow::Spent>, shadow::Cause> {
            Ok(Vec::new())
        }
    }
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchanges(1);
    let means = shadow::Means {
        subscription: world.journal.subscribe(crate::world::TOPIC, "worker").unwrap(),
        dead: Arc::new(world.journal.clone()),
        record: Arc::clone(&world.tables),
        ledger: Arc::new(Full),
        clock: Arc::clone(&world.clock) as Arc<dyn exchange::Clock>,
        low_quota: world.low_quota.subscribe(),
        elsewhere: world.elsewhere.subscribe(),
        allotted: world.allotted.subscribe(),
        hear: Arc::new(|_| ()),
    };
    let mut worker = shadow::Worker::open(world.settings(Mode::R), means).await.unwrap();
    assert!(matches!(worker.drain().await, Err(Error::Ledger(_))));
    assert!(world.tables.rows().shadows.is_empty());
}

#[tokio::test]
async fn tables_from_an_older_copy_take_up_what_the_journal_still_has() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchanges(3);
    world.drain(world.settings(Mode::R)).await;
    let older = world.tables.rows().clone();
    world.exchanges(3);
    world.drain(world.settings(Mode::R)).await;
    let expected = comparable(&world.tables.rows());
    *world.tables.rows() = older;
    world.drain(world.settings(Mode::R)).await;
    assert_eq!(comparable(&world.tables.rows()), expected);
}

#[tokio::test]
async fn what_neither_older_tables_nor_the_journal_have_holds_nothing_up() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    let small = tempfile::tempdir().unwrap();
    let limits = journal::Limits::bytes(256 << 10);
    world.journal = journal::Journal::open(small.path(), limits).unwrap();
    world.exchanges(3);
    world.drain(world.settings(Mode::R)).await;
    let older = world.tables.rows().clone();
    world.exchanges(60);
    world.drain(world.settings(Mode::R)).await;
    let start = world.journal.start(crate::world::TOPIC).unwrap();
    assert!(3 < start, "the journal begins at {start}: nothing was trimmed");
    *world.tables.rows() = older;
    world.exchanges(2);
    world.drain(world.settings(Mode::R)).await;
    let kept = usize::try_from(65 - start).unwrap();
    assert_eq!(world.tables.rows().exchanges.len(), 3 + kept);
}

#[tokio::test]
async fn a_gap_in_the_ledger_keeps_no_worker_from_opening() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchanges(2);
    world.drain(world.settings(Mode::R)).await;
    let end = world.journal.end(shadow::LEDGER_TOPIC).unwrap();
    assert!(world.journal.skip(shadow::LEDGER_TOPIC, end + 5).unwrap());
    world.exchanges(2);
    world.drain(world.settings(Mode::R)).await;
    let mut copy =
        LedgerCopy::open(world.journal.clone(), Arc::clone(&world.tables)).await.unwrap();
    copy.drain().await.unwrap();
    assert_eq!(world.tables.rows().calls.len(), 4);
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_as_it_was_and_the_rest_is_shadowed() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchanges(2);
    world.journal.append(crate::world::TOPIC, &["no event"]).unwrap();
    world.exchanges(2);
    world.drain(world.settings(Mode::R)).await;
    assert_eq!(world.tables.rows().shadows.len(), 4);
    let start = journal::Position { partition: journal::PARTITION, offset: 0 };
    let buried = journal::dead::list(&world.journal, start, 9).unwrap();
    let letter = buried[0].letter.as_ref().unwrap();
    assert_eq!((buried.len(), letter.origin.offset, &letter.payload[..]), (1, 2, &b"no event"[..]));
    assert!(!letter.reason.is_empty());
}

#[tokio::test]
async fn what_a_proxy_sent_twice_counts_once() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchanges(3);
    world.meters(2);
    let records = world.journal.read(crate::world::TOPIC, 0, 9, 1 << 20).unwrap();
    let again: Vec<_> = records.iter().map(|record| record.payload.clone()).collect();
    world.journal.append(crate::world::TOPIC, &again).unwrap();
    world.drain(world.settings(Mode::R)).await;
    // One that begins behind them knows them from the tables.
    world.journal.append(crate::world::TOPIC, &again).unwrap();
    world.drain(world.settings(Mode::R)).await;
    let rows = world.tables.rows();
    assert_eq!((rows.shadows.len(), rows.exchanges.len(), rows.meters.len()), (3, 3, 2));
}
