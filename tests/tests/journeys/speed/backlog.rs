//! A backlog of any length: what a proxy mirrored, over and over under other names.

use crate::{deployment::Deployment, kafka};
use bytes::Bytes;
use exchange::{Event, Exchange, ExchangeId};
use journal::{
    Append, Change, Entry, Log,
    kafka::{Kafka, Settings},
};

const TOPIC: &str = "exchanges";
/// Whoever reads what the proxy mirrored is no worker.
const GROUP: &str = "copyist";
/// What the mirror appends at once under load.
const GROUP_MAX: usize = 1_024;

/// Appends copies of the `mirrored` exchanges, each of a conversation of its own, until there are `calls`.
pub(super) async fn multiply(deployment: &Deployment, mirrored: u64, calls: u64) {
    let mut settings = Settings::new([kafka::said(deployment, "brokers")]);
    settings.prefix = kafka::said(deployment, "prefix");
    settings.topic.partitions = 1;
    let kafka = Kafka::open(settings).unwrap();
    let originals = originals(&kafka, usize::try_from(mirrored).unwrap()).await;
    let numbers: Vec<u64> = (mirrored..calls).collect();
    for some in numbers.chunks(GROUP_MAX) {
        let copies = some.iter().map(|number| copy(&originals, *number));
        Append::append(&kafka, TOPIC, &copies.collect::<Vec<_>>()).unwrap();
    }
}

async fn originals(kafka: &Kafka, count: usize) -> Vec<Exchange> {
    let mut member = kafka.join(TOPIC, GROUP).unwrap();
    let Change::Given(mut partition) = member.changed().await.unwrap() else {
        panic!("nobody else is there")
    };
    let mut originals = Vec::new();
    while originals.len() < count {
        for record in partition.next(count, usize::MAX).await.unwrap() {
            if let Event::Exchange(exchange) = Event::from_bytes(record.payload).unwrap() {
                originals.push(*exchange);
            }
        }
    }
    originals
}

fn copy(originals: &[Exchange], number: u64) -> Entry {
    let mut exchange = originals[usize::try_from(number).unwrap() % originals.len()].clone();
    exchange.id = ExchangeId::new(exchange.observed_at, u128::from(number));
    exchange.origin.proxy_instance = "copies".to_owned();
    exchange.origin.offer_seq = number;
    exchange.conversation.key = format!("{}-{number}", exchange.conversation.key);
    let key = Bytes::copy_from_slice(exchange.conversation.key.as_bytes());
    Entry { key, payload: Event::Exchange(Box::new(exchange)).to_bytes().unwrap() }
}
