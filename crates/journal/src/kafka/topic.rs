//! Topics: created as they are needed, or held against what they must keep.

use crate::{
    error::{Error, Result},
    kafka::{
        ANSWER_WAIT,
        client::{Quiet, failed, message_bytes_max},
        settings::{Settings, TopicSettings},
    },
};
use rdkafka::{
    admin::{
        AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
    },
    client::Client,
    types::RDKafkaErrorCode,
};
use std::{ops::Range, time::Duration};
use tokio::time::Instant;

/// How often is looked whether a topic is there.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Leaves the number of copies to the cluster.
const REPLICATION_USUAL: i32 = -1;

pub(crate) async fn prepare(
    admin: &AdminClient<Quiet>,
    settings: &Settings,
    topic: &str,
) -> Result<()> {
    let name = settings.full_name(topic);
    let created = create(admin, settings, &name).await?;
    appear(admin, &name).await?;
    match created {
        Created::Now => Ok(()),
        Created::Before => check(admin, settings, &name).await,
    }
}

/// Waits until the brokers know the topic, which they hear of from their controller, and lead it.
async fn appear(admin: &AdminClient<Quiet>, name: &str) -> Result<()> {
    let deadline = Instant::now() + ANSWER_WAIT;
    loop {
        match leaders(admin.inner(), name) {
            Ok(leaders) if leaders.iter().all(|leader| *leader >= 0) => return Ok(()),
            Err(error) if Instant::now() >= deadline => return Err(error),
            // Who sends waits for a leader by itself.
            Ok(_) if Instant::now() >= deadline => return Ok(()),
            Ok(_) | Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

enum Created {
    Now,
    /// It was there, or making it is not ours to do.
    Before,
}

async fn create(admin: &AdminClient<Quiet>, settings: &Settings, name: &str) -> Result<Created> {
    let TopicSettings { partitions, replication, retention, retention_bytes } = settings.topic;
    let copies = replication.map_or(REPLICATION_USUAL, i32::from);
    let in_step = replication.unwrap_or(1).saturating_sub(1).max(1).to_string();
    let message_bytes_max = message_bytes_max(settings).to_string();
    let retention_ms = retention.as_millis().to_string();
    let retention_bytes =
        retention_bytes.map_or_else(|| "-1".to_owned(), |bytes| bytes.to_string());
    let mut topic = NewTopic::new(name, i32::from(partitions), TopicReplication::Fixed(copies))
        .set("cleanup.policy", "delete")
        // The brokers' time. By a proxy's, a clock that is an hour ahead would have its records refused,
        // and one that is days behind would have them deleted early.
        .set("message.timestamp.type", "LogAppendTime")
        .set("max.message.bytes", &message_bytes_max)
        .set("retention.ms", &retention_ms)
        .set("retention.bytes", &retention_bytes);
    if replication.is_some() {
        topic = topic.set("min.insync.replicas", &in_step);
    }
    let options =
        AdminOptions::new().request_timeout(Some(ANSWER_WAIT)).operation_timeout(Some(ANSWER_WAIT));
    let made = admin.create_topics([&topic], &options).await.map_err(failed("create a topic"))?;
    match made.into_iter().next() {
        Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(Created::Before),
        Some(Err((
            _,
            RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed,
        ))) => Ok(Created::Before),
        Some(Err((_, code))) => {
            Err(Error::Broker { action: "create a topic", why: format!("{name}: {code}") })
        }
        Some(Ok(_)) | None => Ok(Created::Now),
    }
}

/// Refuses a topic that forgets records by their key, or does not take the longest of them.
async fn check(admin: &AdminClient<Quiet>, settings: &Settings, name: &str) -> Result<()> {
    let options = AdminOptions::new().request_timeout(Some(ANSWER_WAIT));
    let asked = [ResourceSpecifier::Topic(name)];
    let told = admin.describe_configs(&asked, &options).await;
    let told = told.map_err(failed("ask how a topic is set up"))?;
    let resource = match told.into_iter().next() {
        Some(Ok(resource)) => resource,
        Some(Err(code)) => {
            // Whoever may only append learns what is wrong when something is refused.
            tracing::warn!(topic = name, %code, "the topic's settings cannot be asked for");
            return Ok(());
        }
        None => return Ok(()),
    };
    let policy = value(&resource, "cleanup.policy");
    if policy != "delete" {
        return Err(unfit(name, "cleanup.policy", policy, "delete".to_owned()));
    }
    let bytes_max = value(&resource, "max.message.bytes");
    let least = message_bytes_max(settings);
    if bytes_max.parse().is_ok_and(|found: u64| found < u64::from(least)) {
        let wanted = format!("at least {least}");
        return Err(unfit(name, "max.message.bytes", bytes_max, wanted));
    }
    Ok(())
}

fn value<'r>(resource: &'r ConfigResource, name: &str) -> &'r str {
    resource.get(name).and_then(|entry| entry.value.as_deref()).unwrap_or_default()
}

fn unfit(topic: &str, setting: &'static str, found: &str, wanted: String) -> Error {
    Error::Unfit { topic: topic.to_owned(), setting, found: found.to_owned(), wanted }
}

pub(crate) fn partitions(client: &Client<Quiet>, name: &str) -> Result<u32> {
    Ok(u32::try_from(leaders(client, name)?.len()).unwrap_or(u32::MAX))
}

/// The leader of each partition; negative where there is none at present.
fn leaders(client: &Client<Quiet>, name: &str) -> Result<Vec<i32>> {
    let told = client.fetch_metadata(Some(name), ANSWER_WAIT);
    let told = told.map_err(failed("ask for a topic's partitions"))?;
    let topic = told.topics().iter().find(|topic| topic.name() == name);
    let partitions = topic.map_or(&[][..], |topic| topic.partitions());
    if partitions.is_empty() {
        let why = format!("there is no topic {name}");
        return Err(Error::Broker { action: "ask for a topic's partitions", why });
    }
    Ok(partitions.iter().map(|partition| partition.leader()).collect())
}

pub(crate) fn kept(client: &Client<Quiet>, name: &str, partition: u32) -> Result<Range<u64>> {
    let number = i32::try_from(partition).unwrap_or(i32::MAX);
    let told = client.fetch_watermarks(name, number, ANSWER_WAIT);
    let (start, end) = told.map_err(failed("ask for a partition's offsets"))?;
    let offset = |offset: i64| u64::try_from(offset).unwrap_or_default();
    Ok(offset(start)..offset(end))
}
