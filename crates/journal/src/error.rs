//! What can go wrong with the journal, and what to do about it.

use std::{io, path::PathBuf};

/// An error of the journal. The fault is always on our side of the wire, never the caller's; no
/// error leaves the journal unusable: once its cause is gone, the next call works again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has the folder.
    #[error(
        "journal folder {dir} is in use by process {holder}: stop that process, or choose another data folder"
    )]
    Locked {
        /// The journal's folder.
        dir: PathBuf,
        /// The process id that the holder left there.
        holder: String,
    },
    /// The topic is at its limit with records that not every group has consumed.
    #[error(
        "journal topic {topic} is full: {bytes} of {bytes_max} bytes and {records} records kept, slowest group: {slowest}; let its worker catch up, forget the group, or raise the journal's limits"
    )]
    Full {
        /// The topic.
        topic: String,
        /// What the topic holds on disk.
        bytes: u64,
        /// What it may hold.
        bytes_max: u64,
        /// How many records it holds.
        records: u64,
        /// The group that has consumed least, or that there is none.
        slowest: String,
    },
    /// A record, or a group of records, is too long to be appended at all.
    #[error(
        "{bytes} bytes are too long for {what} of the journal, which may have {bytes_max}: split or cut it"
    )]
    TooLong {
        /// A record or an append.
        what: &'static str,
        /// Its length.
        bytes: u64,
        /// The longest that is taken.
        bytes_max: u64,
    },
    /// The disk is full, or failed.
    #[error(
        "cannot {action} {path}: {source}; free space or mend the disk: the journal goes on without a restart"
    )]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Records are on disk, but not as they were written.
    #[error(
        "journal topic {topic} is damaged from offset {from} to {next}: restore the disk, or seek to {next} to go on without these records"
    )]
    Damaged {
        /// The topic.
        topic: String,
        /// The first record that cannot be read.
        from: u64,
        /// Where reading can go on.
        next: u64,
    },
    /// The records asked for were trimmed.
    #[error("journal topic {topic} begins at offset {start}, after {asked}: read on from there")]
    Trimmed {
        /// The topic.
        topic: String,
        /// The offset asked for.
        asked: u64,
        /// The oldest offset that is kept.
        start: u64,
    },
    /// A position behind the last record.
    #[error(
        "journal topic {topic} ends at offset {end}, before {asked}: commit only what was read"
    )]
    BeyondEnd {
        /// The topic.
        topic: String,
        /// The offset asked for.
        asked: u64,
        /// The next offset to be given.
        end: u64,
    },
    /// A topic or group name that cannot be a file name everywhere.
    #[error("{name:?} cannot name a topic or group: use 1 to 64 of a-z, 0-9, - and _")]
    Name {
        /// The name.
        name: String,
    },
    /// A partition that the topic does not have.
    #[error("journal topic {topic} has no partition {partition}")]
    Partition {
        /// The topic.
        topic: String,
        /// The partition asked for.
        partition: u32,
    },
    /// Topics without the id of their journal.
    #[error(
        "{path} does not hold the journal's id: restore the journal's folder as a whole, or move it away to begin another"
    )]
    Identity {
        /// The file that should hold it.
        path: PathBuf,
    },
    /// More topics or groups than the journal keeps.
    #[error("the journal keeps at most {max} {what}: forget one first")]
    TooMany {
        /// Topics or groups.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// A topic has no offsets left. Nobody has written so much: its files are not what they were.
    #[error(
        "journal topic {topic} ends at offset {end}, behind which there is none: begin another journal folder"
    )]
    Ended {
        /// The topic.
        topic: String,
        /// Its end.
        end: u64,
    },
    /// The brokers are away, refuse, or say nothing.
    #[error(
        "cannot {action}: {why}; see that the brokers of the pipeline's [journal] are up and let us in: it goes on by itself"
    )]
    Broker {
        /// What was tried.
        action: &'static str,
        /// What the broker or the client library said.
        why: String,
    },
    /// A setting that the client library cannot use.
    #[error("kafka setting {key}: {why}; correct it in the pipeline's [journal]")]
    Setting {
        /// Its name there; never its value, which may be a secret.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// A topic that would lose or refuse records.
    #[error(
        "kafka topic {topic} has {setting} = {found:?}, and needs {wanted}: alter the topic, or choose another prefix"
    )]
    Unfit {
        /// The topic, as the cluster knows it.
        topic: String,
        /// The topic's setting.
        setting: &'static str,
        /// What it is.
        found: String,
        /// What it has to be.
        wanted: String,
    },
    /// The brokers did not acknowledge in time.
    #[error(
        "kafka did not acknowledge all of {records} records for {topic} in time: they may be kept all the same; see that enough copies of the topic are in step"
    )]
    Unacknowledged {
        /// The topic.
        topic: String,
        /// How many were handed over together.
        records: usize,
    },
    /// A payload too long for the brokers cannot be left outside, or fetched from there.
    #[error(
        "a payload that lies outside the brokers cannot be {action}: {why}; see that the data folder or bucket can be written and read: it goes on by itself"
    )]
    Outside {
        /// What was tried.
        action: &'static str,
        /// What the store said.
        why: String,
    },
    /// Some of the records were not taken; the others are kept, or will be.
    #[error("{} records of an append were not taken: {source}", lost.len())]
    Partly {
        /// Those that were not, by their place among the records of the append, ascending.
        lost: Vec<usize>,
        /// Why.
        source: Box<Error>,
    },
    /// Another member of the group reads the partition now.
    #[error(
        "partition {partition} of {topic} was given to another worker: leave it, and wait to be given it again"
    )]
    Taken {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
    },
    /// A place of the topic of dead letters without a letter.
    #[error("there is no dead letter at offset {offset} of partition {partition}: list them first")]
    NoLetter {
        /// The partition.
        partition: u32,
        /// The offset.
        offset: u64,
    },
    /// The runtime was shut down first.
    #[error("the journal was closed before this was done: start again")]
    Closed,
}

impl Error {
    /// Which of the records of an append that ended so were not taken, by their place.
    pub fn lost(&self, records: usize) -> Vec<usize> {
        if let Self::Partly { lost, .. } = self { lost.clone() } else { (0..records).collect() }
    }

    /// A short word for counters.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "locked",
            Self::Full { .. } => "full",
            Self::TooLong { .. } => "too_long",
            Self::Disk { .. } => "disk",
            Self::Damaged { .. } => "damaged",
            Self::Trimmed { .. } => "trimmed",
            Self::BeyondEnd { .. } => "beyond_end",
            Self::Name { .. } => "name",
            Self::Partition { .. } => "partition",
            Self::Identity { .. } => "identity",
            Self::TooMany { .. } => "too_many",
            Self::Ended { .. } => "ended",
            Self::Broker { .. } => "broker",
            Self::Setting { .. } => "setting",
            Self::Unfit { .. } => "unfit",
            Self::Unacknowledged { .. } => "unacknowledged",
            Self::Outside { .. } => "outside",
            Self::Partly { source, .. } => source.reason(),
            Self::Taken { .. } => "taken",
            Self::NoLetter { .. } => "no_letter",
            Self::Closed => "closed",
        }
    }

    /// Whether the same call can succeed later without a change to it.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Locked { .. }
            | Self::Full { .. }
            | Self::Disk { .. }
            | Self::Broker { .. }
            | Self::Outside { .. }
            | Self::Unacknowledged { .. } => true,
            Self::Partly { source, .. } => source.is_retryable(),
            Self::TooLong { .. }
            | Self::Damaged { .. }
            | Self::Trimmed { .. }
            | Self::BeyondEnd { .. }
            | Self::Name { .. }
            | Self::Partition { .. }
            | Self::Identity { .. }
            | Self::TooMany { .. }
            | Self::Ended { .. }
            | Self::Setting { .. }
            | Self::Unfit { .. }
            | Self::Taken { .. }
            | Self::NoLetter { .. }
            | Self::Closed => false,
        }
    }
}

/// The journal's results.
pub type Result<T> = std::result::Result<T, Error>;

/// Says what was tried on which path when the system fails.
pub(crate) fn disk(
    action: &'static str,
    path: impl Into<PathBuf>,
) -> impl FnOnce(io::Error) -> Error {
    let path = path.into();
    move |source| Error::Disk { action, path, source }
}
