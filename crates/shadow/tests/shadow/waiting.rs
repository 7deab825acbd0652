//! The shadow stands back from the live path, and works without being asked to.

use crate::world::{RIGHT, World};
use confidence::Mode;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_low_quota_delays_calls_and_drops_none() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    world.exchanges(3);
    world.low_quota.send_replace(["sim".to_owned()].into());
    let mut worker = world.open(world.settings(Mode::R)).await.unwrap();
    let tables = Arc::clone(&world.tables);
    let observed = tables.written.notified();
    let mut drain = std::pin::pin!(worker.drain());
    tokio::select! {
        ended = &mut drain => panic!("it should wait: {ended:?}"),
        () = observed => {}
    }
    // Had the calls been let go, they would be through before five others, one after the other.
    let client = world.client();
    for seed in 0..5 {
        let body = br#"{"model":"tiny","messages":[{"role":"user","content":"hello"}]}"#;
        let path = "/v1/chat/completions";
        client.call(path, body.as_slice().into(), Duration::from_secs(10), seed).await.unwrap();
    }
    assert_eq!((world.asked("small"), world.asked("tiny")), (0, 5));
    world.low_quota.send_replace([].into());
    drain.await.unwrap();
    assert_eq!(world.tables.rows().shadows.len(), 3);
}

#[tokio::test]
async fn a_running_worker_records_what_comes_and_stops_when_told() {
    let mut world = World::new(|_| RIGHT.to_owned()).await;
    let mut worker = world.open(world.settings(Mode::R)).await.unwrap();
    let stop = CancellationToken::new();
    let tables = Arc::clone(&world.tables);
    let play = async {
        for count in 1..=3 {
            world.exchange(count, |_| {});
            loop {
                let written = tables.written.notified();
                if tables.rows().shadows.len() == usize::try_from(count).unwrap() {
                    break;
                }
                written.await;
            }
        }
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(worker.run(&stop), play);
    ended.unwrap();
    world.tables.rows().check_funnel();
}
