//! Two workers that fight over one partition: each comes, takes a few batches, and goes, also in the
//! middle of one.

use crate::{
    ALL, GROUP, TOPIC,
    broker::address,
    forward::{asked, say},
    place::{PATIENCE, entries, settings},
};
use journal::{Append, Change, Error, Log, Subscription, kafka::Kafka};
use std::{ops::Range, thread};
use tokio::runtime::Runtime;

const SEED: u64 = 20_261_129;
const BATCH: usize = 25;
/// Batches of one turn at most.
const TURN_MAX: u64 = 3;
const FIGHTERS: u64 = 2;

/// `FORESHADOW_FIGHTS` asks for more turns than every run has the time for.
#[test]
fn of_two_workers_that_fight_over_a_partition_each_batch_is_committed_by_one() {
    let records = asked("FORESHADOW_FIGHTS", 8) * BATCH as u64;
    let settings = settings(&address());
    let kafka = Kafka::open(settings.clone()).unwrap();
    runtime().block_on(kafka.prepare(TOPIC)).unwrap();
    Append::append(&kafka, TOPIC, &entries((0..records).map(u64::to_le_bytes))).unwrap();
    let fighters: Vec<_> = (0..FIGHTERS)
        .map(|n| {
            let kafka = Kafka::open(settings.clone()).unwrap();
            thread::spawn(move || runtime().block_on(fight(&kafka, n, records)))
        })
        .collect();
    let fought: Vec<Fought> = fighters.into_iter().map(|it| it.join().unwrap()).collect();
    let mut committed: Vec<Range<u64>> =
        fought.iter().flat_map(|fought| fought.committed.clone()).collect();
    committed.sort_by_key(|range| range.start);
    // One behind the other, without a hole and without one record in two of them.
    assert_eq!(committed.first().map(|range| range.start), Some(0));
    assert_eq!(committed.last().map(|range| range.end), Some(records));
    for two in committed.windows(2) {
        assert_eq!(two[0].end, two[1].start, "{committed:?}");
    }
    let (turns, lost): (u64, u64) =
        fought.iter().fold((0, 0), |sum, it| (sum.0 + it.turns, sum.1 + it.lost));
    say(&format!("{turns} turns over {records} records, {lost} batches were another's to commit"));
}

/// The same throws in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % count
    }
}

#[derive(Default)]
struct Fought {
    committed: Vec<Range<u64>>,
    turns: u64,
    /// Read, and committed by whoever came next.
    lost: u64,
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

async fn fight(kafka: &Kafka, fighter: u64, records: u64) -> Fought {
    let mut dice = Dice(SEED + fighter);
    let mut fought = Fought::default();
    loop {
        let mut member = kafka.join(TOPIC, GROUP).unwrap();
        let Some(mut subscription) = given(&mut member, kafka, records).await else {
            return fought;
        };
        fought.turns += 1;
        for _ in 0..1 + dice.below(TURN_MAX) {
            let from = subscription.position();
            if from >= records {
                break;
            }
            let read = patient(subscription.next(BATCH, ALL)).await;
            let Some(next) = next(read) else { break };
            // Mostly it goes between two batches, and now and then in the middle of one.
            if dice.below(4) == 0 {
                drop(member);
                settle(patient(subscription.commit(next)).await, from..next, &mut fought);
                break;
            }
            settle(patient(subscription.commit(next)).await, from..next, &mut fought);
        }
    }
}

fn next(read: journal::Result<Vec<journal::Record>>) -> Option<u64> {
    match read {
        Ok(records) => records.last().map(|record| record.offset + 1),
        Err(Error::Taken { .. }) => None,
        Err(other) => panic!("{other}"),
    }
}

fn settle(done: journal::Result<()>, range: Range<u64>, fought: &mut Fought) {
    match done {
        Ok(()) => fought.committed.push(range),
        Err(Error::Taken { .. }) => fought.lost += 1,
        Err(other) => panic!("{other}"),
    }
}

async fn patient<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("waited in vain")
}

/// The partition, once it is this one's turn; nothing if all is done by then.
async fn given(
    member: &mut journal::Membership,
    kafka: &Kafka,
    records: u64,
) -> Option<Subscription> {
    loop {
        match tokio::time::timeout(PATIENCE, member.changed()).await {
            Ok(change) => match change.unwrap() {
                Change::Given(subscription) if subscription.position() < records => {
                    return Some(subscription);
                }
                Change::Given(_) => return None,
                Change::Taken(_) => {}
            },
            Err(_) => panic!("nobody gives the partition up: {:?}", kafka.kept(TOPIC, 0)),
        }
    }
}
