//! What every client of librdkafka is told, and how its word becomes ours.

use crate::{
    error::Error,
    kafka::settings::{QUEUE_RECORDS_MAX, Settings, Transport},
    sync::lock,
};
use rdkafka::{
    ClientContext,
    config::{ClientConfig, RDKafkaLogLevel},
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
};
use std::{sync::Mutex, time::Duration};

/// How long is waited for the reason of an error.
const EXPLAIN_WAIT: Duration = Duration::from_secs(3);
/// How much of what a client says meanwhile is listened to.
const EXPLAIN_EVENTS_MAX: usize = 64;
/// What is asked of a partition at once.
const FETCH_BYTES: u32 = 1 << 20;
/// Room for what a record has besides its payload: key, headers and frame.
const RECORD_ROOM_BYTES: u32 = 64 << 10;

/// Says in the program's log what librdkafka says, and remembers the last complaint.
#[derive(Default)]
pub(crate) struct Quiet {
    last: Mutex<String>,
}

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        say(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        complain(&error, reason);
        // That all are down is said behind the reason, and is none.
        if code(&error) != Some(RDKafkaErrorCode::AllBrokersDown) {
            reason.clone_into(&mut lock(&self.last));
        }
    }
}

/// Adds to an error why the brokers are silent: whoever asks them with a wrong password hears nothing
/// but that time ran out. Blocks as long as they do.
pub(crate) fn explained(settings: &Settings, error: Error) -> Error {
    let Error::Broker { action, why } = error else { return error };
    let asking: Result<BaseConsumer<Quiet>, _> =
        base(settings).create_with_context(Quiet::default());
    let Ok(asking) = asking else { return Error::Broker { action, why } };
    // What it brings does not matter: meanwhile the client says what it stumbles over.
    let _ = asking.fetch_metadata(None, EXPLAIN_WAIT);
    for _ in 0..EXPLAIN_EVENTS_MAX {
        drop(asking.poll(Duration::ZERO));
    }
    let said = lock(&asking.context().last).clone();
    let why = if said.is_empty() { why } else { format!("{why} ({said})") };
    Error::Broker { action, why }
}

pub(crate) fn say(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => tracing::warn!(facility, "kafka: {message}"),
        RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice => {
            tracing::info!(facility, "kafka: {message}");
        }
        RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
            tracing::debug!(facility, "kafka: {message}");
        }
    }
}

/// Clients mend themselves; who waits for them gets an error of its own.
pub(crate) fn complain(error: &KafkaError, reason: &str) {
    tracing::info!(code = ?code(error), "kafka: {reason}");
}

/// What producers, members, readers and administrators have in common.
pub(crate) fn base(settings: &Settings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", settings.brokers.join(","));
    config.set("client.id", "foreshadow");
    // Without it librdkafka asks a log framework that is not here, and says nothing.
    config.set_log_level(RDKafkaLogLevel::Info);
    // A broker that stands still is given up for another connection after this.
    config.set("socket.timeout.ms", "10000");
    config.set("socket.keepalive.enable", "true");
    config.set("reconnect.backoff.ms", "50");
    config.set("reconnect.backoff.max.ms", "2000");
    let is_encrypted = match &settings.transport {
        Transport::Plain => false,
        Transport::Tls(tls) => {
            if let Some(ca) = &tls.ca_pem {
                config.set("ssl.ca.pem", ca);
            }
            if let Some(identity) = &tls.identity {
                config.set("ssl.certificate.pem", &identity.certificate_pem);
                config.set("ssl.key.pem", identity.key_pem.reveal());
            }
            true
        }
    };
    if let Some(login) = &settings.login {
        config.set("sasl.mechanism", login.mechanism.name());
        config.set("sasl.username", &login.user);
        config.set("sasl.password", login.password.reveal());
    }
    let protocol = match (is_encrypted, settings.login.is_some()) {
        (false, false) => "plaintext",
        (true, false) => "ssl",
        (false, true) => "sasl_plaintext",
        (true, true) => "sasl_ssl",
    };
    config.set("security.protocol", protocol);
    config
}

pub(crate) fn producing(settings: &Settings) -> ClientConfig {
    let mut config = base(settings);
    // Acknowledged by every copy in step; sent again without doubling or changing places.
    config.set("enable.idempotence", "true");
    config.set("acks", "all");
    // What was handed over stays until the broker has said something: given up and sent anew, it
    // could be there twice.
    config.set("message.timeout.ms", "0");
    config.set("compression.type", "zstd");
    config.set("compression.level", "1");
    config.set("linger.ms", "5");
    config.set("batch.size", settings.record_bytes_max.min(1_000_000).to_string());
    config.set("partitioner", "murmur2_random");
    config.set("message.max.bytes", message_bytes_max(settings).to_string());
    config.set("queue.buffering.max.messages", QUEUE_RECORDS_MAX.to_string());
    config.set("queue.buffering.max.kbytes", (settings.queue_bytes_max >> 10).max(1).to_string());
    config
}

/// Reads without a place in a group.
pub(crate) fn reading(settings: &Settings) -> ClientConfig {
    let mut config = base(settings);
    config.set("group.id", settings.full_name("reader"));
    config.set("enable.auto.commit", "false");
    config.set("enable.auto.offset.store", "false");
    config.set("enable.partition.eof", "false");
    config.set("auto.offset.reset", "error");
    config.set("allow.auto.create.topics", "false");
    config.set("fetch.message.max.bytes", FETCH_BYTES.to_string());
    // The client refuses less than its own idea of a message, however short records are here.
    config.set("fetch.max.bytes", message_bytes_max(settings).max(FETCH_BYTES).to_string());
    config.set(
        "receive.message.max.bytes",
        (settings.record_bytes_max.saturating_mul(2)).max(100_000_000).to_string(),
    );
    // Kept in memory ahead of who reads.
    config.set("queued.max.messages.kbytes", "16384");
    config.set("fetch.wait.max.ms", "100");
    config
}

/// Reads as a member of `group`.
pub(crate) fn sharing(settings: &Settings, group: &str) -> ClientConfig {
    let mut config = reading(settings);
    config.set("group.id", settings.full_name(group));
    // A hole is seen by its offsets, and told.
    config.set("auto.offset.reset", "earliest");
    // Only partitions that change hands are stopped.
    config.set("partition.assignment.strategy", "cooperative-sticky");
    let session_ms = settings.session.as_millis();
    config.set("session.timeout.ms", session_ms.to_string());
    config.set("heartbeat.interval.ms", (session_ms / 10).max(1).to_string());
    config.set("max.poll.interval.ms", (session_ms * 10).to_string());
    config.set("statistics.interval.ms", "1000");
    config
}

/// What a topic has to take in one piece, so that the longest record passes with what it has besides.
pub(crate) fn message_bytes_max(settings: &Settings) -> u32 {
    settings.record_bytes_max.saturating_add(RECORD_ROOM_BYTES)
}

/// The code of an error, where it has one.
pub(crate) fn code(error: &KafkaError) -> Option<RDKafkaErrorCode> {
    error.rdkafka_error_code()
}

/// An error of the broker's, or of the way to it. Of a setting it names the key and not the value.
pub(crate) fn failed(action: &'static str) -> impl FnOnce(KafkaError) -> Error {
    move |error| match error {
        KafkaError::ClientConfig(_, why, key, _) => Error::Setting { key, why },
        KafkaError::ClientCreation(why) => Error::Setting { key: "kafka".to_owned(), why },
        error => {
            let why = match code(&error) {
                Some(code) => code.to_string(),
                None => error.to_string(),
            };
            Error::Broker { action, why }
        }
    }
}
