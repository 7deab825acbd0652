//! What only a log with several partitions does: share them, take them away, keep who reads slowly
//! from filling memory, and let in whom it knows.

use crate::{
    ALL, GROUP, TOPIC,
    broker::{self, PASSWORD, Shared},
    place::{PATIENCE, settings},
};
use bytes::Bytes;
use journal::{
    Append, Change, Committer, Entry, Error, Log, Membership, Subscription,
    kafka::{Kafka, Login, Mechanism, Secret, Settings, Tls, Transport},
};
use std::collections::{BTreeMap, BTreeSet};
use testkit::broker::USER;
use tokio::task::{AbortHandle, JoinSet};

const PARTITIONS: u16 = 4;
/// How often another member comes and goes.
const COMINGS: usize = 6;

async fn open(partitions: u16) -> Kafka {
    let mut settings = settings(&broker::address());
    settings.topic.partitions = partitions;
    let kafka = Kafka::open(settings).unwrap();
    kafka.prepare(TOPIC).await.unwrap();
    kafka
}

fn keyed(key: u64, payload: impl Into<Bytes>) -> Entry {
    Entry { key: Bytes::copy_from_slice(&key.to_le_bytes()), payload: payload.into() }
}

async fn patient<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("waited in vain")
}

/// Takes in changes until the member has so many partitions.
async fn until_it_has(
    member: &mut Membership,
    held: &mut BTreeMap<u32, Subscription>,
    count: usize,
) -> Vec<Subscription> {
    let mut lost = Vec::new();
    while held.len() != count {
        match patient(member.changed()).await.unwrap() {
            Change::Given(subscription) => {
                held.insert(subscription.partition(), subscription);
            }
            Change::Taken(partition) => lost.extend(held.remove(&partition)),
        }
    }
    lost
}

#[tokio::test]
async fn records_of_one_key_lie_in_one_partition_in_their_order() {
    let kafka = open(PARTITIONS).await;
    let entries: Vec<Entry> = (0..400u64).map(|n| keyed(n % 20, vec![n as u8])).collect();
    let positions = Kafka::append(&kafka, TOPIC, &entries).unwrap();
    assert_eq!(kafka.partitions(TOPIC).unwrap(), u32::from(PARTITIONS));
    for key in 0..20 {
        let own: Vec<_> = positions.iter().skip(key).step_by(20).collect();
        assert!(
            own.windows(2).all(|two| {
                two[0].partition == two[1].partition && two[0].offset < two[1].offset
            })
        );
    }
    let used: BTreeSet<u32> = positions.iter().map(|position| position.partition).collect();
    assert_eq!(used.len(), usize::from(PARTITIONS), "20 keys lie in {used:?} only");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_share_the_partitions_and_who_has_lost_one_commits_no_more() {
    let kafka = open(PARTITIONS).await;
    let entries: Vec<Entry> = (0..400u64).map(|n| keyed(n, n.to_le_bytes().to_vec())).collect();
    Append::append(&kafka, TOPIC, &entries).unwrap();
    let (mut first, mut of_first) = (kafka.join(TOPIC, GROUP).unwrap(), BTreeMap::new());
    until_it_has(&mut first, &mut of_first, 4).await;
    let mut done = BTreeMap::new();
    for (partition, subscription) in &mut of_first {
        let records = patient(subscription.next(10, ALL)).await.unwrap();
        let next = records.last().unwrap().offset + 1;
        patient(subscription.commit(next)).await.unwrap();
        done.insert(*partition, next);
    }

    let (mut second, mut of_second) = (kafka.join(TOPIC, GROUP).unwrap(), BTreeMap::new());
    let (lost, _) = tokio::join!(
        until_it_has(&mut first, &mut of_first, 2),
        until_it_has(&mut second, &mut of_second, 2),
    );
    assert_eq!(lost.len(), 2);
    for mut subscription in lost {
        let partition = subscription.partition();
        assert!(of_second.contains_key(&partition) && !of_first.contains_key(&partition));
        let read = patient(subscription.next(ALL, ALL)).await;
        assert!(matches!(read, Err(Error::Taken { .. })), "{read:?}");
        let committed = patient(subscription.commit(done[&partition] + 1)).await;
        assert!(matches!(committed, Err(Error::Taken { .. })), "{committed:?}");
    }
    // Whoever gets a partition goes on where it was committed; who keeps one goes on where it was.
    for (partition, subscription) in of_first.iter().chain(&of_second) {
        assert_eq!(subscription.position(), done[partition], "partition {partition}");
    }

    drop(second);
    until_it_has(&mut first, &mut of_first, 4).await;
    let mut seen = 0;
    for subscription in of_first.values_mut() {
        let end = patient(subscription.end()).await.unwrap();
        while subscription.position() < end {
            seen += patient(subscription.next(ALL, ALL)).await.unwrap().len() as u64;
        }
        patient(subscription.commit(end)).await.unwrap();
    }
    assert_eq!(seen + done.values().sum::<u64>(), 400, "each record once, none twice");
}

/// Commits again and again, until the partition is another's.
async fn keep_committing(committer: Committer) {
    loop {
        match patient(committer.commit(1)).await {
            Ok(()) => {}
            Err(Error::Taken { .. }) => return,
            Err(other) => panic!("partition {}: {other}", committer.partition()),
        }
    }
}

/// A member that commits all the while in whatever it has.
struct Committing {
    member: Membership,
    tasks: JoinSet<()>,
    at_work: BTreeMap<u32, AbortHandle>,
}

impl Committing {
    /// Until it has so many partitions, and is told of each one in which it can commit no more that
    /// another has it.
    async fn until_it_has(&mut self, count: usize) {
        while self.at_work.len() != count || self.at_work.values().any(AbortHandle::is_finished) {
            let ended = match patient(self.member.changed()).await.unwrap() {
                Change::Given(given) => {
                    let begun = self.tasks.spawn(keep_committing(given.committer()));
                    self.at_work.insert(given.partition(), begun)
                }
                Change::Taken(partition) => self.at_work.remove(&partition),
            };
            if ended.is_some() {
                patient(self.tasks.join_next()).await.unwrap().unwrap();
            }
        }
    }
}

/// A commit may meet the group between two generations. Taken for the end of a partition that its member
/// keeps, it made workers leave, which began the next exchange of partitions.
#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_a_partition_commits_in_it_while_others_come_and_go() {
    let kafka = open(PARTITIONS).await;
    let entries: Vec<Entry> = (0..100u64).map(|n| keyed(n, "x")).collect();
    Append::append(&kafka, TOPIC, &entries).unwrap();
    let member = kafka.join(TOPIC, GROUP).unwrap();
    let mut first = Committing { member, tasks: JoinSet::new(), at_work: BTreeMap::new() };
    for _ in 0..COMINGS {
        first.until_it_has(4).await;
        let (mut second, mut of_second) = (kafka.join(TOPIC, GROUP).unwrap(), BTreeMap::new());
        tokio::join!(first.until_it_has(2), until_it_has(&mut second, &mut of_second, 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_slowly_holds_the_partition_up_and_loses_nothing() {
    const RECORDS: u64 = 60;
    let kafka = open(1).await;
    for n in 0..RECORDS {
        let mut payload = vec![n as u8; 1 << 20];
        // Nothing that compression makes small.
        payload.iter_mut().zip(0u64..).for_each(|(byte, at)| {
            *byte ^= (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
        });
        Append::append(&kafka, TOPIC, &[keyed(0, payload)]).unwrap();
    }
    let (mut member, mut held) = (kafka.join(TOPIC, GROUP).unwrap(), BTreeMap::new());
    until_it_has(&mut member, &mut held, 1).await;
    let subscription = held.get_mut(&0).unwrap();
    // Far more than is fetched ahead: it was paused before the end was reached, again and again.
    for n in 0..RECORDS {
        let record = patient(subscription.next(1, ALL)).await.unwrap().remove(0);
        assert_eq!((record.offset, record.payload[0], record.payload.len()), (n, n as u8, 1 << 20));
        if n % 16 == 15 {
            patient(subscription.commit(n + 1)).await.unwrap();
        }
    }
    assert_eq!(subscription.lag(), 0);
}

#[tokio::test]
async fn a_topic_that_would_lose_records_is_refused() {
    let mut settings = settings(&broker::address());
    let small = Settings { record_bytes_max: 1 << 20, ..settings.clone() };
    Kafka::open(small).unwrap().prepare(TOPIC).await.unwrap();
    let refused = Kafka::open(settings.clone()).unwrap().prepare(TOPIC).await.unwrap_err();
    assert!(matches!(refused, Error::Unfit { setting: "max.message.bytes", .. }), "{refused}");
    settings.record_bytes_max = 1 << 20;
    Kafka::open(settings).unwrap().prepare(TOPIC).await.unwrap();
}

/// The guarded door of the shared broker, where it is ours.
fn guarded(mechanism: Mechanism, password: &str) -> Option<Settings> {
    let Shared::Ours { broker, ca_pem } = broker::shared() else { return None };
    let mut settings = settings(&broker.secured());
    settings.transport = Transport::Tls(Tls { ca_pem: Some(ca_pem.clone()), identity: None });
    let password = Secret::new(password);
    settings.login = Some(Login { mechanism, user: USER.to_owned(), password });
    Some(settings)
}

#[tokio::test]
async fn a_password_opens_the_way_by_each_mechanism_that_the_broker_has() {
    for mechanism in [Mechanism::Plain, Mechanism::ScramSha256] {
        let Some(settings) = guarded(mechanism, PASSWORD) else { return };
        let kafka = Kafka::open(settings).unwrap();
        kafka.prepare(TOPIC).await.unwrap();
        let kept = Kafka::append(&kafka, TOPIC, &[keyed(1, "in")]).unwrap();
        assert_eq!(kept[0].offset, 0, "{mechanism:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_or_authority_is_said_and_no_secret_is_shown() {
    const WRONG: &str = "a-wrong-password-of-the-tests";
    let Some(settings) = guarded(Mechanism::ScramSha256, WRONG) else { return };
    let shown = format!("{settings:?}");
    assert!(!shown.contains(WRONG) && shown.contains(USER), "{shown}");
    let error = Kafka::open(settings.clone()).unwrap().prepare(TOPIC).await.unwrap_err();
    let (text, debug) = (error.to_string(), format!("{error:?}"));
    assert!(text.contains("uthentication"), "{text}");
    assert!(!text.contains(WRONG) && !debug.contains(WRONG), "{text}");

    let mut stranger = guarded(Mechanism::ScramSha256, PASSWORD).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let ca_pem = Some(other.cert.pem());
    stranger.transport = Transport::Tls(Tls { ca_pem, identity: None });
    let error = Kafka::open(stranger).unwrap().prepare(TOPIC).await.unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");

    let mut broken = settings;
    broken.transport = Transport::Tls(Tls { ca_pem: Some(WRONG.to_owned()), identity: None });
    let error = Kafka::open(broken).err().unwrap();
    assert!(matches!(error, Error::Setting { .. }), "{error}");
    assert!(!error.to_string().contains(WRONG), "{error}");
}
