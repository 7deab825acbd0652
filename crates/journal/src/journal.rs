//! The journal of one folder: its topics, its limits and its lock.

use crate::{
    error::{Error, Result, disk},
    identity,
    log::{Append, Log},
    membership::Membership,
    record::{Entry, Position, Record},
    segment::sync_folder,
    subscription::Subscription,
    sync::lock,
    topic::Topic,
};
use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions, TryLockError},
    io::Write,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

/// The one partition that a topic has here; a receipt that names partitions names this one.
pub const PARTITION: u32 = 0;
/// The longest record.
pub const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The longest single append, records and frame together.
pub const APPEND_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// The most topics of a journal.
pub const TOPICS_MAX: usize = 64;
/// The most groups of a topic.
pub const GROUPS_MAX: usize = 64;

const LOCK_FILE: &str = "LOCK";
const NAME_BYTES_MAX: usize = 64;
const SEGMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// A topic at its limit has about this many segments, so that trimming frees a small part of it …
const SEGMENTS_WANTED: u64 = 16;
/// … and not many more, since each keeps a file open.
const SEGMENTS_MAX: u64 = 256;

/// How much a topic keeps. Each topic has these limits for itself: a full one fills no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a topic on disk. Past it consumed records are trimmed, and when nothing
    /// more can be trimmed, appending fails with `Error::Full`.
    pub bytes_max: u64,
    /// The most records of a topic, if they are to be limited too.
    pub records_max: Option<u64>,
    /// How many bytes of records that every group has consumed are kept for a late reader, as long
    /// as there is room. Trimming goes by segment, a sixteenth of `bytes_max`.
    pub consumed_bytes_max: u64,
}

impl Limits {
    /// Limits of `bytes_max` bytes, any number of records, and no consumed segment kept.
    pub fn bytes(bytes_max: u64) -> Self {
        Self { bytes_max, records_max: None, consumed_bytes_max: 0 }
    }

    pub(crate) fn segment_bytes_max(&self) -> u64 {
        (self.bytes_max / SEGMENTS_WANTED)
            .min(SEGMENT_BYTES_MAX)
            .max(self.bytes_max / SEGMENTS_MAX)
            .max(1)
    }

    /// The bytes of an append, if it could ever be taken.
    pub(crate) fn check(&self, records: &[impl AsRef<[u8]>], bytes: u64) -> Result<u64> {
        let longest = records.iter().map(|record| record.as_ref().len()).max().unwrap_or(0);
        if longest > RECORD_BYTES_MAX {
            let (bytes, bytes_max) = (longest as u64, RECORD_BYTES_MAX as u64);
            return Err(Error::TooLong { what: "a record", bytes, bytes_max });
        }
        let bytes_max = self.bytes_max.min(APPEND_BYTES_MAX);
        if bytes > bytes_max {
            return Err(Error::TooLong { what: "one append", bytes, bytes_max });
        }
        Ok(bytes)
    }
}

/// An open journal. Clones share it; the folder is free again when the last one is dropped.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    id: String,
    limits: Limits,
    topics: Mutex<BTreeMap<String, Arc<Topic>>>,
    /// Held for its lock, which the system releases however the process ends.
    lock: File,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Closing is not enough: a process being started just now may hold a copy of the file.
        let _ = self.lock.unlock();
    }
}

impl Journal {
    /// Opens the journal in `dir`, or begins one, for this process alone.
    pub fn open(dir: impl AsRef<Path>, limits: Limits) -> Result<Self> {
        let dir = dir.as_ref().to_path_buf();
        std::fs::create_dir_all(&dir).map_err(disk("create", &dir))?;
        if !dir.join(LOCK_FILE).exists() {
            sync_ancestors(&dir);
        }
        let lock = take_lock(&dir)?;
        let names = topic_names(&dir)?;
        let id = identity::open(&dir, &names)?;
        let mut topics = BTreeMap::new();
        for name in names {
            let topic = Topic::open(dir.join(&name), &name, limits)?;
            topics.insert(name, Arc::new(topic));
        }
        let inner = Inner { dir, id, limits, topics: Mutex::new(topics), lock };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Which journal this is: random, made with its folder, the same for as long as that lasts.
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// Appends `records` as one group: all of them or, on an error, none. Returns their offsets
    /// once they are on disk. Blocks for one sync: gather records.
    pub fn append(&self, topic: &str, records: &[impl AsRef<[u8]>]) -> Result<Range<u64>> {
        self.topic(topic)?.append(records)
    }

    /// Reads from offset `from` what is there, up to the limits but at least one record; nothing
    /// at the end of the topic. Does not wait.
    pub fn read(
        &self,
        topic: &str,
        from: u64,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Record>> {
        self.topic(topic)?.read(from, records_max, bytes_max)
    }

    /// Waits until there is a record at or behind offset `after`, and returns the topic's end.
    pub async fn wait(&self, topic: &str, after: u64) -> Result<u64> {
        Ok(self.topic(topic)?.wait(after).await)
    }

    /// Makes `group` known and reads on from where it committed, or from the oldest record. From
    /// now on nothing that the group has not committed is trimmed.
    pub fn subscribe(&self, topic: &str, group: &str) -> Result<Subscription> {
        check_name(group)?;
        let topic = self.topic(topic)?;
        let position = topic.join(group)?;
        Ok(Subscription::new(self.clone(), topic, group, position))
    }

    /// Moves `group` to `next`, the first offset that it has not consumed; also backwards, to have
    /// records delivered again.
    pub fn commit(&self, topic: &str, group: &str, next: u64) -> Result<()> {
        check_name(group)?;
        self.topic(topic)?.commit(group, next)
    }

    /// The first offset that `group` has not consumed; the topic's start for an unknown group.
    pub fn committed(&self, topic: &str, group: &str) -> Result<u64> {
        let topic = self.topic(topic)?;
        Ok(topic.committed(group).unwrap_or_else(|| topic.start()))
    }

    /// Forgets `group`, so that it no longer keeps records from being trimmed.
    pub fn forget(&self, topic: &str, group: &str) -> Result<()> {
        check_name(group)?;
        self.topic(topic)?.forget(group)
    }

    /// The oldest offset that is kept.
    pub fn start(&self, topic: &str) -> Result<u64> {
        Ok(self.topic(topic)?.start())
    }

    /// The next offset to be given.
    pub fn end(&self, topic: &str) -> Result<u64> {
        Ok(self.topic(topic)?.end())
    }

    /// Gives no offset before `next`: for a folder that came back from an older copy, whose next
    /// offsets were given to other records in the time that it forgot. Nothing happens where the
    /// topic ends there or later. Returns whether it moved.
    pub fn skip(&self, topic: &str, next: u64) -> Result<bool> {
        self.topic(topic)?.skip(next)
    }

    /// What the topic takes on disk.
    pub fn bytes(&self, topic: &str) -> Result<u64> {
        Ok(self.topic(topic)?.bytes())
    }

    /// The topic, begun if it is new.
    fn topic(&self, name: &str) -> Result<Arc<Topic>> {
        let mut topics = lock(&self.inner.topics);
        if let Some(topic) = topics.get(name) {
            return Ok(Arc::clone(topic));
        }
        check_name(name)?;
        if topics.len() >= TOPICS_MAX {
            return Err(Error::TooMany { what: "topics", max: TOPICS_MAX });
        }
        let topic = Arc::new(Topic::open(self.inner.dir.join(name), name, self.inner.limits)?);
        topics.insert(name.to_owned(), Arc::clone(&topic));
        Ok(topic)
    }
}

impl Append for Journal {
    fn append(&self, topic: &str, entries: &[Entry]) -> Result<()> {
        Self::append(self, topic, entries).map(drop)
    }
}

impl Log for Journal {
    fn id(&self) -> Result<String> {
        Ok(self.inner.id.clone())
    }

    fn partitions(&self, topic: &str) -> Result<u32> {
        self.topic(topic).map(|_| PARTITION + 1)
    }

    fn kept(&self, topic: &str, partition: u32) -> Result<Range<u64>> {
        check_partition(topic, partition)?;
        let topic = self.topic(topic)?;
        Ok(topic.start()..topic.end())
    }

    fn read(
        &self,
        topic: &str,
        from: Position,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Record>> {
        check_partition(topic, from.partition)?;
        Self::read(self, topic, from.offset, records_max, bytes_max)
    }

    fn join(&self, topic: &str, group: &str) -> Result<Membership> {
        Ok(Membership::embedded(self.subscribe(topic, group)?))
    }
}

fn check_partition(topic: &str, partition: u32) -> Result<()> {
    match partition {
        PARTITION => Ok(()),
        partition => Err(Error::Partition { topic: topic.to_owned(), partition }),
    }
}

/// Makes the folder's own name durable: records in a folder that a power cut takes back are lost.
/// Folders above it that may not be read were not made by us.
fn sync_ancestors(dir: &Path) {
    if let Ok(dir) = dir.canonicalize() {
        for ancestor in dir.ancestors().skip(1) {
            let _ = sync_folder(ancestor);
        }
    }
}

fn take_lock(dir: &Path) -> Result<File> {
    let path = dir.join(LOCK_FILE);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(disk("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = std::fs::read_to_string(&path).unwrap_or_default();
            return Err(Error::Locked { dir: dir.to_path_buf(), holder: holder.trim().to_owned() });
        }
        Err(TryLockError::Error(source)) => return Err(disk("lock", path)(source)),
    }
    // The holder's id only serves the message above: a full disk must not keep us from opening.
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

fn topic_names(dir: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(disk("list", dir))? {
        let entry = entry.map_err(disk("list", dir))?;
        let name = entry.file_name().into_string().unwrap_or_default();
        if entry.path().is_dir() && check_name(&name).is_ok() {
            names.push(name);
        }
    }
    Ok(names)
}

pub(crate) fn check_name(name: &str) -> Result<()> {
    let known =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(known) {
        return Ok(());
    }
    Err(Error::Name { name: name.to_owned() })
}
