//! How Kafka is reached, and what is asked of it.

use std::{fmt, time::Duration};

/// The longest record, unless settings say otherwise: a call and a reply of 8 MiB each, and what an
/// exchange has besides.
pub const RECORD_BYTES_MAX_USUAL: u32 = 17 << 20;
/// Records that may wait in the producer's queue.
pub(crate) const QUEUE_RECORDS_MAX: u32 = 100_000;

/// Everything about one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where to begin, as `HOST:PORT`.
    pub brokers: Vec<String>,
    /// What the names of topics and groups begin with, so that several deployments share a cluster.
    pub prefix: String,
    /// Whether the way there is encrypted.
    pub transport: Transport,
    /// Who comes; `None` says nothing.
    pub login: Option<Login>,
    /// What topics are created with.
    pub topic: TopicSettings,
    /// The longest record that is sent; a topic that takes less is refused.
    pub record_bytes_max: u32,
    /// Bytes that may wait in the producer's queue.
    pub queue_bytes_max: u32,
    /// How long an append waits for the broker's word.
    pub patience: Duration,
    /// How long a member of a group may be silent before others get its partitions.
    pub session: Duration,
}

/// What topics are created with. Of one that is there, only what would lose records is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicSettings {
    /// How many workers can share it.
    pub partitions: u16,
    /// Copies of each partition; `None` leaves it to the cluster. One fewer must have a record before
    /// it is acknowledged, so that one broker may be away.
    pub replication: Option<u16>,
    /// How long records are kept.
    pub retention: Duration,
    /// Bytes that a partition keeps at most; `None` keeps by time alone.
    pub retention_bytes: Option<u64>,
}

/// Whether the way to the brokers is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Readable by whoever is on the way.
    Plain,
    /// By TLS; the brokers' certificates are checked, also for their names.
    Tls(Tls),
}

/// Certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// The authorities that brokers are trusted by, in PEM; `None` leaves it to the system's.
    pub ca_pem: Option<String>,
    /// What we show in turn, where brokers ask for it.
    pub identity: Option<Identity>,
}

/// A certificate of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, and those between it and its authority, in PEM.
    pub certificate_pem: String,
    /// Its key, in PEM.
    pub key_pem: Secret,
}

/// A name and a password, by SASL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// How the password is proved.
    pub mechanism: Mechanism,
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// How a password is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// It is sent as it is: only with TLS, unless one trusts the network.
    Plain,
    /// By SCRAM with SHA-256, which does not send it.
    ScramSha256,
    /// By SCRAM with SHA-512, which does not send it.
    ScramSha512,
}

impl Mechanism {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Plain, Self::ScramSha256, Self::ScramSha512];

    /// The name that brokers know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl Settings {
    /// These brokers, without TLS and without a password, and everything else as is usual.
    pub fn new(brokers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            brokers: brokers.into_iter().map(Into::into).collect(),
            prefix: "foreshadow".to_owned(),
            transport: Transport::Plain,
            login: None,
            topic: TopicSettings::default(),
            record_bytes_max: RECORD_BYTES_MAX_USUAL,
            queue_bytes_max: 64 << 20,
            patience: Duration::from_secs(10),
            session: Duration::from_secs(30),
        }
    }

    pub(crate) fn full_name(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }
}

impl Default for TopicSettings {
    fn default() -> Self {
        Self {
            partitions: 12,
            replication: None,
            retention: Duration::from_secs(7 * 24 * 3_600),
            retention_bytes: None,
        }
    }
}
